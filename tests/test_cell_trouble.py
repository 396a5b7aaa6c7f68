"""A store that is away, silent or broken: a StoreError that says where and what."""

from __future__ import annotations

import asyncio
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from flying import steps
from making import make_record
from mintonce import FileStore, MemoryStore, StoreError, StoreUnavailable, UsageError
from mintonce.cell import STORE_TIMEOUT, Cell
from mintonce.codec import dump
from mintonce.ledger import Ledger
from mintonce.record import Record
from mintonce.stores import TokenStore
from troubled import Swap, Troubled, no_answer, run, skip


def record_of(store: TokenStore, key: str = "token-a") -> Cell[Record]:
    """A cell for a record."""
    return Cell(store, key, Record, writer="w", ttl=lambda _: 60.0)


@pytest.mark.asyncio
@pytest.mark.parametrize("raw", [b"", b"{}", b'{"version":99,"counts":[]}'])
async def test_an_unreadable_ledger_is_an_error_that_names_the_file(
    raw: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Counting from zero would break the budget; it says so, and leaves everything as it is."""
    directory = tmp_path / "store"
    ledger = Cell(
        FileStore(directory), "ledger-a", Ledger, writer="w", ttl=lambda _: 60.0, precious=True
    )
    await ledger.update(lambda _: Ledger(latest=1.0))
    (directory / "ledger-a").write_bytes(raw)
    with caplog.at_level(logging.DEBUG), pytest.raises(StoreError) as error:
        await ledger.update(lambda _: Ledger(latest=2.0))
    for part in ("'ledger-a'", str(directory), "cannot be read", "budget", "restore it"):
        assert part in str(error.value)
    assert raw == (directory / "ledger-a").read_bytes()
    assert [] == [path.name for path in directory.iterdir() if "corrupt" in path.name]
    assert [] == caplog.records


@pytest.mark.asyncio
@pytest.mark.parametrize("count", ["failures", "rejections"])
async def test_a_record_with_a_count_below_zero(
    count: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody wrote that: it is put aside like anything else that is no record."""
    record = record_of(MemoryStore())
    await record.update(lambda _: make_record(**{count: 1}))
    raw = (await record.read()).raw
    assert raw
    broken = MemoryStore(
        {"token-a": raw.replace(f'"{count}":1'.encode(), f'"{count}":-1'.encode())}
    )
    assert Record() == (await record_of(broken).read()).value
    (line,) = caplog.messages
    assert ": a record has a count below zero; put aside as 'token-a-corrupt'" in line


@pytest.mark.asyncio
async def test_what_a_store_says_itself_is_passed_on() -> None:
    """It knows best whether it is away, or asked for something that makes no sense."""
    store = Troubled()
    for error in (StoreError("broken"), StoreUnavailable("away"), UsageError("such a key")):
        store.reads = [error]
        with pytest.raises(type(error)) as caught:
            await record_of(store).read()
        assert caught.value is error


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", [ConnectionResetError, RuntimeError, KeyError])
async def test_whatever_else_a_store_raises_has_one_root(kind: type[Exception]) -> None:
    """Its message may hold anything, so a traceback tells its kind and no more."""
    store = Troubled()
    store.reads = [kind("password=hunter2")]
    with pytest.raises(StoreError, match=f"failed with {kind.__name__}") as caught:
        await record_of(store).read()
    told = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in told
    assert caught.value.__context__ is None
    assert f"ForeignError: {kind.__name__} (its text is left out)" in told


@pytest.mark.asyncio
async def test_a_foreign_error_after_a_swap_does_not_hide_that_it_was_done() -> None:
    """What is there afterwards tells, whatever the store raised."""

    async def reset(swap: Swap) -> bool:
        await swap()
        raise ConnectionResetError

    store = Troubled()
    store.swaps = [reset]
    cell = record_of(store)
    assert await cell.swap(await cell.read(), make_record()) == await cell.read()


@pytest.mark.asyncio
async def test_a_store_that_answers_with_something_else_is_broken() -> None:
    """None of it is believed."""

    class Odd(MemoryStore):
        async def read(self, key: str) -> Any:
            return f"the value of {key}"

    with pytest.raises(StoreError, match="answered with str"):
        await record_of(Odd()).read()


@pytest.mark.asyncio
async def test_who_is_never_fast_enough_gives_up() -> None:
    """Nobody loses a race for ever."""

    class Hasty(MemoryStore):
        tries = 0

        async def read(self, key: str) -> bytes | None:  # noqa: ARG002 - it is always another one
            return dump(Record(failures=self.tries), writer="other")

        async def swap(self, *_: object, **__: object) -> bool:
            self.tries += 1
            return False

    store = Hasty()
    with pytest.raises(StoreError, match="refused to change 'token-a'"):
        await record_of(store).update(lambda _: make_record())
    assert 100 <= store.tries <= 10_000


def test_a_store_that_does_not_answer_is_given_up() -> None:
    """After five seconds; a read that hangs is then done with."""

    class Silent(MemoryStore):
        hung = 0

        async def read(self, key: str) -> bytes | None:  # noqa: ARG002 - it never gets so far
            try:
                await asyncio.Event().wait()
            finally:
                self.hung += 1
            return None

    async def check() -> None:
        store = Silent()
        reading = asyncio.create_task(record_of(store).read())
        await skip(STORE_TIMEOUT - 0.5)
        assert not reading.done()
        await skip(1)
        with pytest.raises(StoreUnavailable, match="did not answer within 5 s"):
            await reading
        assert 1 == store.hung

    run(check)


def test_a_swap_that_is_not_answered_in_time_may_have_been_done() -> None:
    """It is looked up, as after any lost answer."""

    async def check() -> None:
        store = Troubled()
        store.swaps = [no_answer]
        cell = record_of(store)
        swapping = asyncio.create_task(cell.swap(await cell.read(), make_record()))
        await skip(STORE_TIMEOUT + 1)
        assert await swapping == await cell.read()
        assert ["token-a"] == store.done

    run(check)


@pytest.mark.asyncio
async def test_who_is_cancelled_is_cancelled() -> None:
    """It is no failure of the store."""
    store = Troubled()
    store.swaps = [no_answer]
    cell = record_of(store)
    swapping = asyncio.create_task(cell.swap(await cell.read(), make_record()))
    await steps(3)
    swapping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await swapping
