"""One POST to a token endpoint, and what came back. The only place that knows aiohttp."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from aiohttp.hdrs import AUTHORIZATION

from mintonce.credentials.answer import Answer, Reader, TokenResponse
from mintonce.credentials.authentication import AUTH_METHODS, Proof
from mintonce.credentials.parameters import address
from mintonce.credentials.redaction import Redactor
from mintonce.errors import TokenRequestError
from mintonce.token import Secret

MAX_ANSWER = 64 * 1024
"""Bytes of an answer that are read, after decompression. A token is rarely longer than 4 KiB."""

CONNECT_TIMEOUT = 5.0
"""Seconds to get a connection, so that "not sent" can be told from "sent, and no answer"."""

_EXPLANATION = 1.0
"""Seconds to wait for the content of an answer that is no token response."""

_NOT_SENT = (
    aiohttp.ClientConnectorError,  # DNS, TCP, TLS, or the proxy
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    UnicodeError,  # a host name that DNS cannot express
)
"""What is raised before the first byte of the request is on its way."""

_REASONS: Mapping[type[Exception], str] = {
    aiohttp.ConnectionTimeoutError: "no connection in time",
    aiohttp.ClientConnectorDNSError: "no such host, or no name server",
    aiohttp.InvalidURL: "no such host",
    UnicodeError: "no such host",
    aiohttp.ServerFingerprintMismatch: "TLS failed, another certificate than the session expects",
    aiohttp.ClientHttpProxyError: "the proxy of the session refuses",
    aiohttp.ClientResponseError: "what came is not HTTP",
}

_PRIVATE_CA = "for a private CA, set SSL_CERT_FILE, or pass a session= with its own SSL context"

_PROOF = re.compile(r"(?:assertion|code|password|secret|token)$")
"""How parameters end that prove something (RFC 6749, RFC 7521, RFC 8693)."""

_HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/x-www-form-urlencoded",
}


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """One token request (RFC 6749 section 4.4.2).

    Attributes:
        url: The token endpoint.
        parameters: What is asked for, without what proves who asks.
        client_id: Who asks.
        secret: What proves it.
        auth_method: How it proves it, one of `AUTH_METHODS`.

    """

    url: str
    parameters: tuple[tuple[str, str], ...] = field(repr=False)
    client_id: str
    secret: Secret
    auth_method: str = "client_secret_post"

    @property
    def proof(self) -> Proof:
        """What authenticates the client."""
        return AUTH_METHODS[self.auth_method](self.client_id, self.secret)

    @property
    def further_secrets(self) -> tuple[Secret, ...]:
        """What else must not be repeated: an assertion, a password, a token that is a parameter."""
        return tuple(Secret(value) for name, value in self.parameters if _PROOF.search(name))

    def body(self) -> bytes:
        """Encode the form (RFC 6749 appendix B)."""
        return urlencode([*self.parameters, *self.proof.parameters.items()]).encode()


async def request_token(
    request: TokenRequest,
    *,
    session: aiohttp.ClientSession | None = None,
    connect_timeout: float = CONNECT_TIMEOUT,
) -> TokenResponse:
    """Send `request` once, and wait for the answer as long as the caller does.

    Raises:
        TokenRequestError: No token came of it. Says whether one may exist all the same.

    """
    answer = await _send(request, session, connect_timeout)
    clean = Redactor(request.secret, request.further_secrets)
    return Reader(request.url, clean, now=time.time()).read(answer)


async def _send(
    request: TokenRequest, session: aiohttp.ClientSession | None, connect_timeout: float
) -> Answer:
    authorization = _Authorization(request.proof)
    try:
        async with _session(session) as ready:
            return await _exchange(request, ready, authorization, connect_timeout)
    except (aiohttp.ClientError, OSError, UnicodeError) as error:
        failure = _failure(request.url, error)
    except ValueError:
        if authorization.passed:
            raise
        failure = TokenRequestError("the session= that was given adds credentials of its own")
    # Raised out here: aiohttp's exception and its frames hold the request, so it is not chained.
    raise failure


@asynccontextmanager
async def _session(
    given: aiohttp.ClientSession | None,
) -> AsyncGenerator[aiohttp.ClientSession, None]:
    if given is not None:
        yield given
        return
    # Mints are rare, so nothing is kept open. Nothing comes from the environment: a netrc entry
    # would replace the client's own credentials. No cookies: there is nothing to remember.
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )
    async with session:
        yield session


async def _exchange(
    request: TokenRequest,
    session: aiohttp.ClientSession,
    authorization: _Authorization,
    connect_timeout: float,
) -> Answer:
    async with session.post(
        request.url,
        data=request.body(),
        headers=_HEADERS,
        allow_redirects=False,
        raise_for_status=False,
        auto_decompress=True,
        timeout=aiohttp.ClientTimeout(total=None, connect=connect_timeout),
        middlewares=(authorization,),
    ) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        body, flaw = await _read(response)
        return Answer(response.status, headers, body, flaw)


@dataclass(slots=True)
class _Authorization:
    """Takes the place of a session's own middlewares, and of any credentials that it would add.

    Attributes:
        proof: What authenticates the client.
        passed: Whether the request got here. Before that, certainly nothing was sent.

    """

    proof: Proof
    passed: bool = False

    async def __call__(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        self.passed = True
        request.headers.popall(AUTHORIZATION, None)
        if self.proof.authorization:
            request.headers[AUTHORIZATION] = self.proof.authorization
        return await send(request)


async def _read(response: aiohttp.ClientResponse) -> tuple[bytes, str | None]:
    """Return the content, or what is wrong with it: the status has come, and means something."""
    body = bytearray()
    # A refusal is one also if its explanation never comes. A token is worth waiting for.
    limit = None if response.status in range(200, 300) else _EXPLANATION
    try:
        async with asyncio.timeout(limit):
            async for chunk in response.content.iter_chunked(8192):
                body += chunk
                if len(body) > MAX_ANSWER:
                    return b"", f"is longer than {MAX_ANSWER // 1024} KiB"
    except TimeoutError:
        return b"", "did not come in time"
    except (aiohttp.ClientError, OSError):
        return b"", "broke off"
    return bytes(body), None


def _failure(url: str, error: Exception) -> TokenRequestError:
    certain = isinstance(error, _NOT_SENT)
    what = "cannot be reached" if certain else "was asked, but no answer came"
    return TokenRequestError(
        f"{address(url)} {what}: {_reason(error)}", may_have_issued=not certain
    )


def _reason(error: Exception) -> str:
    """Say what happened, in words of ours or of the system: never in those of the server."""
    if isinstance(error, aiohttp.ClientSSLError):
        return f"{_tls(error.os_error)} ({_PRIVATE_CA})"
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return reason
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else "the connection was closed"


def _tls(error: OSError) -> str:
    message = getattr(error, "verify_message", None) or getattr(error, "reason", None)
    return f"TLS failed, {message or 'no more is known'}"
