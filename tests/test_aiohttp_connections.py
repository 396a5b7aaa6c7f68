"""`mintonce.aiohttp.BearerAuth` and the connection that a 401 comes over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from api_server import api_of
from managing import Handmade, eventually
from mintonce import TokenManager
from mintonce.aiohttp import BearerAuth
from mintonce.stores import MemoryStore

pytestmark = pytest.mark.asyncio

Conversation = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Answers a request; it gets the head of it."""

REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 9\r\n\r\n"


@asynccontextmanager
async def api_that(answers: Conversation) -> AsyncIterator[str]:
    """An API that answers byte by byte as it is told to; yields its URL."""
    talks = set[asyncio.StreamWriter]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(writer)
        try:
            while True:
                await answers(await reader.readuntil(b"\r\n\r\n"), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        talks.remove(writer)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield "http://127.0.0.1:{}".format(*server.sockets[0].getsockname()[1:])
        await eventually(lambda: not talks)


def session(tokens: TokenManager, **options: Any) -> aiohttp.ClientSession:
    """A session that carries the tokens of a manager."""
    return aiohttp.ClientSession(middlewares=[BearerAuth(tokens)], **options)


async def never_ends(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A 401 whose content does not come."""
    writer.write(REFUSAL)


@pytest.mark.parametrize("leaves", ["is cancelled", "is over"])
async def test_who_leaves_gives_the_connection_back(leaves: str) -> None:
    """Who is cancelled while another token is on its way, or out of time, blocks no other call."""
    async with api_that(never_ends) as url, TokenManager(source := Handmade()) as tokens:
        await tokens.get()
        source.open.clear()
        async with session(tokens, connector=aiohttp.TCPConnector(limit=1)) as calls:
            limit = aiohttp.ClientTimeout(0.2 if leaves == "is over" else 60)
            call = asyncio.ensure_future(calls.get(url, timeout=limit))
            await eventually(lambda: source.requests == 2)
            if leaves == "is cancelled":
                call.cancel()
            await asyncio.wait([call])
            assert call.cancelled() or isinstance(call.exception(), TimeoutError)
            source.open.set()
            async with asyncio.timeout(5), calls.get(url, middlewares=()) as response:
                assert 401 == response.status


class Hanging(MemoryStore):
    """Answers while it may; `asked` is set when it may not, and was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def read(self, key: str) -> bytes | None:
        """Answer when that may be."""
        if not self.may_answer.is_set():
            self.asked.set()
        await self.may_answer.wait()
        return await super().read(key)


async def test_who_leaves_over_the_second_refusal_gives_the_connection_back() -> None:
    """Also while the other token is being reported, which the API has rejected as well."""
    store = Hanging()

    async def refuses(head: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b"handmade-1" in head:
            writer.write(REFUSAL + b"not you. ")
        else:
            store.may_answer.clear()
            writer.write(REFUSAL)

    tokens = TokenManager(Handmade(), store=store)
    pool = aiohttp.TCPConnector(limit=1)
    async with api_that(refuses) as url, tokens, session(tokens, connector=pool) as calls:
        call = asyncio.ensure_future(calls.get(url))
        await store.asked.wait()
        call.cancel()
        await asyncio.wait([call])
        store.may_answer.set()
        async with asyncio.timeout(5), calls.get(url, middlewares=()) as response:
            assert 401 == response.status


async def test_the_manager_is_closed_meanwhile() -> None:
    """Then there is no other token, and the caller gets the 401."""
    arrived, may_answer = asyncio.Event(), asyncio.Event()

    async def waits(_: bytes, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await may_answer.wait()
        writer.write(REFUSAL + b"who's it?")

    tokens = TokenManager(Handmade())
    async with api_that(waits) as url, session(tokens) as calls:
        call = asyncio.ensure_future(calls.get(url))
        await arrived.wait()
        await tokens.aclose()
        may_answer.set()
        async with await call as response:
            assert (401, "who's it?") == (response.status, await response.text())


@pytest.mark.parametrize("body", [b"body", "generated"])
async def test_a_refusal_in_the_place_of_continue(body: bytes | str) -> None:
    """What waits for 100 Continue was not sent yet; with another token that is asked for anew."""
    bodies = list[bytes]()

    async def answers(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        assert b"100-continue" in head
        if b"handmade-1" in head:
            writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        bodies.append(await reader.readuntil(b"body"))
        if b"chunked" in head:
            await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def generated() -> AsyncIterator[bytes]:
        yield b"body"

    tokens = TokenManager(Handmade())
    async with tokens, api_that(answers) as url, session(tokens) as calls:
        data = body if isinstance(body, bytes) else generated()
        async with calls.post(url, data=data, expect100=True) as response:
            assert 200 == response.status
    assert 1 == len(bodies)


async def test_what_logs_in_by_itself_says_nothing_of_origins() -> None:
    """The first call that is to carry a token names the origin, also after calls of others."""
    tokens = TokenManager(Handmade())
    async with tokens, api_of() as other, api_of() as api:
        api.is_good = lambda token: token == "handmade-1"
        async with session(tokens) as calls:
            await calls.get(other.url, headers={"Authorization": "Bearer mine"})
            async with calls.get(api.url) as response:
                assert 200 == response.status


def leading_to(url: str, heads: list[bytes]) -> Conversation:
    """Somebody who sends people elsewhere, and writes down what they say."""

    async def leads(head: bytes, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        location = f"Location: {url}\r\nContent-Length: 0\r\n\r\n"
        writer.write(b"HTTP/1.1 302 Found\r\n" + location.encode())

    return leads


@pytest.mark.parametrize("way", ["header", "URL"])
async def test_where_such_a_call_is_led_says_nothing_either(way: str) -> None:
    """No token goes there, although what the call brought to log in with is left behind."""
    tokens, heads = TokenManager(Handmade()), list[bytes]()
    async with tokens, api_of() as last, api_of() as api, session(tokens) as calls:
        api.is_good = lambda token: token == "handmade-1"
        async with (
            api_that(leading_to(last.url, heads)) as second,
            api_that(leading_to(second, heads)) as first,
        ):
            if way == "URL":
                await calls.get(first.replace("//", "//user:password@", 1))
            else:
                await calls.get(first, headers={"Authorization": "Basic mine"})
            async with calls.get(api.url) as response:
                assert 200 == response.status
            await calls.close()
        assert [True, False] == [b"Authorization: Basic" in head for head in heads]
        assert [None] == [call.authorization for call in last.calls]


async def test_websockets_have_the_origin_of_http() -> None:
    """A handshake is an HTTP request, and ``ws:`` another way to write ``http:``."""
    async with api_of() as api, TokenManager(Handmade()) as tokens:
        api.is_good = lambda token: token == "handmade-1"
        async with session(tokens) as calls:
            for url in (api.url.replace("http:", "ws:"), api.url):
                async with calls.ws_connect(f"{url}/ws") as socket:
                    await socket.send_str("hello")
                    assert "hello" == await socket.receive_str()
