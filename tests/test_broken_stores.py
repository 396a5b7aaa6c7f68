"""The contract catches what it is for: every broken store fails it, and every check can fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache

import pytest

from broken_stores import alone, lifetimes, together
from broken_stores.correct import CorrectStore, Shared
from mintonce.stores import TokenStore
from mintonce.testing.contract import StoreContract

Kind = Callable[[Shared], CorrectStore]

BROKEN: dict[Kind, str] = {
    alone.IgnoresOld: "test_replace_needs_the_old_value",
    alone.CreateOverwrites: "test_create_refuses_what_exists",
    alone.ReplaceCreates: "test_replace_refuses_absence",
    alone.ComparesPrefixes: "test_replace_compares_all_bytes",
    alone.ComparesTheBeginning: "test_replace_compares_all_bytes",
    alone.IgnoresBlanks: "test_replace_compares_all_bytes",
    alone.RefusesItsOwnValue: "test_a_value_can_replace_itself",
    alone.AcceptsEarlierValues: "test_an_earlier_value_counts_no_more",
    alone.NeverTheSameAgain: "test_the_same_bytes_count_again",
    alone.AlwaysTrue: "test_create_refuses_what_exists",
    alone.AlwaysFalse: "test_create_puts_the_value_there",
    alone.RefusesButWrites: "test_delete_needs_the_old_value",
    alone.AnswersNumbers: "test_answers_are_booleans",
    alone.AnswersBytearrays: "test_bytes_come_back_exactly",
    alone.TakesEmptyForAbsent: "test_empty_is_not_absent",
    alone.StripsValues: "test_bytes_come_back_exactly",
    alone.DecodesValues: "test_bytes_come_back_exactly",
    alone.CutsValues: "test_large_values_are_kept",
    alone.CutsKeys: "test_the_longest_keys_do_not_mix",
    alone.TidiesKeys: "test_similar_keys_do_not_mix",
    alone.Haunted: "test_what_nobody_wrote_is_absent",
    alone.DeletesNothing: "test_delete_removes_the_value",
    alone.DeletesByPrefix: "test_deleting_one_leaves_the_others",
    alone.DeletesForEver: "test_what_was_deleted_can_be_created_again",
    lifetimes.WantsWholeSeconds: "test_any_lifetime_is_possible",
    lifetimes.KeepsTheFirstExpiry: "test_the_last_lifetime_counts",
    lifetimes.TakesSecondsForMilliseconds: "test_the_last_lifetime_counts",
    lifetimes.ExpiredInTheWay: "test_worthless_values_are_in_nobodys_way",
    lifetimes.GarblesTheExpired: "test_worthless_values_are_there_or_gone",
    together.NotAtomic: "test_one_of_many_creates",
    together.RefusesOnConflict: "test_nobody_is_refused_what_is_there",
    together.KeepsToItself: "test_a_change_is_seen_at_once",
    together.ForgetsOnReopen: "test_values_survive_closing",
    together.ClosesForAll: "test_closing_one_handle_leaves_the_others",
    together.RemembersWhatItRead: "test_readers_never_go_back",
    together.ComparesWithItsMemory: "test_a_handle_does_not_trust_its_memory",
    together.RefusesWhileBusy: "test_writers_of_other_keys_are_left_alone",
    together.WritesInPieces: "test_readers_see_whole_values",
    together.RemovesBeforeItWrites: "test_a_cancelled_swap_is_done_or_not",
    together.KeepsItsLock: "test_a_cancelled_swap_blocks_nobody",
    together.LosesItsConnection: "test_a_cancelled_read_harms_nobody",
}


class ContractOf(StoreContract):
    """The contract, held against one kind of store."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._shared = Shared()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle."""
        store = self._kind(self._shared)
        try:
            yield store
        finally:
            store.close()


@cache
def failures(kind: Kind) -> frozenset[str]:
    """The names of the checks that a kind of store fails."""
    return frozenset(ContractOf(kind).failures())


def test_a_correct_store_passes() -> None:
    """The store from which the broken ones are made fails no check."""
    ContractOf(CorrectStore).verify()


@pytest.mark.parametrize(
    ("kind", "check"), BROKEN.items(), ids=lambda part: getattr(part, "__name__", None)
)
def test_a_broken_store_is_caught(kind: Kind, check: str) -> None:
    """The check that is about the mistake fails."""
    assert check in failures(kind)


def test_every_check_can_fail() -> None:
    """There is no check that all the broken stores would pass."""
    checks = {name for name in dir(StoreContract) if name.startswith("test_")}
    assert set() == checks - frozenset().union(*map(failures, BROKEN))


def test_verify_names_the_checks_that_failed() -> None:
    """Whoever runs the contract without a test runner reads what was wrong, and where."""
    with pytest.raises(AssertionError) as caught:
        ContractOf(together.ForgetsOnReopen).verify()
    assert (
        "test_values_survive_closing: AssertionError: after closing: expected b'replaced'"
        in str(caught.value)
    )
    assert "test_create" not in str(caught.value)
