"""Calls with httpx or httpx2: authentication that puts the token on them."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from mintonce.bearer import AUTHORIZATION, Bearer, header
from mintonce.errors import UsageError
from mintonce.manager import TokenManager
from mintonce.token import Token

if TYPE_CHECKING:
    import httpx
    import httpx2

    class _Auth(httpx.Auth, httpx2.Auth):  # type: ignore[misc]  # each has its own Request
        pass


def _installed() -> Iterator[Any]:
    """Find the clients; one of the two is enough."""
    for name in ("httpx", "httpx2"):
        with suppress(ImportError):
            yield import_module(name)


_CLIENTS = [*_installed()]
if not _CLIENTS:
    raise ImportError("mintonce.httpx needs httpx or httpx2: pip install 'mintonce[httpx2]'")

if not TYPE_CHECKING:
    # Each client wants an authentication to be of its own kind.
    _Auth = type("_Auth", tuple(dict.fromkeys(client.Auth for client in _CLIENTS)), {})


class BearerAuth(_Auth):
    """Puts a token on each call of an API, and answers a 401 with another token, once.

    ::

        async with httpx2.AsyncClient(auth=BearerAuth(tokens)) as client:
            response = await client.get("https://api.example.com/orders")

    The token goes to the origins of the API only; calls of others pass as they are, and their
    answers renew nothing. So do calls that bring an Authorization header of their own. On a
    redirect to another origin the client drops the token, also if that one was named. A call never
    goes out without a token: where there is none, `TokenManager.get` raises.

    When the API answers 401 and names ``invalid_token`` or no error (RFC 6750 section 3.1), the
    token is reported to `TokenManager.invalidate`, and what was answered so is sent once more with
    another one: of a chain of redirects its last request alone. If there is no other token, or if
    the body cannot be sent again (one that comes from a generator or a pipe), the caller gets the
    401 as it came. Later calls go out with the newest token there is, because not all of an API may
    reject it.

    Args:
        tokens: Where tokens come from. It stays yours to close.
        origins: Where tokens may go, such as ``"https://api.example.com"``: one or several. None:
            the origin of the first call, which has to be https or on this host.

    Raises:
        UsageError: Something else was given, or the client is not an ``AsyncClient``.

    """

    def __init__(self, tokens: TokenManager, *, origins: str | Iterable[str] | None = None) -> None:
        self._bearer = Bearer(tokens, origins)

    async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
        """Send one call, with its redirects; the client does this."""
        # In this order: a call that has its own way to log in says nothing of where tokens may go.
        if AUTHORIZATION in request.headers or not self._admits(request):
            yield request
            return
        bearer, token = self._bearer, await self._bearer.token()
        sent, has_failed = [request], False
        try:
            request.headers[AUTHORIZATION] = header(token)
            response = yield request
            sent += _requests_of(response)
            if not await self._is_rejected(response, token):
                return
            other, last = await bearer.another(), response.request
            if other is None or not _can_be_sent_again(last):
                return
            last.headers[AUTHORIZATION] = header(other)
            response = yield last
            sent += _requests_of(response)
            await self._is_rejected(response, other)
        except GeneratorExit:
            has_failed = True
        finally:
            # Answers show their requests. And who sends one of them once more, or the next one of a
            # redirect, must not bring this token for its own.
            _take_back(sent)
        if has_failed:
            # Only now that this generator has no error of its own is that of the call to be seen.
            _take_back(_requests_in(sys.exc_info()[1]))

    def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:  # noqa: ARG002 - it is refused
        """Refuse: there is no event loop to get a token on."""
        return _refuse()

    def _admits(self, request: Any) -> bool:
        url = request.url
        return self._bearer.origins.admit(url.scheme, url.raw_host.decode("ascii"), url.port)

    async def _is_rejected(self, response: Any, token: Token) -> bool:
        # The last answer of a chain may be that of a stranger.
        last = response.request
        if last.headers.get(AUTHORIZATION) != header(token) or not self._admits(last):
            return False
        challenges = response.headers.get_list("www-authenticate")
        return await self._bearer.is_rejected(token, response.status_code, challenges)

    def __repr__(self) -> str:
        return f"BearerAuth({self._bearer.origins!r})"


def _refuse() -> NoReturn:
    raise UsageError("BearerAuth needs an AsyncClient: mintonce is asyncio all through")


def _requests_of(response: Any) -> Iterator[Any]:
    """All that was sent, and what would be sent next if redirects are not followed."""
    for one in (*response.history, response):
        yield one.request
        if one.next_request is not None:
            yield one.next_request


def _requests_in(error: Any) -> Iterator[Any]:
    """What an error of a client shows: where a redirect led, for instance."""
    is_of_a_client = isinstance(error, tuple(client.RequestError for client in _CLIENTS))
    if is_of_a_client:
        with suppress(RuntimeError):  # it shows none
            yield error.request


def _take_back(requests: Iterable[Any]) -> None:
    for request in requests:
        request.headers.pop(AUTHORIZATION, None)


def _can_be_sent_again(request: Any) -> bool:
    body = request.stream
    if isinstance(body, tuple(client.ByteStream for client in _CLIENTS)):
        return True
    parts = getattr(body, "fields", ())  # of a multipart body
    return bool(parts) and all(_can_be_rewound(part) for part in parts)


def _can_be_rewound(part: Any) -> bool:
    file = getattr(part, "file", b"")
    try:
        return isinstance(file, str | bytes) or bool(file.seekable())
    except (AttributeError, ValueError):  # it can only be read, or is closed by now
        return False
