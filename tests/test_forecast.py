"""Will the budget last? Told before it is spent, and only if it will not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from making import make_mint, utc
from mintonce import Budget
from mintonce.forecast import Forecast, forecast
from mintonce.ledger import Ledger, Mint
from mintonce.spending import reserve

HOUR, DAY = 3600.0, 86_400.0
START = utc(2026, 6, 11)  # 20 days before the end of June
JULY = utc(2026, 7, 1)


def ledger_of(*mints: Mint, used: int = 0) -> Ledger:
    """A ledger that knows these mints, and counts more that nobody remembers."""
    ledger = Ledger(counts=((int(START) - 1000, used),))
    for mint in mints:
        ledger = reserve(ledger, [], mint) or ledger
    return ledger


def minted(number: int = 1, *, at: float = START, lifetime: float = DAY, key: str = "a") -> Mint:
    """A mint that brought a token."""
    return make_mint(number, at=at, key=key, outcome="minted", lifetime=lifetime)


def test_a_budget_that_lasts() -> None:
    """A token a day: 19 more are needed after the one in hand, and 900 are left."""
    assert Forecast(19, 900, None) == forecast(
        ledger_of(minted(), used=99), Budget(1000, per="month"), START
    )


def test_a_budget_that_will_not_last() -> None:
    """An hour each: 479 needed in 20 days, 100 left, so it runs out in 101 hours."""
    assert Forecast(479, 100, START + 101 * HOUR) == forecast(
        ledger_of(minted(lifetime=HOUR), used=899), Budget(1000, per="month"), START
    )


@pytest.mark.parametrize("lifetime", [5e-324, 1e-300, 0.5])
def test_a_lifetime_that_makes_no_sense(lifetime: float) -> None:
    """Whoever wrote it to the store, it counts as a second."""
    odd = replace(ledger_of(minted(at=START + 10, lifetime=lifetime)), latest=START)
    found = forecast(odd, Budget(1000, per="hour"), START)
    assert found
    assert 3580 < found.needed <= 3600


def test_a_budget_that_just_lasts_is_no_cause_for_alarm() -> None:
    """The token at hand counts: as many are left as there are days after it."""
    ledger = ledger_of(minted(), used=11)
    assert Forecast(19, 19, None) == forecast(ledger, Budget(31, per="month"), START)
    assert Forecast(19, 18, START + 19 * DAY) == forecast(ledger, Budget(30, per="month"), START)


def test_a_spent_budget_runs_out_when_the_token_at_hand_does() -> None:
    """Until then nobody is in need."""
    ledger = ledger_of(minted(), used=50)
    assert Forecast(19, 0, START + DAY) == forecast(ledger, Budget(10, per="month"), START + HOUR)


def test_a_token_that_outlives_the_window_needs_nothing() -> None:
    """Also where the budget is spent."""
    ledger = ledger_of(minted(lifetime=30 * DAY), used=50)
    assert Forecast(0, 0, None) == forecast(ledger, Budget(10, per="month"), START)


def test_each_token_in_use_needs_its_own() -> None:
    """Two audiences share the budget; each is renewed at its pace."""
    ledger = ledger_of(minted(1), minted(2, lifetime=DAY / 2, key="b"), used=98)
    assert Forecast(19 + 39, 900, None) == forecast(ledger, Budget(1000, per="month"), START)
    tight = forecast(ledger, Budget(115, per="month"), START)
    assert tight is not None
    assert (58, 15) == (tight.needed, tight.left)
    # Two come with the first expiries, then three a day.
    assert tight.runs_out_at == pytest.approx(START + DAY * (15 + 1 + 1) / 3)


def test_the_moment_is_never_after_the_window() -> None:
    """The even pace of two tokens, of which one asks for nothing in it, would point beyond."""
    outlives = ledger_of(
        minted(1, lifetime=19 * DAY), minted(2, lifetime=30 * DAY, key="b"), used=8
    )
    assert Forecast(1, 0, JULY) == forecast(outlives, Budget(10, per="month"), START)


def test_the_newest_token_of_a_key_tells_its_pace() -> None:
    """The server has changed the lifetime."""
    ledger = ledger_of(minted(1, at=START - 1, lifetime=60), minted(2, lifetime=DAY))
    assert Forecast(19, 998, None) == forecast(ledger, Budget(1000, per="month"), START)


def test_a_token_that_nobody_renewed_is_not_in_use() -> None:
    """A lifetime after its expiry it is forgotten; before that it is due now."""
    ledger = ledger_of(minted(lifetime=DAY), used=0)
    budget = Budget(5, per="month")
    assert Forecast(19, 4, START + DAY * 5.5) == forecast(ledger, budget, START + 1.5 * DAY)
    assert forecast(ledger, budget, START + 2 * DAY) is None


def test_without_a_lifetime_there_is_no_forecast() -> None:
    """Nothing was minted, or nothing came of it."""
    assert forecast(Ledger(), Budget(5, per="month"), START) is None
    assert forecast(ledger_of(make_mint(at=START)), Budget(5, per="month"), START) is None


def test_a_rolling_window_makes_room_as_it_goes() -> None:
    """A token an hour fits a limit of thirty a day for ever, however many count at the moment."""
    mints = [minted(number, at=START + number * HOUR, lifetime=HOUR) for number in range(24)]
    now = START + 23 * HOUR
    rolling = Budget(30, per=timedelta(days=1))
    assert Forecast(23, 6, None) == forecast(ledger_of(*mints), rolling, now)


def test_a_rolling_window_that_is_too_narrow() -> None:
    """A token an hour never fits a limit of ten a day."""
    rolling = Budget(10, per=timedelta(days=1))
    ledger = ledger_of(minted(lifetime=HOUR))
    assert Forecast(23, 9, START + 10 * HOUR) == forecast(ledger, rolling, START)


def test_a_clock_that_stepped_back_changes_nothing() -> None:
    """What is left is counted at the latest time that was seen, as it is for a request."""
    ledger = replace(ledger_of(minted()), latest=START)
    budget = Budget(5, per="month")
    assert forecast(ledger, budget, START) == forecast(ledger, budget, START - 40 * DAY)
