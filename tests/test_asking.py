"""Whatever a source does, what comes out of it is a token or a TokenRequestError."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from making import NOW
from managing import Handmade, eventually
from mintonce import Token, TokenRequestError
from mintonce.asking import Answer, Asking
from mintonce.foreign import ForeignError
from mintonce.ledger import Quota
from mintonce.testing import ManualClock

pytestmark = pytest.mark.asyncio

Members = Mapping[str, Any]
ERRORS = [
    *(OSError("reset"), OSError(2**40, "no number that a system has"), OSError([], "no number")),
    *(TimeoutError(), KeyError("x"), asyncio.CancelledError()),
]


class Prepared(Handmade):
    """A source with everything that a source may have."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__()
        self.error = error

    async def prepare(self, *, timeout: float) -> Callable[[], Awaitable[Members]]:  # noqa: ARG002 - it needs none
        """Get ready, or fail."""
        if self.error:
            raise self.error
        return self.mint

    async def fingerprint(self) -> str:
        """Tell which credentials there are, or fail."""
        if self.error:
            raise self.error
        return "c0ffee00"


def asking(source: Handmade, clock: ManualClock | None = None) -> Asking:
    """Ask it, for a fifth of a second at most."""
    return Asking(source, clock or ManualClock(NOW), 0.2)


async def ask(source: Handmade) -> Answer:
    """Send one token request."""
    one = asking(source)
    return await one.send(await one.prepare())


async def test_a_token_comes_out() -> None:
    """Of a source that only mints, and of one that gets ready before."""
    for source in (Handmade(), Prepared()):
        answer = await ask(source)
        assert ("handmade-1", NOW + 3600) == (answer.token.access_token, answer.token.expires_at)
        assert () == answer.quotas


@pytest.mark.parametrize("error", ERRORS, ids=repr)
async def test_a_source_that_fails_while_it_mints(error: BaseException) -> None:
    """A token may exist; the text of the error may hold anything, so only its kind is told."""

    async def send() -> Members:
        raise error

    with pytest.raises(TokenRequestError, match=f"failed with {type(error).__name__}") as caught:
        await asking(Handmade()).send(send)
    assert caught.value.may_have_issued
    cause = caught.value.__cause__
    assert isinstance(cause, ForeignError)
    assert cause.__traceback__ is error.__traceback__
    assert caught.value.__context__ is cause.__context__ is None


async def test_what_a_server_says_of_the_old_token() -> None:
    """It may repeat what it has issued before, and not only what is asked for now."""
    source = Handmade()
    source.answers.append(TokenRequestError("400: t0k3n-1 is good", error="t0k3n-1", status=400))
    with pytest.raises(TokenRequestError) as caught:
        await asking(source).send(source.mint, old=Token("t0k3n-1", NOW, NOW - 1))
    assert ("400: … is good", "…", 400) == (
        *(str(caught.value), caught.value.error, caught.value.status),
    )


@pytest.mark.parametrize("error", ERRORS, ids=repr)
async def test_a_source_that_fails_before_it_mints(error: BaseException) -> None:
    """No token can exist."""
    with pytest.raises(TokenRequestError, match=f"failed with {type(error).__name__}") as caught:
        await ask(Prepared(error))
    assert not caught.value.may_have_issued


@pytest.mark.parametrize("error", [*ERRORS, TokenRequestError("no secret")], ids=repr)
async def test_credentials_that_cannot_be_told(error: BaseException) -> None:
    """Nobody knows which they are."""
    assert await asking(Prepared(error)).fingerprint() is None


async def test_credentials_that_can_be_told() -> None:
    """By sources that know how."""
    assert "c0ffee00" == await asking(Prepared()).fingerprint()
    assert await asking(Handmade()).fingerprint() is None


async def test_what_a_source_says_itself_is_passed_on() -> None:
    """It knows best what happened."""
    error = TokenRequestError("no", permanent=True)
    for source in (Handmade(), Prepared(error)):
        source.answers.append(error)
        with pytest.raises(TokenRequestError) as caught:
            await ask(source)
        assert caught.value is error


async def test_a_source_that_does_not_answer() -> None:
    """It is given up, and a token may exist."""
    source = Handmade()
    source.open.clear()
    with pytest.raises(TokenRequestError, match=r"no answer within 0\.2 s") as caught:
        await ask(source)
    assert caught.value.may_have_issued
    assert caught.value.__cause__ is caught.value.__context__ is None


async def test_who_is_cancelled_is_cancelled() -> None:
    """By the loop that ends: no error of the source."""
    source = Handmade()
    source.open.clear()
    task = asyncio.create_task(ask(source))
    await eventually(lambda: source.requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("answer", [None, "a token", [], {}, {"access_token": ["a"]}, 5])
async def test_an_answer_that_is_none(answer: Any) -> None:
    """It was paid for all the same."""

    async def send() -> Members:
        return answer  # type: ignore[no-any-return]  # what is wrong with it is the point

    with pytest.raises(TokenRequestError) as caught:
        await asking(Handmade()).send(send)
    assert caught.value.may_have_issued


async def test_a_source_that_is_written_wrong() -> None:
    """A plain ``mint`` is taken as it is; for what is no mapping, it is said what should be."""
    good = {"access_token": "plain", "expires_in": 60}
    for answer, told in ((good, None), ("a token", "must return a mapping .* not str")):
        plain: Any = lambda answer=answer: answer  # noqa: E731 - what is given is a function
        if told is None:
            assert "plain" == (await asking(Handmade()).send(plain)).token.access_token
        else:
            with pytest.raises(TokenRequestError, match=told):
                await asking(Handmade()).send(plain)


async def test_the_time_that_the_answer_took_is_taken_off() -> None:
    """By the steady clock; a wall clock that was set meanwhile is right in the end."""
    clock, source = ManualClock(NOW), Handmade(lifetime=600)

    async def send() -> Members:
        clock.advance(5)
        clock.step_wall(3600)
        return await source.mint()

    token = (await asking(source, clock).send(send)).token
    assert (NOW + 3600, 600) == (token.issued_at, token.lifetime)
    assert 595 == token.remaining(clock.wall())


async def test_a_token_that_is_over_when_it_comes() -> None:
    """It took longer than the token lives."""
    clock, source = ManualClock(NOW), Handmade(lifetime=5)

    async def send() -> Members:
        clock.advance(5)
        return await source.mint()

    with pytest.raises(TokenRequestError, match="was over when it came") as caught:
        await asking(source, clock).send(send)
    assert caught.value.may_have_issued


async def test_what_the_server_said_of_its_count() -> None:
    """Told in seconds from now, kept as a time."""

    class Response(dict[str, Any]):
        quotas = (SimpleNamespace(limit=100, remaining=7, resets_in=60.0),)

    async def send() -> Members:
        return Response(access_token="a", expires_in=60)

    answer = await asking(Handmade()).send(send)
    assert (Quota(100, 7, NOW + 60),) == answer.quotas
