"""Calls with aiohttp: a client middleware that puts the token on them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, hdrs
from aiohttp.payload import Payload
from yarl import URL

from mintonce.bearer import AUTHORIZATION, Bearer, header
from mintonce.hops import Hops
from mintonce.manager import TokenManager
from mintonce.token import Token


class BearerAuth:
    """Puts a token on each call of an API, and answers a 401 with another token, once.

    ::

        async with aiohttp.ClientSession(middlewares=[BearerAuth(tokens)]) as session:
            async with session.get("https://api.example.com/orders") as response: ...

    The token goes to the origins of the API only, on redirects too; calls of others pass as they
    are, and their answers renew nothing. So do calls that bring an Authorization header of their
    own. A call never goes out without a token: where there is none, `TokenManager.get` raises.

    When the API answers 401 and names ``invalid_token`` or no error (RFC 6750 section 3.1), the
    token is reported to `TokenManager.invalidate`, and the call is sent once more with another one.
    If there is none, or if the body cannot be sent again (one that comes from a generator or a
    pipe), the caller gets the 401 as it came. Later calls go out with the newest token there is,
    because not all of an API may reject it.

    Args:
        tokens: Where tokens come from. It stays yours to close.
        origins: Where tokens may go, such as ``"https://api.example.com"``: one or several. None:
            the origin of the first call, which has to be https or on this host.

    Raises:
        UsageError: Something else was given.

    """

    def __init__(self, tokens: TokenManager, *, origins: str | Iterable[str] | None = None) -> None:
        self._bearer = Bearer(tokens, origins)
        self._hops = Hops()

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send one call; aiohttp does this for each hop of a redirect."""
        bearer, url = self._bearer, request.url
        # In this order: a call that has its own way to log in says nothing of where tokens may go.
        if AUTHORIZATION in request.headers or self._was_led_to(url):
            return await self._let_pass(request, handler)
        if not bearer.origins.admit(url.scheme, url.raw_host, url.port):
            return await handler(request)
        token = await bearer.token()
        response = await _send(request, handler, token)
        with _closing_if_it_fails(response):
            if not await bearer.is_rejected(token, *_said(response)):
                return response
            other = await bearer.another()
        if other is None or _is_used_up(request):
            return response
        # In this order, as aiohttp has it: a writer that is still busy must not touch the next try.
        response.release()
        await request.close()
        request.update_expect_continue()  # if it is to be asked for, then anew
        response = await _send(request, handler, other)
        with _closing_if_it_fails(response):
            await bearer.is_rejected(other, *_said(response))
        return response

    def _was_led_to(self, url: URL) -> bool:
        return not self._bearer.origins.are_known and self._hops.is_next(url)

    async def _let_pass(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        response = await handler(request)
        if not self._bearer.origins.are_known:
            self._hops.note(response)
        return response

    def __repr__(self) -> str:
        return f"BearerAuth({self._bearer.origins!r})"


async def _send(request: ClientRequest, handler: ClientHandlerType, token: Token) -> ClientResponse:
    request.headers[AUTHORIZATION] = header(token)
    try:
        return await handler(request)
    finally:
        # The answer, and errors that come of it, show the headers of the request. And a middleware
        # further out that tries again must not bring this token for its own.
        request.headers.popall(AUTHORIZATION, None)


@contextmanager
def _closing_if_it_fails(response: ClientResponse) -> Generator[None]:
    try:
        yield
    except BaseException:
        response.close()  # nobody gets to see it, and it would keep its connection
        raise


def _said(response: ClientResponse) -> tuple[int, Sequence[str]]:
    return response.status, response.headers.getall(hdrs.WWW_AUTHENTICATE, ())


def _is_used_up(request: ClientRequest) -> bool:
    # To send a used body again is to send an empty one, which an API may well answer with 200.
    body = request.body
    return isinstance(body, Payload) and body.consumed
