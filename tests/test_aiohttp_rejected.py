"""`mintonce.aiohttp.BearerAuth` and a 401: another token, and the call once more if it can be."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiohttp_world import world

pytestmark = pytest.mark.asyncio


async def generated() -> AsyncIterator[bytes]:
    """A body that comes once."""
    yield b"gene"
    yield b"rated"


def multipart(part: Any) -> aiohttp.MultipartWriter:
    """A body of two parts."""
    writer = aiohttp.MultipartWriter("mixed")
    writer.append("first")
    writer.append(part)
    return writer


def pipe(content: bytes) -> io.BufferedReader:
    """A file that cannot be read twice."""
    end, begin = os.pipe()
    os.write(begin, content)
    os.close(begin)
    return os.fdopen(end, "rb")


AGAIN: dict[str, Callable[[], dict[str, Any]]] = {
    "nothing": dict,
    "bytes": lambda: {"data": b"bytes"},
    "json": lambda: {"json": {"a": 1}},
    "a form": lambda: {"data": {"a": "b"}},
    "multipart": lambda: {"data": multipart(b"part")},
    "a stream that can seek": lambda: {"data": io.BytesIO(b"stream")},
    "compressed": lambda: {"data": b"a" * 5000, "compress": True},
    "expecting 100": lambda: {"data": b"data", "expect100": True},
    "a form with a file": lambda: {"data": aiohttp.FormData({"f": io.BytesIO(b"file")})},
}
ONCE: dict[str, Callable[[], dict[str, Any]]] = {
    "a generator": lambda: {"data": generated()},
    "multipart with a generator": lambda: {"data": multipart(generated())},
}


@pytest.mark.parametrize("body", AGAIN.values(), ids=AGAIN)
async def test_a_call_that_can_be_sent_again(body: Callable[[], dict[str, Any]]) -> None:
    """It is, once, with another token, and the same body as the first time."""
    async with world() as w:
        async with w.calls.put(f"{w.url}/x", **body()) as response:
            assert (200, "here") == (response.status, response.headers["Api"])
        assert ["handmade-1", "handmade-2"] == w.api.tokens
        first, second = w.api.calls
        assert first.body == second.body
        assert (first.body != b"") == (body is not AGAIN["nothing"])


async def test_a_file_is_sent_again(tmp_path: Path) -> None:
    """From where it began."""
    path, content = tmp_path / "spool", b"from a file" * 1000
    await asyncio.to_thread(path.write_bytes, content)
    file = await asyncio.to_thread(path.open, "rb")
    with file:
        file.seek(4)
        async with world() as w, w.calls.put(w.url, data=file) as response:
            assert 200 == response.status
            assert [content[4:]] * 2 == [call.body for call in w.api.calls]


@pytest.mark.parametrize("body", ONCE.values(), ids=ONCE)
async def test_a_call_that_cannot_be_sent_again(body: Callable[[], dict[str, Any]]) -> None:
    """The caller gets the 401 as it came, and the next call has another token."""
    async with world() as w:
        async with w.calls.put(w.url, **body()) as response:
            assert (401, "who are you?") == (response.status, await response.text())
        async with w.calls.put(w.url, data=b"again") as response:
            assert 200 == response.status
        assert ["handmade-1", "handmade-2"] == w.api.tokens
        assert b"" != w.api.calls[0].body


async def test_a_pipe_is_not_sent_again() -> None:
    """There is nothing left in it."""
    with pipe(b"piped") as file:
        async with world() as w, w.calls.put(w.url, data=file) as response:
            assert 401 == response.status
            assert [b"piped"] == [call.body for call in w.api.calls]


async def test_refused_before_the_body_was_sent() -> None:
    """An API need not read what it refuses; the whole of it is sent with the next token."""
    content = b"x" * 20_000_000
    body = io.BytesIO(content)
    async with world() as w, w.calls.put(f"{w.url}/early", data=body) as response:
        assert (200, len(content)) == (response.status, len(await response.read()))


async def test_it_is_sent_again_once() -> None:
    """An API that rejects the second token too has its say, then and later."""
    async with world() as w:
        w.good = "none"
        for _ in range(3):
            async with w.calls.get(w.url) as response:
                assert (401, "who are you?") == (response.status, await response.text())
        assert [f"handmade-{number}" for number in (1, 2, 2, 2)] == w.api.tokens
        assert 2 == w.source.requests == w.tokens.stats.rejected


@pytest.mark.parametrize(
    ("challenge", "calls"),
    [
        (None, 2),
        ("Bearer", 2),
        ('Bearer error="insufficient_scope"', 1),
        ('Basic realm="staff"', 1),
    ],
)
async def test_what_the_api_says(challenge: str | None, calls: int) -> None:
    """Only a 401 that another token may cure causes one."""
    async with world() as w:
        w.api.challenge = challenge
        async with w.calls.get(w.url) as response:
            assert (calls == 2) == (response.status == 200)
        assert calls == len(w.api.calls) == w.source.requests


async def test_forbidden_is_forbidden() -> None:
    """A 403 says that the token is fine."""
    async with world() as w:
        w.good = "handmade-1"
        async with w.calls.get(f"{w.url}/forbidden") as response:
            assert 403 == response.status
        assert 1 == len(w.api.calls) == w.source.requests


@pytest.mark.parametrize("where", ["session", "call"])
async def test_raise_for_status_sees_the_last_answer(where: str) -> None:
    """The 401 that was answered with another token is nobody's error."""
    options: dict[str, dict[str, Any]] = {"session": {}, "call": {}}
    options[where]["raise_for_status"] = True
    async with world(**options["session"]) as w:
        response = await w.calls.get(w.url, **options["call"])
        assert 200 == response.status


async def test_a_middleware_around_it_that_tries_again() -> None:
    """Each of its tries is a call of its own, with the token of its time."""

    async def thrice(request: Any, handler: Any) -> Any:
        for _ in range(2):
            (await handler(request)).release()
            assert "Authorization" not in request.headers  # or it would look like one of its own
        return await handler(request)

    async with world(thrice) as w, w.calls.get(w.url) as response:
        assert 200 == response.status
        assert [f"handmade-{number}" for number in (1, 2, 2, 2)] == w.api.tokens


async def test_the_same_connection_is_used_again() -> None:
    """A 401 costs a request, and no connection."""
    made = list[object]()

    async def count(*_: object) -> None:
        made.append(None)

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(count)
    async with world(trace_configs=[trace]) as w, w.calls.post(w.url, data=b"x") as response:
        assert b"x" == await response.read()
    assert 1 == len(made)


async def test_two_hundred_tasks_at_once() -> None:
    """They cause one token request more, and every one of them is answered."""
    async with world() as w:

        async def call() -> int:
            async with w.calls.get(w.url) as response:
                await response.read()
                return response.status

        assert [200] * 200 == await asyncio.gather(*(call() for _ in range(200)))
        assert 2 == w.source.requests


@pytest.mark.parametrize("turns", range(0, 60, 3))
async def test_a_caller_that_leaves(turns: int) -> None:
    """Whenever it does, the next one finds everything in order."""
    async with world() as w:
        leaves = asyncio.ensure_future(w.calls.post(w.url, data=b"x"))
        for _ in range(turns):
            await asyncio.sleep(0)
        leaves.cancel()
        await asyncio.wait([leaves])
        async with w.calls.get(w.url) as response:
            assert 200 == response.status
        assert 2 == w.source.requests
