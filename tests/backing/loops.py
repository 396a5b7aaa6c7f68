"""A store in one event loop after another, in several at once, and in forked processes."""

from __future__ import annotations

import asyncio
import gc
from contextlib import aclosing

import pytest

from backing.backend import Backend, S
from backing.server import StoreServer
from backing.using import TTL, fresh, put
from forking import exit_code, fork, forking, with_threads
from managing import Handmade, eventually
from mintonce import TokenManager
from torture import may_leave


class Loops(Backend[S]):
    """What holds for each store that keeps connections."""

    def test_one_loop_after_another(self, own: StoreServer) -> None:
        """A store that nobody closes leaves nothing when its loop ends, and works in the next."""
        store, key = self.make(own.url()), fresh()

        async def use(number: int) -> None:
            await put(store, key, b"%d" % number)
            _ = await self.waiting(store, key, b"%d" % number)  # and is there when the loop ends

        for number in range(3):
            with may_leave("it ends while a task waits"):
                asyncio.run(use(number))
            asyncio.run(eventually(lambda: own.connections() == 0))
        asyncio.run(store.aclose())

    def test_a_manager_in_one_loop_after_another(self, own: StoreServer) -> None:
        """Managers that were given a store find there what the loop before has left."""
        store, source = self.make(own.url()), Handmade()
        tokens = TokenManager(source, store=store)
        with may_leave("it ends before the store closes its connection"):
            first = asyncio.run(tokens.get())
            second = asyncio.run(TokenManager(source, store=store).get())
        assert first.fingerprint == second.fingerprint
        assert 1 == source.requests

    def test_two_loops_at_once(self, own: StoreServer) -> None:
        """A store can be used in the loops of two threads, over connections of their own."""
        store, key = self.make(own.url()), fresh()

        async def wait_for_a_change_in_another_thread() -> None:
            waits = await self.waiting(store, key, None)
            with may_leave("it ends before the store closes its connection"):
                await asyncio.to_thread(lambda: asyncio.run(put(store, key, b"value")))
            await asyncio.wait_for(waits, 2)
            await store.aclose()

        asyncio.run(wait_for_a_change_in_another_thread())

    @forking
    @with_threads
    @pytest.mark.asyncio
    async def test_a_forked_child_has_connections_of_its_own(self, own: StoreServer) -> None:
        """A child reads and writes, and its parent goes on waiting over its own connection."""
        key = fresh()
        async with aclosing(self.make(own.url())) as store:
            await put(store, key, b"value")
            waits = await self.waiting(store, key, b"value")
            line = self.line_of(store)

            async def child() -> bool:
                found = await store.read(key)
                done = await store.swap(key, b"value", b"child", ttl=TTL)
                await store.aclose()
                return found == b"value" and done

            assert 0 == exit_code(fork(lambda: asyncio.run(child())))
            await asyncio.wait_for(waits, 2)
            assert b"child" == await store.read(key)
            assert line is self.line_of(store)

    @forking
    @with_threads
    @pytest.mark.asyncio
    async def test_a_child_that_drops_the_store_harms_no_parent(self, own: StoreServer) -> None:
        """What a child throws away is not taken out of the hands of its parent."""
        key = fresh()
        stores = [self.make(own.url())]
        waits = await self.waiting(stores[0], key, None)

        async def child() -> bool:
            stores.clear()
            gc.collect()
            return True

        assert 0 == exit_code(fork(lambda: asyncio.run(child())))
        await put(stores[0], key, b"value")
        await asyncio.wait_for(waits, 2)
        await stores[0].aclose()
