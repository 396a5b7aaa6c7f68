"""The client credentials grant of RFC 6749 section 4.4, as a source of tokens."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import math
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import InitVar, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

from mintonce.credentials import parameters as check
from mintonce.credentials.authentication import SecretProvider, read_secret
from mintonce.credentials.parameters import Requested, address
from mintonce.errors import TokenRequestError
from mintonce.token import DEFAULT_LIFETIME, Secret, seconds

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from mintonce.credentials.answer import TokenResponse
    from mintonce.credentials.endpoint import TokenRequest

_VERSION = 1
"""Part of every key. To be raised when what a key covers changes, so that old records are left."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClientCredentials:
    """A client that authenticates with a secret and asks for tokens in its own name.

    Attributes:
        token_url: The token endpoint: https, or http on this host.
        client_id: The name of the client.
        client_secret: The secret, or a function that returns it, called for each token request, so
            that a rotated secret is picked up. A plain function runs in a thread and may block; an
            async function runs on the loop. Both have 5 s. What they return is sent as it is, and
            a line break at its end is refused.
        audience: The API that the token is for, where the server asks for it like Auth0 does.
        scope: What the token is to allow: a string with spaces, or several strings.
        resource: The same as absolute URIs after RFC 8707.
        extra: Further parameters of the token request, as the server documents them.
        auth_method: Where the secret goes: ``client_secret_post`` or ``client_secret_basic``.
        default_lifetime: Seconds that a token is good for if the answer does not say it.
        session: A session of yours to send with, for a proxy or an SSL context. It is not closed.
            None of its credentials, middlewares or redirects are used. It belongs to one event
            loop. Without it each token request has a session of its own, and the proxies and the
            netrc file of the environment are ignored.
        key: The name of the token in the store. It covers all of the above that changes the token,
            and no secret.
        ledger_key: The name of the ledger, one for each client of each server.

    Raises:
        UsageError: Some of it makes no sense; the message says what to change.

    """

    token_url: str
    client_id: str
    client_secret: InitVar[str | SecretProvider]
    audience: str | None = None
    scope: str | Iterable[str] | None = None
    resource: str | Iterable[str] | None = None
    extra: Mapping[str, str] | None = None
    auth_method: str = "client_secret_post"
    default_lifetime: float = DEFAULT_LIFETIME
    session: ClientSession | None = None
    key: str = field(init=False)
    ledger_key: str = field(init=False)
    _secret: Secret | SecretProvider = field(init=False)
    _parameters: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self, client_secret: str | SecretProvider) -> None:
        audience, scope = check.audience(self.audience), check.scope(self.scope)
        resource, extra = check.resources(self.resource), check.further(self.extra)
        check.session(self.session)
        form = _form(audience, scope, resource, extra)
        server = (check.token_url(self.token_url), check.client_id(self.client_id))
        self._set(
            audience=audience,
            scope=scope,
            resource=resource,
            extra=extra,
            auth_method=check.auth_method(self.auth_method),
            default_lifetime=check.lifetime(self.default_lifetime),
            # Not the method of authentication: it does not change what the token is good for.
            key=_name("token", *server, sorted(map(_unordered, form))),
            ledger_key=sys.intern(_name("ledger", *server)),  # one for thousands of tenants
            _secret=check.client_secret(client_secret),
            _parameters=form,
        )

    def __repr__(self) -> str:
        return (
            f"ClientCredentials(token_url={address(self.token_url)!r},"
            f" client_id={self.client_id!r}, audience={self.audience!r}, scope={self.scope!r})"
        )

    def for_(self, **parameters: Unpack[Requested]) -> ClientCredentials:
        """Return the same client, asking for other tokens.

        Args:
            parameters: ``audience``, ``scope``, ``resource`` or ``extra``. What is not named stays
                as it is here; None leaves a parameter out.

        Raises:
            UsageError: Some of it makes no sense, or would make it another client.

        """
        check.requested(parameters)
        secret: Any = self._secret  # as it is, so that it is nowhere else
        return replace(self, client_secret=secret, **parameters)

    async def mint(self) -> TokenResponse:
        """Send one token request, and wait for the answer as long as the caller does.

        Returns:
            The members of the token response. `default_lifetime` stands in for an ``expires_in``
            that is missing or not a number.

        Raises:
            TokenRequestError: The secret could not be had, the server could not be reached, it
                refused, or its answer makes no sense.

        """
        send = await self.prepare()
        return await send()

    async def prepare(self, *, timeout: float = math.inf) -> Callable[[], Awaitable[TokenResponse]]:
        """Read the secret, and return what sends one token request.

        Args:
            timeout: Seconds that the request will have. Half of them are for the connection, so
                that a server that cannot be reached is not taken for one that does not answer.

        Raises:
            TokenRequestError: The secret could not be had, or the session is closed.

        """
        # aiohttp takes longer to import than all the rest together, and most processes never mint.
        from mintonce.credentials.endpoint import (  # noqa: PLC0415 - as said
            CONNECT_TIMEOUT,
            TokenRequest,
        )

        self._check_session()
        secret = await read_secret(self._secret)
        request = TokenRequest(
            self.token_url, self._parameters, self.client_id, secret, self.auth_method
        )
        return partial(self._send, request, min(CONNECT_TIMEOUT, timeout / 2))

    async def fingerprint(self) -> str:
        """Return eight characters that change when the secret or the way to present it does.

        They are few on purpose: enough to notice a rotation, too few to confirm a guess.

        Raises:
            TokenRequestError: The function that provides the secret failed.

        """
        secret = await read_secret(self._secret)
        message = f"{self.auth_method} {secret.reveal()}"
        return hmac.digest(self.key.encode(), message.encode(), "sha256").hex()[:8]

    def _check_session(self) -> None:
        if self.session is None:
            return
        if self.session.closed:
            raise TokenRequestError("the session= that was given is closed")
        # A private name, so without it there is no check, and an error that says less.
        loop = asyncio.get_running_loop()
        if getattr(self.session, "_loop", loop) is not loop:
            raise TokenRequestError("the session= that was given belongs to another event loop")

    async def _send(self, request: TokenRequest, connect_timeout: float) -> TokenResponse:
        from mintonce.credentials.endpoint import request_token  # noqa: PLC0415 - as in prepare

        response = await request_token(
            request, session=self.session, connect_timeout=connect_timeout
        )
        if seconds(response.get("expires_in")) is None:
            response["expires_in"] = self.default_lifetime
        return response

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)


def _form(
    audience: str | None, scope: str | None, resource: Iterable[str], extra: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    single = {"grant_type": "client_credentials", "audience": audience, "scope": scope}
    return (
        *((name, value) for name, value in single.items() if value),
        *(("resource", uri) for uri in resource),
        *extra.items(),
    )


def _name(kind: str, *parts: object) -> str:
    # JSON keeps the parts apart, so that no two lists of parts are written the same.
    text = json.dumps([_VERSION, kind, *parts])
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def _unordered(parameter: tuple[str, str]) -> tuple[str, list[str]]:
    """The order of the parts of a scope means nothing (RFC 6749 section 3.3)."""
    name, value = parameter
    return name, sorted(value.split(" ")) if name == "scope" else [value]
