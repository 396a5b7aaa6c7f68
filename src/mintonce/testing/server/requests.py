"""A token request: as it arrived, and as it is written down."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

AuthMethod = Literal["client_secret_basic", "client_secret_post"]

_NEVER_WRITTEN_DOWN = ("client_secret", "client_assertion")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What a client sent to the token endpoint, before any of it is believed."""

    content_type: str
    authorization: str | None = field(repr=False)
    fields: MultiDictProxy[str] = field(repr=False)
    query: MultiDictProxy[str] = field(repr=False)

    @classmethod
    async def read(cls, request: web.Request) -> TokenRequest:
        """Wait for the whole of the request."""
        body = (await request.read()).decode(errors="replace")
        return cls(
            content_type=request.content_type,
            authorization=request.headers.get("Authorization"),
            # Without a value it counts as omitted (RFC 6749 section 3.2): parse_qsl drops it.
            fields=MultiDictProxy(MultiDict(parse_qsl(body))),
            query=MultiDictProxy(MultiDict(request.query)),
        )

    @property
    def auth_method(self) -> AuthMethod | None:
        """How the client tries to show who it is; an ``Authorization`` header goes first."""
        if self.authorization is not None:
            return "client_secret_basic"
        return "client_secret_post" if "client_secret" in self.fields else None

    @property
    def credentials(self) -> tuple[str | None, str | None]:
        """The client's id and secret, in clear."""
        if self.authorization is not None:
            return _basic(self.authorization)
        return self.fields.get("client_id"), self.fields.get("client_secret")

    @property
    def form(self) -> MultiDictProxy[str]:
        """The parameters of the body without any secret."""
        public = ((n, v) for n, v in self.fields.items() if n not in _NEVER_WRITTEN_DOWN)
        return MultiDictProxy(MultiDict(public))


def _basic(authorization: str) -> tuple[str | None, str | None]:
    """Id and secret, each form-encoded before they were joined (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        joined = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    if scheme.lower() != "basic":
        return None, None
    client_id, _, secret = joined.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedRequest:
    """One token request in ``server.log``: what was asked and what came of it, without secrets.

    Attributes:
        at: When it arrived, in Unix seconds.
        client_id: Who it said it was from.
        auth_method: How it meant to prove that.
        form: Its parameters, without the secret; ``form.getall("resource")`` where one repeats.
        status: What it is answered with; ``None`` when the connection is reset or left hanging.
        issued: Whether a token was minted for it.
        fingerprint: The first twelve hexadecimal digits of the SHA-256 of the token handed out.

    """

    at: float
    client_id: str | None
    auth_method: AuthMethod | None
    form: MultiDictProxy[str]
    status: int | None
    issued: bool
    fingerprint: str | None
