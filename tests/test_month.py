"""What a fleet mints over days, beside the least that would have been enough.

``nox -s month`` runs a hundred workers for a month.
"""

from __future__ import annotations

import pytest

from simulation.month import HOUR, LIFETIMES, TRAFFIC, least, month


@pytest.mark.parametrize("lifetime", LIFETIMES.values(), ids=LIFETIMES)
@pytest.mark.parametrize("when", TRAFFIC)
def test_it_mints_hardly_more_than_it_must(when: str, lifetime: float) -> None:
    """Four days of ten workers who are replaced each morning."""
    bill = month(lifetime, TRAFFIC[when], workers=10, days=4)
    assert 4 <= bill.least <= bill.minted <= max(bill.least * 1.03, bill.least + 1)


def test_the_least_is_the_least() -> None:
    """A token is minted when one is needed and none lives."""
    assert 0 == least([], HOUR)
    assert 2 == least([0.0, 1.0, HOUR - 1, HOUR, HOUR + 1], HOUR)
    assert 3 == least([0.0, 2 * HOUR, 4 * HOUR], HOUR)
