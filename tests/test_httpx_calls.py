"""`mintonce.httpx.BearerAuth` on a real server, with httpx and with httpx2."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from types import ModuleType
from typing import Any

import pytest

from api_server import api_of
from httpx_world import with_each, world
from mintonce import TokenRequestError, UsageError
from mintonce.httpx import BearerAuth

pytestmark = [pytest.mark.asyncio, with_each]


async def generated() -> AsyncIterator[bytes]:
    """A body that comes once."""
    yield b"gene"
    yield b"rated"


class Once:
    """A file that cannot be read twice."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, _: int = -1) -> bytes:
        """Return all of it, and then nothing."""
        content, self._content = self._content, b""
        return content

    def seekable(self) -> bool:
        """There is no way back."""
        return False


AGAIN: dict[str, Callable[[], dict[str, Any]]] = {
    "nothing": dict,
    "bytes": lambda: {"content": b"bytes"},
    "json": lambda: {"json": {"a": 1}},
    "a form": lambda: {"data": {"a": "b"}},
    "a file in a form": lambda: {"files": {"f": io.BytesIO(b"file")}, "data": {"a": "b"}},
    "bytes in a form": lambda: {"files": {"f": b"file"}},
}
ONCE: dict[str, Callable[[], dict[str, Any]]] = {
    "a generator": lambda: {"content": generated()},
    "what can be read once in a form": lambda: {"files": {"f": Once(b"file")}},
}


async def test_calls_carry_the_token(library: ModuleType) -> None:
    """All of them the same, and for all of them one was minted."""
    async with world(library) as w:
        w.good = "handmade-1"
        for path in ("/a", "/b"):
            response = await w.calls.post(w.url + path, content=b"content")
            assert (200, b"content") == (response.status_code, response.content)
        assert ["handmade-1"] * 2 == w.api.tokens
        assert 1 == w.source.requests


@pytest.mark.parametrize("body", AGAIN.values(), ids=AGAIN)
async def test_a_call_that_can_be_sent_again(
    library: ModuleType, body: Callable[[], dict[str, Any]]
) -> None:
    """It is, once, with another token, and the same body as the first time."""
    async with world(library) as w:
        response = await w.calls.put(f"{w.url}/x", **body())
        assert 200 == response.status_code
        assert ["handmade-1", "handmade-2"] == w.api.tokens
        first, second = w.api.calls
        assert first.body == second.body
        assert (first.body != b"") == (body is not AGAIN["nothing"])


@pytest.mark.parametrize("body", ONCE.values(), ids=ONCE)
async def test_a_call_that_cannot_be_sent_again(
    library: ModuleType, body: Callable[[], dict[str, Any]]
) -> None:
    """The caller gets the 401 as it came, and the next call has another token."""
    async with world(library) as w:
        response = await w.calls.put(w.url, **body())
        assert (401, "who are you?") == (response.status_code, response.text)
        assert 200 == (await w.calls.put(w.url, content=b"again")).status_code
        assert ["handmade-1", "handmade-2"] == w.api.tokens
        assert b"" != w.api.calls[0].body


async def test_it_is_sent_again_once(library: ModuleType) -> None:
    """An API that rejects the second token too has its say, then and later."""
    async with world(library) as w:
        w.good = "none"
        for _ in range(3):
            assert 401 == (await w.calls.get(w.url)).status_code
        assert [f"handmade-{number}" for number in (1, 2, 2, 2)] == w.api.tokens
        assert 2 == w.source.requests == w.tokens.stats.rejected


async def test_there_is_no_other_token(library: ModuleType) -> None:
    """The caller gets the 401, at once, and so does the next one: the API says what is wrong."""
    async with world(library) as w:
        w.source.answers = [{}, TokenRequestError("no", permanent=True)]
        for _ in range(2):
            response = await w.calls.get(w.url)
            assert (401, "who are you?") == (response.status_code, response.text)


async def test_a_stream_is_answered_again(library: ModuleType) -> None:
    """Who reads the answer bit by bit gets the second one."""
    async with world(library) as w, w.calls.stream("POST", w.url, content=b"x" * 9999) as response:
        assert 200 == response.status_code
        assert 9999 == sum([len(chunk) async for chunk in response.aiter_bytes()])


async def test_calls_of_others(library: ModuleType) -> None:
    """The origin of the first call is the one; what goes elsewhere goes as it is."""
    async with world(library) as w, api_of() as stranger:
        await w.calls.get(w.url)
        assert 401 == (await w.calls.get(stranger.url)).status_code
        assert [None] == [call.authorization for call in stranger.calls]
        assert 1 == w.tokens.stats.rejected


async def test_a_call_with_an_authorization_of_its_own(library: ModuleType) -> None:
    """It is left alone: whoever set it had a reason."""
    async with world(library) as w:
        response = await w.calls.get(w.url, headers={"Authorization": "Bearer mine"})
        assert 401 == response.status_code
        assert ["mine"] == w.api.tokens
        assert 0 == w.source.requests


async def test_the_same_request_once_more(library: ModuleType) -> None:
    """It gets the token of its time, not that of the first time."""
    async with world(library) as w:
        request = w.calls.build_request("GET", w.url)
        assert 200 == (await w.calls.send(request)).status_code
        assert "Authorization" not in request.headers
        assert 200 == (await w.calls.send(request)).status_code
        assert ["handmade-1", "handmade-2", "handmade-2"] == w.api.tokens


async def test_a_client_that_is_not_async(library: ModuleType) -> None:
    """A clear error, before anything is sent."""
    async with world(library) as w:

        def call() -> None:
            with library.Client(auth=BearerAuth(w.tokens), trust_env=False, verify=False) as client:
                client.get(w.url)

        with pytest.raises(UsageError, match="needs an AsyncClient"):
            await asyncio.to_thread(call)
        assert [] == w.api.calls


async def test_two_hundred_tasks_at_once(library: ModuleType) -> None:
    """They cause one token request more, and every one of them is answered."""
    async with world(library) as w:
        answers = await asyncio.gather(*(w.calls.get(w.url) for _ in range(200)))
        assert [200] * 200 == [answer.status_code for answer in answers]
        assert 2 == w.source.requests


async def test_nothing_shows_the_token(library: ModuleType) -> None:
    """Neither the answer nor the error that comes of it, which both show the request."""
    async with world(library) as w:
        w.good = "handmade-1"
        response = await w.calls.get(f"{w.url}/forbidden")
        with pytest.raises(library.HTTPStatusError) as caught:
            response.raise_for_status()
        shown = f"{response!r} {vars(response)!r} {caught.value!r} {vars(caught.value)!r}"
        assert "handmade" not in f"{shown} {vars(response.request)!r} {BearerAuth(w.tokens)!r}"
