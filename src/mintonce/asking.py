"""Asks a source for a token, and lets nothing out of it but a token or a `TokenRequestError`."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

from mintonce.cancellation import is_asked_for
from mintonce.clock import Clock
from mintonce.credentials.redaction import Redactor
from mintonce.credentials.source import PreparingSource, RotatingSource, TokenSource
from mintonce.errors import TokenRequestError
from mintonce.foreign import stand_in
from mintonce.ledger import Quota
from mintonce.limits import time_limit
from mintonce.token import Secret, Token, from_response, seconds

T = TypeVar("T")

Send = Callable[[], Awaitable[Mapping[str, Any]]]
"""Sends one token request and returns the members of the answer."""


_PREPARING = 10.0
"""Seconds that a source may take before it sends. Meanwhile it holds the lease of all others."""


class Answer(NamedTuple):
    """What a token request brought: a token, and what the server said of its own count."""

    token: Token
    quotas: tuple[Quota, ...]


class Asking:
    """How this package talks to a source, which anybody can write.

    Args:
        source: Sends token requests.
        clock: Tells when one was sent.
        timeout: Seconds after which a request without an answer is given up.

    """

    def __init__(self, source: TokenSource, clock: Clock, timeout: float) -> None:
        self._source = source
        self._clock = clock
        self._timeout = timeout

    async def prepare(self) -> Send:
        """Have the source do what is slow and sends nothing; return what sends.

        Raises:
            TokenRequestError: It could not.

        """
        source = self._source
        if not isinstance(source, PreparingSource):
            return source.mint
        return await _guarded(
            lambda: _within(_PREPARING, source.prepare(timeout=self._timeout)),
            may_have_issued=False,
        )

    async def send(self, send: Send, *, old: Token | None = None) -> Answer:
        """Send one token request; `old` is the token that is to be replaced.

        Raises:
            TokenRequestError: No token that is of any use came of it.

        """
        started = self._clock.steady()
        try:
            response = await self._response(send)
        except TokenRequestError as error:
            if old:
                _hide(old.access_token, error)
            raise
        _check_kind(response)
        _check_same(response, old)
        # Where the wall clock stepped meanwhile, the start is told in its present terms.
        wall, elapsed = self._clock.wall(), self._clock.steady() - started
        answer = await _guarded(
            partial(_read, response, wall, wall - elapsed), may_have_issued=True
        )
        token = answer.token
        if token.remaining(wall) <= 0:
            raise TokenRequestError(
                f"the token lives {token.lifetime:g} s, and was over when it came",
                may_have_issued=True,
            )
        return answer

    async def fingerprint(self) -> str | None:
        """Return the fingerprint of the present credentials, where the source can tell."""
        source = self._source
        if not isinstance(source, RotatingSource):
            return None
        try:
            return await _guarded(
                lambda: _within(_PREPARING, source.fingerprint()), may_have_issued=False
            )
        except TokenRequestError:
            return None

    async def _response(self, send: Send) -> Mapping[str, Any]:
        try:
            async with time_limit(self._timeout):
                return await _guarded(partial(_members, send), may_have_issued=True)
        except TimeoutError:
            pass  # told below: from here, frames that hold the secret would come along with it
        raise TokenRequestError(
            f"the authorization server gave no answer within {self._timeout:g} s",
            may_have_issued=True,
        )


def _hide(token: str, error: TokenRequestError) -> None:
    """Leave a token out of what a server says of it; this source need not know it."""
    hide = Redactor(Secret(token)).hide
    error.args = tuple(hide(arg) if isinstance(arg, str) else arg for arg in error.args)
    error.error = hide(error.error) if isinstance(error.error, str) else error.error


async def _within(seconds: float, call: Awaitable[T]) -> T:
    async with time_limit(seconds):
        return await call


async def _members(send: Send) -> Mapping[str, Any]:
    answer: Any = send()
    found: Mapping[str, Any] = await answer if inspect.isawaitable(answer) else answer
    return found


async def _read(response: Mapping[str, Any], now: float, requested_at: float) -> Answer:
    quotas = tuple(
        Quota(quota.limit, quota.remaining, now + quota.resets_in)
        for quota in getattr(response, "quotas", ())
    )
    return Answer(from_response(response, requested_at=requested_at), quotas)


def _check_kind(response: object) -> None:
    # Anybody can write a source.
    if not isinstance(response, Mapping):
        raise TokenRequestError(
            "mint() of the token source must return a mapping of the members of the answer, not"
            f" {type(response).__name__}",
            may_have_issued=True,
        )


def _check_same(response: Mapping[str, Any], old: Token | None) -> None:
    """Tell the end of a token from a token that was useless from the start.

    Some servers hand out one token until it is over, and tell its life in whole seconds: of the
    last of them nothing is left. After that there is another token.
    """
    if (
        old
        and response.get("access_token") == old.access_token
        and seconds(response.get("expires_in")) == 0
    ):
        raise TokenRequestError(
            "the authorization server handed out the token again that has just run out",
            may_have_issued=True,
            retry_after=1.0,
        )


async def _guarded(call: Callable[[], Awaitable[T]], *, may_have_issued: bool) -> T:
    """Await what a source does; turn whatever it raises into a `TokenRequestError`."""
    try:
        return await call()
    except TokenRequestError:
        raise
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and is_asked_for():
            raise
        kind, cause = type(error).__name__, stand_in(error)
    # Its text is not repeated: nobody knows what it holds. Nor does it come along as the context.
    message = f"the token source failed with {kind}"
    raise TokenRequestError(message, may_have_issued=may_have_issued) from cause
