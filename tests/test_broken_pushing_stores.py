"""The contract of stores that push catches what it is for, and every check of it can fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

import pytest

from broken_stores import pushing
from mintonce.stores import MemoryStore, TokenStore
from mintonce.testing.contract import PushingStoreContract

Kind = Callable[[pushing.Shared], TokenStore]

BROKEN: dict[Kind, set[str]] = {
    pushing.NeverWakes: {
        "test_a_change_wakes_who_waits",
        "test_a_create_wakes_who_waits",
        "test_ones_own_change_wakes_too",
    },
    pushing.WakesOne: {"test_a_change_wakes_everybody"},
    pushing.DoesNotTellOfDeletes: {"test_a_delete_wakes_who_waits"},
    pushing.MissesWhatWasBefore: {"test_a_change_before_waiting_is_not_missed"},
    pushing.LooksBeforeItListens: {"test_a_change_while_starting_to_wait_is_not_missed"},
    pushing.RaisesInTheEnd: {"test_waiting_ends_in_time"},
    pushing.TakesAllAlong: {"test_a_cancelled_wait_harms_nobody"},
}


class ContractOf(PushingStoreContract):
    """The contract, held against one kind of store, with little patience."""

    soon = 0.2

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._shared = pushing.Shared()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle."""
        yield self._kind(self._shared)


@cache
def failures(kind: Kind) -> frozenset[str]:
    """The names of the checks that a kind of store fails."""
    return frozenset(ContractOf(kind).failures())


@pytest.mark.parametrize(
    ("kind", "checks"), BROKEN.items(), ids=lambda part: getattr(part, "__name__", "checks")
)
def test_a_broken_store_is_caught(kind: Kind, checks: set[str]) -> None:
    """The checks that are about the mistake fail."""
    assert checks <= failures(kind)


def test_every_check_can_fail() -> None:
    """There is no check that all the broken stores would pass."""
    checks = {name for name in dir(PushingStoreContract) if name.startswith("test_")}
    assert set() == checks - frozenset().union(*map(failures, BROKEN))


def test_a_store_that_cannot_push_is_told() -> None:
    """Whoever holds a plain store to this contract reads that it has no `changed`."""
    with pytest.raises(AssertionError, match="MemoryStore has no method `changed`"):
        ContractOf(lambda shared: MemoryStore(shared.values)).verify()
