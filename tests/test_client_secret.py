"""The client secret is read for each token request, so that a rotated one is picked up."""

from __future__ import annotations

import asyncio
import inspect
import threading
import traceback
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import anyio
import pytest

from hostile import Hostile, http
from managing import eventually
from mintonce.credentials import ClientCredentials
from mintonce.credentials.authentication import read_secret
from mintonce.errors import TokenRequestError

pytestmark = pytest.mark.asyncio


def source(secret: Any, url: str = "http://127.0.0.1:9/token", **options: Any) -> ClientCredentials:
    """Credentials with this secret."""
    return ClientCredentials(token_url=url, client_id="orders", client_secret=secret, **options)


def plain(value: Any) -> Any:
    """A function that returns its argument."""
    return value


async def later(value: Any) -> Any:
    """An async function that returns its argument."""
    await asyncio.sleep(0)
    return value


class Vault:
    """An object that is called and answers later."""

    async def __call__(self) -> str:
        """Return the secret."""
        return str(await later("s3cr3t"))


@pytest.mark.parametrize(
    "secret",
    [
        "s3cr3t",
        lambda: "s3cr3t",
        lambda: later("s3cr3t"),
        partial(plain, "s3cr3t"),
        partial(later, "s3cr3t"),
        Vault(),
        Vault().__call__,
    ],
    ids=["str", "lambda", "awaitable", "partial", "async partial", "object", "method"],
)
async def test_a_secret_comes_from_anywhere(secret: Any) -> None:
    """It may be a str, or anything that can be called, plain or async."""
    async with Hostile(http()) as server:
        await source(secret, server.url).mint()
    assert "s3cr3t" == dict(server.form)["client_secret"]


async def test_a_rotated_secret_is_used_at_once() -> None:
    """The function is called for each token request."""
    secrets = iter(["old", "new"])
    async with Hostile(http()) as server:
        rotating = source(lambda: next(secrets), server.url)
        for expected in ("old", "new"):
            await rotating.mint()
            assert expected == dict(server.form)["client_secret"]


async def test_a_plain_function_may_block() -> None:
    """It runs in a thread; an async function runs on the loop, and may use what lives there."""
    threads: list[threading.Thread] = []

    def note() -> str:
        threads.append(threading.current_thread())
        return "s3cr3t"

    async def note_later() -> str:
        return note()

    await source(note).fingerprint()
    await source(note_later).fingerprint()
    assert [False, True] == [thread is threading.main_thread() for thread in threads]


def broken() -> str:
    """Fail as a vault would, and tell too much."""
    message = "denied, token was s3cr3t"
    raise PermissionError(message)


async def broken_later() -> str:
    """Fail the same way, later."""
    return broken()


@pytest.mark.parametrize("secret", [broken, broken_later])
async def test_a_function_that_fails(secret: Callable[[], Any]) -> None:
    """No request was sent, so nothing counts; what the function said is left out of all texts."""
    with pytest.raises(TokenRequestError) as caught:
        await source(secret).mint()
    assert (False, False) == (caught.value.permanent, caught.value.may_have_issued)
    assert "the client_secret function failed with PermissionError" in str(caught.value)
    told = "".join(traceback.format_exception(caught.value))
    assert "PermissionError (its text is left out)" in told
    assert "in broken\n" in told
    assert "denied" not in told
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("s3cr3t\n", "files end with one: strip it"),
        ("s3cr3t\r", "files end with one: strip it"),
        ("", "returned an empty string"),
        (None, "returned NoneType, which is not a str"),
        (b"s3cr3t", "returned bytes, which is not a str"),
    ],
)
async def test_what_cannot_be_a_secret(value: Any, told: str) -> None:
    """A file that is empty or ends with a line break is told from a wrong secret."""
    with pytest.raises(TokenRequestError, match=told) as caught:
        await source(lambda: value).mint()
    assert (False, False) == (caught.value.permanent, caught.value.may_have_issued)
    assert "s3cr3t" not in str(caught.value)


async def test_a_function_that_hangs() -> None:
    """It has a time limit of its own, so that it is known that no request was sent."""

    async def hang() -> str:
        await asyncio.Event().wait()
        return ""

    with pytest.raises(TokenRequestError, match="failed with TimeoutError") as caught:
        await read_secret(hang, time_limit=0.01)
    assert not caught.value.may_have_issued


async def test_a_function_that_blocks() -> None:
    """Its thread is left to itself, and nobody waits for it, whoever has set the time limit."""
    release, ended = threading.Event(), threading.Event()

    def block() -> str:
        release.wait(10)
        ended.set()
        return ""

    with pytest.raises(TokenRequestError, match="failed with TimeoutError"):
        await read_secret(block, time_limit=0.01)
    with anyio.move_on_after(0.01) as limit:
        await read_secret(block)
    assert limit.cancelled_caught
    assert not ended.is_set()
    release.set()


async def test_nothing_is_left_of_a_function_that_was_abandoned() -> None:
    """Not even the coroutine that it returns when nobody waits for it any more."""
    release, made = threading.Event(), list[Coroutine[Any, Any, str]]()

    def block() -> Coroutine[Any, Any, str]:
        release.wait(10)
        made.append(later("s3cr3t"))
        return made[0]

    with pytest.raises(TokenRequestError, match="failed with TimeoutError"):
        await read_secret(block, time_limit=0.3)  # it has begun by then
    release.set()
    await eventually(lambda: made and inspect.CORO_CLOSED == inspect.getcoroutinestate(made[0]))


async def test_cancelling_while_the_secret_is_read() -> None:
    """A cancelled mint is cancelled, not failed."""
    reading = asyncio.Event()

    async def hang() -> str:
        reading.set()
        await asyncio.Event().wait()
        return ""

    minting = asyncio.create_task(source(hang).mint())
    await reading.wait()
    minting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await minting


async def test_the_fingerprint_tells_a_rotation() -> None:
    """It changes with the secret and with the way to present it, and is too short to guess by."""
    mine = await source("s3cr3t").fingerprint()
    assert 8 == len(mine)
    assert mine == await source(lambda: later("s3cr3t")).fingerprint()
    others = [
        source("rotated"),
        source("s3cr3t", auth_method="client_secret_basic"),
        source("s3cr3t", audience="https://api.example.com"),
    ]
    assert mine not in [await other.fingerprint() for other in others]


async def test_the_fingerprint_of_a_secret_that_cannot_be_read() -> None:
    """It fails as the mint would."""
    with pytest.raises(TokenRequestError, match="failed with PermissionError"):
        await source(broken).fingerprint()
