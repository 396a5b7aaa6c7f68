"""One value in a store: read with suspicion, changed by compare-and-swap."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from making import make_record
from mintonce import FileStore, MemoryStore, StoreError
from mintonce.cell import Cell, Seen
from mintonce.codec import dump
from mintonce.ledger import Ledger
from mintonce.record import Record
from mintonce.stores import TokenStore
from troubled import Swap, Troubled, answer_lost, fails

pytestmark = pytest.mark.asyncio

KEY = "token-a"


def cell_of(store: TokenStore, *, writer: str = "w", key: str = KEY) -> Cell[Record]:
    """A cell for a record."""
    return Cell(store, key, Record, writer=writer, ttl=lambda _: 60.0)


def ledger_of(store: TokenStore) -> Cell[Ledger]:
    """A cell for a ledger, which is precious."""
    return Cell(store, "ledger-a", Ledger, writer="w", ttl=lambda _: 60.0, precious=True)


def one_more(record: Record) -> Record:
    """A change that can be counted."""
    return replace(record, failures=record.failures + 1)


async def test_nothing_reads_as_an_empty_value() -> None:
    """Nobody has written yet."""
    assert Seen(None, Record()) == await cell_of(MemoryStore()).read()


async def test_what_was_swapped_in_is_read() -> None:
    """By others, too."""
    store = MemoryStore()
    mine, theirs = cell_of(store), cell_of(store, writer="other")
    swapped = await mine.swap(await mine.read(), make_record())
    assert swapped == await theirs.read()
    assert make_record() == (await theirs.read()).value


async def test_only_what_was_seen_is_replaced() -> None:
    """Somebody else was faster: nothing is changed."""
    store = MemoryStore()
    mine, theirs = cell_of(store), cell_of(store, writer="other")
    seen = await mine.read()
    faster = await theirs.swap(seen, make_record())
    assert await mine.swap(seen, Record(failures=1)) is None
    assert faster == await mine.read()


async def test_every_write_is_unique() -> None:
    """The same value again, by the same writer: who has seen the first is not fooled."""
    mine = cell_of(MemoryStore())
    first = await mine.swap(await mine.read(), make_record())
    assert first is not None
    second = await mine.swap(first, make_record())
    assert second is not None
    assert first.raw != second.raw
    assert await mine.swap(first, Record()) is None


async def test_a_change_is_applied() -> None:
    """To what is there, or to what is believed to be there."""
    mine = cell_of(MemoryStore())
    seen = await mine.update(one_more)
    assert 1 == seen.value.failures
    assert 2 == (await mine.update(one_more, seen)).value.failures
    assert 3 == (await mine.update(one_more, seen)).value.failures


async def test_a_change_that_changes_nothing_is_not_written() -> None:
    """What is there is returned."""
    store = Troubled()
    mine = cell_of(store)
    seen = await mine.update(one_more)
    assert seen == await mine.update(lambda _: None)
    assert ([KEY], [60.0]) == (store.done, store.ttls)


async def test_many_changes_at_once_are_all_applied() -> None:
    """None is lost, whoever makes them."""
    store = MemoryStore()
    cells = [cell_of(store, writer=f"w{number}") for number in range(8)]
    await asyncio.gather(*(one.update(one_more) for one in cells for _ in range(8)))
    assert 64 == (await cells[0].read()).value.failures


async def test_a_swap_that_failed_is_an_error() -> None:
    """And was not done."""
    store = Troubled()
    store.swaps = [fails]
    mine = cell_of(store)
    with pytest.raises(StoreError, match="refused"):
        await mine.swap(await mine.read(), make_record())
    assert [] == store.done


async def test_a_swap_whose_answer_was_lost_was_done() -> None:
    """What is there afterwards tells."""
    store = Troubled()
    store.swaps = [answer_lost]
    mine = cell_of(store)
    swapped = await mine.swap(await mine.read(), make_record())
    assert swapped is not None
    assert swapped == await mine.read()


async def test_a_change_whose_answer_was_lost_is_applied_once() -> None:
    """Not a second time."""
    store = Troubled()
    store.swaps = [answer_lost]
    assert 1 == (await cell_of(store).update(one_more)).value.failures
    assert [KEY] == store.done


async def test_a_swap_that_failed_while_somebody_else_was_faster() -> None:
    """It was not done, for certain, since something else is there."""
    store = Troubled()
    theirs = cell_of(store, writer="other")

    async def overtaken(swap: Swap) -> bool:
        await theirs.update(lambda _: make_record())
        return await fails(swap)

    mine = cell_of(store)
    seen = await mine.read()
    store.swaps = [overtaken]
    assert await mine.swap(seen, Record(failures=1)) is None


async def test_what_cannot_be_known_is_an_error() -> None:
    """The answer was lost, and so was that to the question what is there."""
    store = Troubled()
    mine = cell_of(store)
    seen = await mine.read()
    store.swaps, store.reads = [answer_lost], [StoreError("still away")]
    with pytest.raises(StoreError, match="still away"):
        await mine.swap(seen, make_record())


async def test_a_value_is_removed() -> None:
    """Whatever it is; where there is none, that is no error."""
    mine = cell_of(MemoryStore())
    await mine.update(one_more)
    await mine.delete()
    await mine.delete()
    assert Seen(None, Record()) == await mine.read()


async def test_a_value_that_changes_is_removed_all_the_same() -> None:
    """Whoever removes it means what is there."""
    store = Troubled()
    mine, theirs = cell_of(store), cell_of(store, writer="other")
    await mine.update(one_more)

    async def overtaken(swap: Swap) -> bool:
        await theirs.update(one_more)
        return await swap()

    store.swaps = [overtaken]
    await mine.delete()
    assert (await mine.read()).raw is None


async def test_a_removal_that_failed_is_an_error() -> None:
    """The value is still there."""
    store = Troubled()
    mine = cell_of(store)
    await mine.update(one_more)
    store.swaps = [fails]
    with pytest.raises(StoreError, match="refused"):
        await mine.delete()
    assert 1 == (await mine.read()).value.failures


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", dump(make_record(), writer="w")[:-9], b"\x00" * 64, b'{"version":2,"writer":"w"}'],
    ids=["empty", "not JSON", "cut off", "zeros", "newer"],
)
async def test_an_unreadable_record_is_put_aside(
    raw: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts as absent and is replaced; who looks for it finds it beside, and is told once."""
    directory = tmp_path / "store"
    mine = cell_of(FileStore(directory))
    await mine.update(one_more)
    (directory / KEY).write_bytes(raw)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert Seen(raw, Record()) == await mine.read()
    assert raw == (directory / f"{KEY}-corrupt").read_bytes()
    assert [f"put aside as '{KEY}-corrupt'"] == [r.getMessage()[-30:] for r in caplog.records]
    assert str(directory) in caplog.text
    assert 1 == (await mine.update(one_more)).value.failures


async def test_the_last_unreadable_record_is_the_one_that_is_kept() -> None:
    """Those before it are gone, so that they do not pile up."""
    store = MemoryStore({KEY: b"first"})
    await cell_of(store).read()
    await store.swap(KEY, b"first", b"second", ttl=1)
    await cell_of(store).read()
    assert b"second" == await store.read(f"{KEY}-corrupt")


async def test_what_was_put_aside_is_removed_with_the_value() -> None:
    """There may be a token in it."""
    store = MemoryStore({KEY: b"t0ps3cret, cut off"})
    mine = cell_of(store)
    await mine.update(one_more)
    await mine.delete()
    assert [None, None] == [await store.read(key) for key in (KEY, f"{KEY}-corrupt")]


async def test_an_unreadable_record_that_cannot_be_put_aside_is_an_error() -> None:
    """It is not overwritten."""
    store = Troubled({KEY: b"?"})
    store.swaps = [fails]
    with pytest.raises(StoreError, match="refused"):
        await cell_of(store).read()
    assert b"?" == await store.read(KEY)
