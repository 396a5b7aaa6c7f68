"""A server that is stopped, killed, restarted or paused: callers learn of it in time."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from functools import partial

import pytest

from backing.backend import Backend, S
from backing.server import StoreServer
from backing.using import TTL, as_soon_as_possible, fresh, put
from managing import Handmade
from mintonce import Budget, StoreUnavailable, TokenManager


class Away(Backend[S]):
    """What holds for each store that talks to a server."""

    async def test_a_restart_reaches_nobody(self, own: StoreServer) -> None:
        """What was confirmed is there after a restart, and no old connection is in the way."""
        key = fresh()
        async with aclosing(self.make(own.url())) as store:
            await put(store, key, b"value")
            for end in (own.stop, own.kill):
                await asyncio.to_thread(end)
                await asyncio.to_thread(own.start)
                assert b"value" == await store.read(key)
            await put(store, key, b"new")

    async def test_a_server_that_is_away_is_told_of_at_once(self, own: StoreServer) -> None:
        """Nobody waits for a server that does not run, and all goes on when it is back."""
        key = fresh()
        async with aclosing(self.make(own.url())) as store:
            await put(store, key, b"value")
            await asyncio.to_thread(own.kill)
            began = time.monotonic()
            for call in (
                partial(store.read, key),
                partial(store.swap, key, b"value", b"new", ttl=TTL),
                partial(store.changed, key, b"value", 60.0),
            ):
                with pytest.raises(StoreUnavailable, match=r"cannot be reached|is lost") as caught:
                    await call()
                assert str(own.directory) in str(caught.value)
            assert time.monotonic() < began + 1
            await asyncio.to_thread(own.start)
            assert b"value" == await as_soon_as_possible(partial(store.read, key))

    async def test_a_server_that_hangs_is_given_up(self, own: StoreServer) -> None:
        """A call ends within four seconds, and all goes on when the server does."""
        key = fresh()
        async with aclosing(self.make(own.url())) as store, aclosing(self.make(own.url())) as other:
            await put(store, key, b"value")
            own.pause()
            began = time.monotonic()
            calls = (
                store.read(key),
                store.swap(key, b"value", b"new", ttl=TTL),
                other.read(key),  # which has no connection yet
            )
            found = await asyncio.gather(*calls, return_exceptions=True)
            assert time.monotonic() < began + 4
            assert [StoreUnavailable] * 3 == [*map(type, found)]
            own.resume()
            assert await as_soon_as_possible(partial(store.read, key)) in (b"value", b"new")

    async def test_who_waits_is_woken_when_the_server_goes(self, own: StoreServer) -> None:
        """Waiting ends with the connection, since from then on nobody would tell."""
        async with aclosing(self.make(own.url())) as store:
            waits = await self.waiting(store, fresh(), None)
            await asyncio.to_thread(own.kill)
            await asyncio.wait_for(waits, 2)

    async def test_nobody_notices_while_a_token_is_in_hand(self, own: StoreServer) -> None:
        """The server may go: who has a token hands it out, and who needs one is told in time."""
        source = Handmade()
        make = partial(TokenManager, source, store=own.url(), budget=Budget(10, per="month"))
        async with make() as tokens, make() as other:
            token = await tokens.get()
            await asyncio.to_thread(own.kill)
            assert token == await tokens.get()
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                await other.get()
            assert time.monotonic() < began + 4
            await asyncio.to_thread(own.start)
            assert token.fingerprint == (await as_soon_as_possible(other.get)).fingerprint
        assert 1 == source.requests

    async def test_a_cut_connection_reaches_nobody(self, own: StoreServer) -> None:
        """Firewalls cut connections that are idle, and the next call makes a new one."""
        key = fresh()
        async with aclosing(self.make(own.url())) as store:
            for number in range(3):
                await put(store, key, b"%d" % number)
                await asyncio.to_thread(own.cut)

    async def test_a_cut_connection_wakes_who_waits(self, own: StoreServer) -> None:
        """Who waited over it asks anew, and is told of the next change."""
        key = fresh()
        async with aclosing(self.make(own.url())) as store:
            waits = await self.waiting(store, key, None)
            await asyncio.to_thread(own.cut)
            await asyncio.wait_for(waits, 2)
            waits = await self.waiting(store, key, None)
            await put(store, key, b"value")
            await asyncio.wait_for(waits, 2)
