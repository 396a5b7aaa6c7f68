"""What a store that fails, or a loop that ends, interrupts between two writes of one mint."""

from __future__ import annotations

import asyncio
import time

import pytest

from managing import Handmade, eventually, passing
from mintonce import (
    Budget,
    MemoryStore,
    StoreError,
    StoreUnavailable,
    TokenManager,
    TokenRequestError,
)
from mintonce.testing import ManualClock
from torture import may_leave
from troubled import Swap, Trouble, Troubled, fails

DAY = Budget(10, per="day")


class Away(MemoryStore):
    """A store that takes no more records once it is away.

    Attributes:
        away: Whether it is.

    """

    away = False

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Swap; or fail, if it is a record."""
        if self.away and key.startswith("token"):
            raise StoreUnavailable("no space left")
        return await super().swap(key, old, new, ttl=ttl)


class Leaving(Handmade):
    """A source whose answer comes when the store has just gone away."""

    def __init__(self, store: Away) -> None:
        super().__init__()
        self.store = store

    async def mint(self) -> dict[str, object]:
        """Take the store away, and answer."""
        self.store.away = True
        return dict(await super().mint())


@pytest.mark.asyncio
async def test_only_the_newest_token_is_stored_later() -> None:
    """Not the one before it, which could not be stored either and which the API rejected."""
    values = dict[str, bytes]()
    store = Away(values)
    source = Leaving(store)
    async with TokenManager(source, store=store) as tokens:
        first = await tokens.get()
        store.away = False
        await tokens.invalidate(first)
        second = await tokens.get()
        store.away = False
    assert second == await TokenManager(source, store=MemoryStore(values)).get()
    assert 2 == source.requests


@pytest.mark.asyncio
async def test_a_rejected_token_is_not_stored_later() -> None:
    """Nobody could use it."""
    values = dict[str, bytes]()
    store = Away(values)
    async with TokenManager(Leaving(store), store=store) as tokens:
        first = await tokens.get()
        store.away = False
        await tokens.invalidate(first)
    other, clock = Handmade(), ManualClock(time.time())
    async with passing(clock):  # until the lease of the first one is dead
        await TokenManager(other, store=MemoryStore(values), clock=clock).get()
    assert 1 == other.requests


@pytest.mark.asyncio
@pytest.mark.parametrize("budget", [None, DAY])
async def test_a_refusal_that_could_not_be_shared(budget: Budget | None) -> None:
    """It is what callers hear of, and this process keeps to the pause that the others miss."""
    clock = ManualClock()
    store = Away()
    source = Leaving(store)
    source.answers = [TokenRequestError("busy", may_have_issued=True, permanent=True)]
    async with TokenManager(source, store=store, budget=budget, clock=clock) as tokens:
        with pytest.raises(TokenRequestError, match="busy"):
            await tokens.get()
        async with passing(clock):  # the lease could not be given back, and is dead after a while
            for _ in range(3):
                with pytest.raises((TokenRequestError, StoreUnavailable)):
                    await tokens.get()
            store.away = False
            clock.advance(30)
            await tokens.get()
        assert 2 == source.requests


def leave(source: Handmade, store: Troubled, *troubles: Trouble) -> None:
    """End the event loop while the store takes the token; then this goes wrong with the rest."""
    begun = asyncio.Event()

    async def stuck(swap: Swap) -> bool:
        begun.set()
        await asyncio.Event().wait()
        return await swap()

    async def get() -> None:
        source.open.clear()
        waiting = asyncio.create_task(TokenManager(source, store=store).get())
        await eventually(lambda: source.requests)
        store.swaps = [stuck, *troubles]
        source.open.set()
        await begun.wait()
        assert not waiting.done()

    with may_leave("its loop ends in mid-flight"):
        asyncio.run(get())


def test_the_loop_ends_while_the_token_is_stored() -> None:
    """It was paid for: it is stored all the same, and the next loop finds it."""
    source, store = Handmade(), Troubled()
    leave(source, store)

    async def come_back() -> None:
        assert "handmade-1" == (await TokenManager(source, store=store).get()).access_token

    asyncio.run(come_back())
    assert 1 == source.requests


def test_the_loop_ends_and_the_store_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is left to hand the token to; the log tells why it is lost."""
    leave(Handmade(), Troubled(), fails)
    lines = [r.getMessage() for r in caplog.records if r.name == "mintonce"]
    assert ["a new token could not be stored: refused"] == lines


@pytest.mark.asyncio
async def test_a_store_that_cancels_itself_cancels_nobody() -> None:
    """To callers it is a store that failed."""
    source, store = Handmade(), Troubled()
    async with TokenManager(source, store=store, without_store="fail") as tokens:
        store.reads = [asyncio.CancelledError()]
        with pytest.raises(StoreError, match="failed with CancelledError"):
            await tokens.get()
        token = await tokens.get()
        store.reads = [asyncio.CancelledError()]
        await tokens.invalidate(token)


@pytest.mark.asyncio
async def test_a_token_that_others_were_faster_to_use_and_to_reject() -> None:
    """Whoever minted it finds that out as the store answers, and waits for the next one."""
    values = dict[str, bytes]()
    source, store = Handmade(), Troubled(values)
    other = TokenManager(source, store=MemoryStore(values))

    async def meanwhile(swap: Swap) -> bool:
        await swap()
        await other.invalidate(await other.get())
        raise StoreError("reset")

    store.swaps = [None, None, meanwhile]  # the lease, the reservation, and the token
    tokens = TokenManager(source, store=store)
    assert "handmade-2" == (await tokens.get()).access_token
    assert 2 == source.requests
    assert await tokens.get() == await other.get()


class Hasty(MemoryStore):
    """A store that wakes whoever waits at once, for nothing.

    Attributes:
        woken: How often it did.

    """

    woken = 0

    async def changed(self, key: str, seen: bytes | None, timeout: float) -> None:  # noqa: ARG002 - it does not look
        """Return at once."""
        self.woken += 1


@pytest.mark.asyncio
async def test_a_store_that_wakes_in_vain_stops_nobody() -> None:
    """The loop still runs, and with it the heartbeat of who mints."""
    store, source = Hasty(), Handmade()
    source.open.clear()
    first, second = (TokenManager(source, store=store) for _ in range(2))
    getting = [asyncio.create_task(tokens.get()) for tokens in (first, second)]
    await eventually(lambda: store.woken > 2)
    before = store.woken
    asyncio.get_running_loop().call_later(0.2, source.open.set)
    assert 1 == len(set(await asyncio.gather(*getting)))
    assert store.woken - before < 50
    assert 1 == source.requests
    await asyncio.gather(first.aclose(), second.aclose())
