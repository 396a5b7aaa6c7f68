"""Windows in which token requests are counted: the calendar, its edges, and rolling ones."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import get_args

import pytest

from making import NOW, utc
from mintonce import Budget, UsageError
from mintonce.budget import EDGE, Period, calendar_window, longest, seconds_ahead, usage
from mintonce.counts import stamp

HOUR, DAY = 3600.0, 86_400.0


@pytest.mark.parametrize(
    ("per", "now", "start", "end"),
    [
        ("hour", utc(2026, 3, 1, 9, 59, 59), utc(2026, 3, 1, 9), utc(2026, 3, 1, 10)),
        ("hour", utc(2026, 12, 31, 23), utc(2026, 12, 31, 23), utc(2027, 1, 1)),
        ("day", utc(2026, 2, 28, 12), utc(2026, 2, 28), utc(2026, 3, 1)),
        ("day", utc(2028, 2, 28, 12), utc(2028, 2, 28), utc(2028, 2, 29)),
        ("day", utc(2026, 12, 31, 23, 59), utc(2026, 12, 31), utc(2027, 1, 1)),
        ("month", utc(2026, 1, 31, 23, 59, 59), utc(2026, 1, 1), utc(2026, 2, 1)),
        ("month", utc(2026, 2, 1), utc(2026, 2, 1), utc(2026, 3, 1)),
        ("month", utc(2028, 2, 29, 23, 59), utc(2028, 2, 1), utc(2028, 3, 1)),
        ("month", utc(2000, 2, 29), utc(2000, 2, 1), utc(2000, 3, 1)),
        ("month", utc(2100, 2, 28, 23), utc(2100, 2, 1), utc(2100, 3, 1)),
        ("month", utc(2026, 4, 30), utc(2026, 4, 1), utc(2026, 5, 1)),
        ("month", utc(2026, 12, 31, 23, 59, 59), utc(2026, 12, 1), utc(2027, 1, 1)),
    ],
)
def test_calendar(per: Period, now: float, start: float, end: float) -> None:
    """A window is the hour, day or month of UTC that holds the moment, from start up to its end."""
    assert (start, end) == calendar_window(per, now) == calendar_window(per, start)
    assert end == calendar_window(per, end)[0]


@pytest.mark.parametrize("month", range(1, 13))
def test_months_follow_each_other(month: int) -> None:
    """Where one month ends the next one starts, in a leap year too."""
    following = utc(2028, month + 1, 1) if month < 12 else utc(2029, 1, 1)
    assert (utc(2028, month, 1), following) == calendar_window("month", utc(2028, month, 17))


def used_at(now: float, counted: float, per: Period | timedelta = "month") -> int:
    """How many requests count at `now`, if one was sent at `counted`."""
    return usage(Budget(10, per=per), [(stamp(counted), 1)], now).used


NEW_YEAR = utc(2027, 1, 1)
MID_DECEMBER, MID_JANUARY = utc(2026, 12, 15), utc(2027, 1, 15)


@pytest.mark.parametrize(
    ("second", "in_december", "in_january"),
    [
        (NEW_YEAR - EDGE - 1, 1, 0),
        (NEW_YEAR - EDGE, 1, 1),
        (NEW_YEAR - 1, 1, 1),
        (NEW_YEAR, 1, 1),
        (NEW_YEAR + EDGE - 0.5, 1, 1),
        (NEW_YEAR + EDGE, 1, 1),
        (NEW_YEAR + EDGE + 0.5, 0, 1),
    ],
)
def test_a_request_near_an_edge_counts_on_both_sides(
    second: float, in_december: int, in_january: int
) -> None:
    """Within five minutes of the edge nobody knows what month it is by the server's clock."""
    assert in_december == used_at(MID_DECEMBER, second)
    assert in_january == used_at(MID_JANUARY, second)


@pytest.mark.parametrize("now", [NEW_YEAR - EDGE, NEW_YEAR - 1, NEW_YEAR, NEW_YEAR + EDGE - 1])
def test_near_an_edge_both_windows_must_have_room(now: float) -> None:
    """December is spent and January is not, or the other way round: nothing may be sent yet."""
    december, january = [(stamp(MID_DECEMBER), 3)], [(stamp(NEW_YEAR + EDGE + 1), 3)]
    assert (3, NEW_YEAR + EDGE) == usage(Budget(3, per="month"), december, now)
    assert 3 == usage(Budget(3, per="month"), january, now).used


def test_a_spent_window_resets_five_minutes_after_its_end() -> None:
    """Until then the server may still be in the old month; from then on the count starts anew."""
    budget, counts = Budget(2, per="month"), [(stamp(MID_DECEMBER), 2)]
    used, resets_at = usage(budget, counts, MID_DECEMBER + 1)
    assert (2, NEW_YEAR + EDGE) == (used, resets_at)
    assert 2 == usage(budget, counts, resets_at - 1e-3).used
    assert 0 == usage(budget, counts, resets_at).used


def test_when_both_sides_of_an_edge_are_spent_the_later_one_decides() -> None:
    """Requests at the edge fill the new month as well, so it is no help that the old one ends."""
    at_the_edge = [(stamp(NEW_YEAR - 10), 2)]
    assert (2, utc(2027, 2, 1) + EDGE) == usage(Budget(2, per="month"), at_the_edge, NEW_YEAR)


