"""`mintonce.aiohttp.BearerAuth` where there is no good token: calls go out with the newest."""

from __future__ import annotations

import pytest

from aiohttp_world import world
from mintonce import MemoryStore, TokenManager, TokenRequestError
from mintonce.aiohttp import BearerAuth
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio


async def test_only_a_part_of_the_api_rejects_tokens() -> None:
    """The rest is called all the same, with the newest token; only an expired one is an error."""
    async with world() as w:
        w.api.is_good = lambda _: w.api.calls[-1].path == "/good"
        async with w.calls.get(f"{w.url}/bad") as response:
            assert 401 == response.status
        async with w.calls.get(f"{w.url}/good") as response:
            assert 200 == response.status
        assert 2 == w.source.requests


async def test_only_expired_tokens_are_left() -> None:
    """They are not sent: where there is no other, that is an error."""
    clock = ManualClock()
    async with world(clock=clock) as w:
        w.source.answers = [{}, TokenRequestError("no", permanent=True)]
        async with w.calls.get(w.url) as response:
            assert 401 == response.status
        clock.advance(3601)
        w.source.answers = [TokenRequestError("no", permanent=True)]
        with pytest.raises(TokenRequestError, match="no"):
            await w.calls.get(w.url)
        assert 1 == len(w.api.calls)


async def test_short_lived_tokens_that_are_rejected() -> None:
    """When they expire there is another one, for all of the API that takes it."""
    clock = ManualClock()
    async with world(clock=clock) as w:
        w.good, w.source.lifetime = "none", 5.0
        for minted in (2, 3, 4):
            async with w.calls.get(w.url) as response:
                assert (401, minted) == (response.status, w.source.requests)
            clock.advance(6.0)


async def test_there_is_no_other_token() -> None:
    """The caller gets the 401, at once, and so does the next one: the API says what is wrong."""
    async with world() as w:
        w.source.answers = [{}, TokenRequestError("no", permanent=True)]
        for _ in range(2):
            async with w.calls.get(w.url) as response:
                assert (401, "who are you?") == (response.status, await response.text())
        assert ["handmade-1"] * 2 == [call.token for call in w.api.calls]


async def test_what_others_minted_is_the_newest() -> None:
    """Also for who has never held it: a part of the API has rejected it meanwhile."""
    store = MemoryStore()
    async with world(store=store) as w, TokenManager(w.source, store=store) as other:
        w.api.is_good = lambda token: (token, w.api.calls[-1].path) == ("handmade-2", "/good")
        async with w.calls.get(f"{w.url}/bad") as response:
            assert 401 == response.status
        auth = BearerAuth(other)
        async with w.calls.get(f"{w.url}/good", middlewares=[auth]) as response:
            assert 200 == response.status
