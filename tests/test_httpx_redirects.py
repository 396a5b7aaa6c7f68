"""`mintonce.httpx.BearerAuth` and redirects, with httpx and with httpx2."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from api_server import api_of
from httpx_world import with_each, world

pytestmark = [pytest.mark.asyncio, with_each]


async def test_a_redirect_within_the_origin(library: ModuleType) -> None:
    """Each hop carries the token, and only the one that was refused is sent again."""
    async with world(library, follow_redirects=True) as w:
        w.api.is_good = lambda token: token == w.good or w.api.calls[-1].path == "/to"
        response = await w.calls.post(f"{w.url}/to", params={"url": "/there"}, content=b"x")
        assert (200, b"x") == (response.status_code, response.content)
        assert ["/to", "/there", "/there"] == [call.path for call in w.api.calls]
        assert ["handmade-1", "handmade-1", "handmade-2"] == w.api.tokens


async def test_a_redirect_to_another_origin(library: ModuleType) -> None:
    """It carries no token, and the 401 of a stranger renews nothing, nor does it repeat a call."""
    async with world(library, follow_redirects=True) as w, api_of() as stranger:
        w.good = "handmade-1"
        response = await w.calls.post(f"{w.url}/to", params={"url": stranger.url}, content=b"x")
        assert 401 == response.status_code
        assert [None] == [call.authorization for call in stranger.calls]
        assert 1 == len(w.api.calls) == w.source.requests
        assert 0 == w.tokens.stats.rejected


async def test_no_request_of_a_chain_keeps_the_token(library: ModuleType) -> None:
    """Those that were sent show it to nobody, and the next one has the token of its time."""
    async with world(library) as w:
        first = await w.calls.get(f"{w.url}/to", params={"url": "/there"})
        assert 307 == first.status_code
        assert "Authorization" not in first.next_request.headers
        assert 200 == (await w.calls.send(first.next_request)).status_code
        assert ["handmade-1", "handmade-2", "handmade-2"] == w.api.tokens
        followed = await w.calls.get(f"{w.url}/to", params={"url": "/there"}, follow_redirects=True)
        sent = [answer.request for answer in (*followed.history, followed)]
        assert ["/to", "/there"] == [request.url.path for request in sent]
        assert not [request for request in sent if "Authorization" in request.headers]


@pytest.mark.parametrize("place", ["/broken", "/again"])
async def test_errors_show_no_token(library: ModuleType, place: str) -> None:
    """The request that an error brings can be sent again, and has the token of its time then."""
    brought: list[str] = []

    def answer(request: Any) -> Any:
        brought.append(request.headers["Authorization"])
        if request.url.path == "/broken" and len(brought) == 2:
            raise library.ConnectError("broken", request=request)
        if len(brought) < 30 and request.url.path != "/broken":
            return library.Response(307, headers={"Location": place})
        return library.Response(200)

    transport = library.MockTransport(answer)
    async with world(library, follow_redirects=True, transport=transport) as w:
        with pytest.raises(library.RequestError) as caught:
            await w.calls.get(f"{w.url}/start")
        failed = caught.value.request
        assert (place, None) == (failed.url.path, failed.headers.get("Authorization"))
        brought += ["…"] * 30
        await w.tokens.invalidate("handmade-1")
        assert 200 == (await w.calls.send(failed)).status_code
        assert "Bearer handmade-2" == brought[-1]


async def test_an_origin_that_was_not_named(library: ModuleType) -> None:
    """The client takes tokens along from http to https; what is said there is none of ours."""

    def answer(request: Any) -> Any:
        if request.url.scheme == "http":
            return library.Response(307, headers={"Location": "https://localhost/"})
        return library.Response(401)

    transport = library.MockTransport(answer)
    async with world(library, follow_redirects=True, transport=transport) as w:
        assert 401 == (await w.calls.get("http://localhost/")).status_code
        assert (1, 0) == (w.source.requests, w.tokens.stats.rejected)


async def test_a_form_with_a_file_that_can_only_be_read(library: ModuleType) -> None:
    """It is not sent again, and the caller gets the 401."""

    class Pipe:
        def read(self, _: int = -1) -> bytes:
            return b""

    async with world(library) as w:
        answer = await w.calls.post(w.url, files={"f": ("name", Pipe())})
        assert (401, 1) == (answer.status_code, len(w.api.calls))
