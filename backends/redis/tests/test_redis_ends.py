"""How a connection ends, whatever the server or the loop does."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from contextlib import suppress

import pytest

from backing.using import TTL
from managing import eventually
from mintonce import StoreUnavailable
from mintonce_redis import RedisStore
from torture import may_leave
from using import lines_of
from valkey_server import ValkeyServer


@pytest.mark.asyncio
async def test_a_server_that_takes_nothing_any_more(own: ValkeyServer) -> None:
    """Closing a store closes its connection, however much is left to be sent."""
    store = RedisStore.from_url(own.url())
    await store.read("key")
    (line,) = lines_of(store)
    transport = line._wire._writer.transport
    number = transport.get_extra_info("socket").fileno()
    wire = os.fstat(number).st_ino
    own.pause()
    swap = asyncio.create_task(store.swap("key", None, bytes(8_000_000), ttl=TTL))
    await eventually(transport.get_write_buffer_size)
    await store.aclose()
    with pytest.raises(StoreUnavailable, match="closed by this program"):
        await swap
    with suppress(OSError):  # there is none of this number
        assert wire != os.fstat(number).st_ino
    own.resume()


def test_a_loop_that_is_closed_without_an_end(
    valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python says what was left open, and nothing of an error that this package made."""
    told = list[type[BaseException]]()
    monkeypatch.setattr(sys, "unraisablehook", lambda said: told.append(said.exc_type))
    store = RedisStore.from_url(valkey.url())
    with may_leave("nobody ends what is on it"):
        loop = asyncio.SelectorEventLoop()
        loop.set_exception_handler(lambda *_: None)  # it hears of the task that nobody ended
        loop.run_until_complete(store.read("key"))
        loop.close()
        store._boards.clear()
        del loop
        gc.collect()
    assert {ResourceWarning} >= {*told}
