"""One connection for each event loop and each process that uses a store."""

from __future__ import annotations

import asyncio
import os

import pytest

from backing.loops import Loops
from mintonce_redis import RedisStore
from mintonce_redis.switchboard import Switchboard
from using import OnValkey, opened
from valkey_server import ValkeyServer


class TestLoops(OnValkey, Loops[RedisStore]):
    """What holds for each store that keeps connections."""


@pytest.mark.asyncio
async def test_two_threads_tidy_up_at_once(valkey: ValkeyServer) -> None:
    """Each forgets the loops that are over, and none minds that another one has done so."""
    async with opened(valkey.url()) as store:

        class Over(asyncio.SelectorEventLoop):
            """A loop that another thread forgets when this one has just seen that it is over."""

            def is_closed(self) -> bool:
                store._boards.pop((os.getpid(), self), None)
                return super().is_closed()

        loop = Over()
        loop.close()
        store._boards[os.getpid(), loop] = Switchboard()
        assert await store.read("key") is None
