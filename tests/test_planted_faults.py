"""The simulation can fail: each of these common mistakes, planted in the code, breaks a promise."""

from __future__ import annotations

import pytest

from simulation.faults import FAULTS, Fault
from simulation.run import simulate

SEEDS = range(1, 61)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_judge_finds_it(fault: Fault) -> None:
    """Within a few runs a promise is broken, and without the fault it is not in the same run."""
    with fault.planted():
        broken = next((seed for seed in SEEDS if simulate(seed, fault.world).violations), None)
    assert broken is not None
    assert () == simulate(broken, fault.world).violations
