"""A session of the program's own that cannot be used is named as the reason, and nothing counts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hostile import Hostile, http
from mintonce.credentials import ClientCredentials
from mintonce.errors import TokenRequestError

pytestmark = pytest.mark.asyncio


async def failure(url: str, **options: Any) -> TokenRequestError:
    """The error that comes of asking there; it is certain that no token came of it."""
    source = ClientCredentials(token_url=url, client_id="orders", client_secret="s3cr3t", **options)
    with pytest.raises(TokenRequestError) as caught:
        await source.mint()
    assert (False, False) == (caught.value.permanent, caught.value.may_have_issued)
    return caught.value


async def test_a_session_that_is_closed() -> None:
    """A session that was closed too early is named as the reason."""
    async with aiohttp.ClientSession() as session:
        pass
    error = await failure("https://127.0.0.1:9/token", session=session)
    assert "the session= that was given is closed" == str(error)


async def test_a_session_of_another_loop() -> None:
    """It is named as the reason, and nothing counts: nothing can have been sent."""

    async def make() -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    theirs = await asyncio.to_thread(asyncio.run, make())
    error = await failure("http://127.0.0.1:9/token", session=theirs)
    theirs.detach()
    assert "the session= that was given belongs to another event loop" == str(error)


async def test_a_session_that_adds_credentials_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two ways at once, which is more than a request can carry: nothing is sent."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    headers = {"Authorization": "Basic bWU="}
    async with (
        Hostile(http()) as server,
        aiohttp.ClientSession(trust_env=True, headers=headers) as session,
    ):
        error = await failure(server.url, session=session)
        assert [] == server.requests
    assert "adds credentials of its own" in str(error)