def test_an_unspent_window_tells_when_it_ends() -> None:
    """There is nothing to wait for; the end of the window is of interest all the same."""
    assert (0, NEW_YEAR + EDGE) == usage(Budget(2, per="month"), [], MID_DECEMBER)


def test_a_rolling_window_forgets_each_request_for_itself() -> None:
    """An hour (and its margin) after a request there is room for one more, and no sooner."""
    budget = Budget(2, per=timedelta(hours=1))
    counts = [(stamp(NOW), 1), (stamp(NOW + 600), 1)]
    used, resets_at = usage(budget, counts, NOW + 700)
    assert (2, NOW + HOUR + 360) == (used, resets_at)
    assert 2 == usage(budget, counts, resets_at - 1e-3).used
    assert 1 == usage(budget, counts, resets_at).used


def test_a_rolling_window_waits_for_as_many_as_are_too_many() -> None:
    """After a limit was lowered, several requests have to fall out before there is room."""
    counts = [(stamp(NOW + second), 1) for second in range(5)]
    assert (5, NOW + 3 + 11) == usage(Budget(2, per=timedelta(seconds=10)), counts, NOW + 5)


def test_a_rolling_window_with_room_has_nothing_to_wait_for() -> None:
    """The next request is allowed now."""
    assert (1, NOW) == usage(Budget(2, per=timedelta(hours=1)), [(stamp(NOW - 1), 1)], NOW)


@pytest.mark.parametrize(
    ("length", "margin"), [(10.0, 1.0), (HOUR, 360.0), (6000.0, 600.0), (DAY, 600.0)]
)
def test_the_margin_of_a_rolling_window(length: float, margin: float) -> None:
    """Two hosts may each be five minutes off, either way; short windows get a tenth instead."""
    per = timedelta(seconds=length)
    assert 1 == used_at(NOW + length + margin - 1, NOW, per)
    assert 0 == used_at(NOW + length + margin, NOW, per)
    assert longest(Budget(1, per=per)) >= length + margin


def test_the_longest_month_is_kept_whole() -> None:
    """Counts are kept for as long as any month and both its edges last."""
    start, end = calendar_window("month", utc(2026, 1, 15))
    assert end - start + 2 * EDGE == longest(Budget(1, per="month"))


def test_what_lies_ahead() -> None:
    """The rest of a calendar window, or the whole length of a rolling one."""
    assert 17 * DAY == seconds_ahead(Budget(1, per="month"), utc(2026, 12, 15))
    assert 6 * HOUR == seconds_ahead(Budget(1, per="day"), utc(2026, 12, 15, 18))
    assert 90.0 == seconds_ahead(Budget(1, per=timedelta(seconds=90)), NOW)


def test_a_request_counts_in_the_second_that_follows() -> None:
    """Rounded up, it counts a little too long rather than too short."""
    assert (stamp(10.0), stamp(10.1)) == (10, 11)


@pytest.mark.parametrize(("limit", "reserve"), [(1, 0), (2, 1), (10, 1), (11, 2), (1000, 100)])
def test_the_reserve_is_a_tenth(limit: int, reserve: int) -> None:
    """Rounded up, but never all that there is."""
    assert reserve == Budget(limit, per="month").reserve


@pytest.mark.parametrize("limit", [0, -1, True, 1.0, "10", None, 10**9 + 1, 2**64])
def test_a_limit_is_a_whole_number(limit: object) -> None:
    """Nothing else can be counted up to."""
    with pytest.raises(UsageError, match=r"^Budget: limit must be a whole number from 1 to 10"):
        Budget(limit, per="month")  # type: ignore[arg-type]  # what is wrong with it is the point


@pytest.mark.parametrize("per", ["year", "", 3600, None, [], timedelta(0), timedelta(seconds=0.5)])
def test_a_window_is_a_calendar_window_or_a_length_of_time(per: object) -> None:
    """A second is the shortest, since requests are counted by the second."""
    rules = "^Budget: per must be 'hour'|^Budget: a rolling window must be a second long at least$"
    with pytest.raises(UsageError, match=rules):
        Budget(10, per=per)  # type: ignore[arg-type]  # what is wrong with it is the point


@pytest.mark.parametrize("name", ["", "Tenant", "a b", "a/b", "a\n", "a" * 65])
def test_a_name_is_safe_in_any_store(name: str) -> None:
    """It becomes part of a key."""
    rule = r"^Budget: name must be 1 to 64 characters of \[a-z0-9-\]$"
    with pytest.raises(UsageError, match=rule):
        Budget(10, per="month", name=name)


def test_the_largest_and_the_smallest_budget() -> None:
    """They make sense."""
    assert 10**9 == Budget(10**9, per="month", name="a" * 64).limit
    assert 1 == Budget(1, per=timedelta(seconds=1), name="0").limit


def test_people_can_read_the_window() -> None:
    """As in the messages and in the status."""
    assert "month" == Budget(1, per="month").period
    assert "1 day, 0:00:00 (rolling)" == Budget(1, per=timedelta(days=1)).period


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="only the system can set its time zone")
def test_windows_are_those_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the process runs, and where hours begin at other minutes, too."""
    expected = [calendar_window(per, NOW) for per in get_args(Period)]
    monkeypatch.setenv("TZ", "XXX-05:30")
    time.tzset()
    try:
        assert expected == [calendar_window(per, NOW) for per in get_args(Period)]
    finally:
        monkeypatch.undo()
        time.tzset()
