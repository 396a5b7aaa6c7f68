"""A store that refuses swaps for no reason is found out; one that is only busy is not."""

from __future__ import annotations

import asyncio

import pytest

from making import make_record
from managing import Handmade, eventually
from mintonce import MemoryStore, StoreError, TokenManager
from mintonce.cell import Cell, Seen
from mintonce.codec import dump
from mintonce.record import Record
from mintonce.stores import TokenStore
from troubled import Troubled

pytestmark = pytest.mark.asyncio

KEY = "token-a"
WRONG = (
    rf"^<MemoryStore of [01] values> answers False to a swap of '{KEY}' although it still holds"
    " what the swap named: run the contract of mintonce.testing on it$"
)
STRIKES = 20


def cell_of(store: TokenStore) -> Cell[Record]:
    """A cell for a record."""
    return Cell(store, KEY, Record, writer="w", ttl=lambda _: 60.0)


class Stubborn(MemoryStore):
    """A store that never swaps, though it says what there is.

    Attributes:
        reads: How often it was read.
        tries: How often it should have swapped.

    """

    def __init__(self, values: dict[str, bytes] | None = None) -> None:
        super().__init__(values)
        self.reads = 0
        self.tries = 0

    async def read(self, key: str) -> bytes | None:
        """Read."""
        self.reads += 1
        return await super().read(key)

    async def swap(self, *_: object, **__: object) -> bool:
        """Refuse."""
        self.tries += 1
        return False


@pytest.mark.parametrize("raw", [None, dump(make_record(token=None), writer="w")])
async def test_nobody_waits_for_ever(raw: bytes | None) -> None:
    """All callers are told what is wrong with the store, and nothing is sent."""
    source = Handmade(key=KEY)
    tokens = TokenManager(source, store=Stubborn({KEY: raw} if raw else None))
    async with asyncio.timeout(20):
        told = await asyncio.gather(*(tokens.get() for _ in range(3)), return_exceptions=True)
        await tokens.aclose()
    assert [StoreError] * 3 == [type(error) for error in told]
    with pytest.raises(StoreError, match=WRONG):
        raise told[0]  # type: ignore[misc]  # it is an error, as was just seen
    assert 0 == source.requests


async def test_a_manager_can_be_closed_meanwhile() -> None:
    """It waits for what is under way, which ends."""
    store = Stubborn()
    tokens = TokenManager(Handmade(key=KEY), store=store)
    caller = asyncio.create_task(tokens.get())
    await eventually(lambda: store.tries)
    async with asyncio.timeout(20):
        await tokens.aclose()
    with pytest.raises(StoreError, match=WRONG):
        await caller


async def test_a_change_is_given_up() -> None:
    """Soon: nobody tries a thousand times."""
    store = Stubborn()
    with pytest.raises(StoreError, match=WRONG):
        await cell_of(store).update(lambda _: make_record())
    assert STRIKES == store.tries


async def test_a_removal_is_given_up() -> None:
    """Of the value, and of what was put aside."""
    for key in (KEY, f"{KEY}-corrupt"):
        store = Stubborn({key: b"something"})
        with pytest.raises(StoreError, match=WRONG.replace(KEY, key)):
            async with asyncio.timeout(20):
                await cell_of(store).delete()
        assert STRIKES == store.tries


async def test_a_lost_race_costs_no_read() -> None:
    """Whether it was one is seen when the value is read for another reason."""
    store = Stubborn()
    cell = cell_of(store)
    seen = await cell.read()
    for _ in range(2 * STRIKES):
        assert await cell.swap(seen, make_record()) is None
    assert 1 == store.reads


async def test_each_refusal_counts_once() -> None:
    """However often the value is looked at afterwards."""
    cell = cell_of(Stubborn())
    seen = await cell.read()
    for _ in range(STRIKES - 1):
        assert await cell.swap(seen, make_record()) is None
        for _ in range(3):
            assert seen == await cell.read(seen)
    assert await cell.swap(seen, make_record()) is None
    assert "_Doubt(…, 19)" == repr(cell._doubt)  # and not the value, which may hold a token
    with pytest.raises(StoreError, match=WRONG):
        await cell.read(seen)


async def race(cell: Cell[Record], store: Troubled) -> None:
    """Lose one for an empty cell, which is empty again when it is looked at."""

    async def lost(_: object) -> bool:
        return False

    store.swaps = [lost]
    seen = await cell.read()
    assert await cell.swap(seen, make_record()) is None
    assert seen == await cell.read(seen)


@pytest.mark.parametrize("between", ["a change", "a swap"])
async def test_what_goes_away_again_is_no_fault(between: str) -> None:
    """A value that others made and removed meanwhile: sooner or later something else happens."""
    store = Troubled()
    cell = cell_of(store)
    for _ in range(3):
        for _ in range(STRIKES - 1):
            await race(cell, store)
        seen = await cell.read()
        if between == "a change":
            await store.swap(KEY, None, b"{", ttl=60)
            seen = await cell.read()
            await store.swap(KEY, b"{", None, ttl=60)
        else:
            swapped = await cell.swap(seen, make_record())
            assert swapped
            await store.swap(KEY, swapped.raw, None, ttl=60)
            assert Seen(None, Record()) == await cell.read()


async def test_a_read_that_began_before_is_no_proof() -> None:
    """What it found may have been there before the swap was refused, and not since."""
    store = Stubborn()
    cell = cell_of(store)
    seen = await cell.read()
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Stubborn):
        async def read(self, key: str) -> bytes | None:
            begun.set()
            await go_on.wait()
            return await super().read(key)

    cell.store = Slow()
    for _ in range(2 * STRIKES):
        reading = asyncio.create_task(cell.read(seen))
        await begun.wait()
        assert await cell.swap(seen, make_record()) is None
        go_on.set()
        assert seen == await reading
        begun.clear()
        go_on.clear()


async def test_a_store_that_was_mended_is_used() -> None:
    """Once an error has told of it, it counts from the beginning."""
    store = Troubled()
    cell = cell_of(store)
    for _ in range(STRIKES - 1):
        await race(cell, store)
    with pytest.raises(StoreError, match="answers False to a swap"):
        await race(cell, store)
    await race(cell, store)
    assert make_record() == (await cell.update(lambda _: make_record())).value
