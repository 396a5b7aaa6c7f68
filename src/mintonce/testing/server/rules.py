"""What a token request must be like, rule by rule; each refusal names its error code."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from mintonce.testing.server.reply import Reply
from mintonce.testing.server.requests import TokenRequest

_FORM = "application/x-www-form-urlencoded"


class Refused(Exception):
    """The request is not granted; ``reply`` says why (RFC 6749 section 5.2)."""

    def __init__(
        self,
        error: str,
        description: str,
        *,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{error}: {description}")
        members = {"error": error, "error_description": description}
        self.reply: Reply = Reply.json(members, status=status, headers=headers)


@dataclass(slots=True, kw_only=True)
class Rules:
    """What the server grants, and to whom: may be changed while it runs.

    So a test rotates a secret, ``server.rules.clients["orders"] = "new"``, or raises the quota.

    Attributes:
        clients: The secret of each client, by its id.
        lifetime: Seconds that a new token lives.
        quota: Tokens to be issued in the server's whole life; then 429. ``None``: no limit.
        quota_headers: Whether answers tell what is left of the quota, as Auth0's do.
        audiences: The values allowed as ``audience`` and ``resource``. ``None``: any.
        scopes: The scopes allowed. ``None``: any.

    """

    clients: dict[str, str] = field(repr=False)
    lifetime: float = 3600
    quota: int | None = None
    quota_headers: bool = False
    audiences: Collection[str] | None = None
    scopes: Collection[str] | None = None

    def check(self, asked: TokenRequest) -> str:
        """Say who asks, if they may have what they ask for.

        Who is not known learns nothing else: the client comes before its wishes.

        Raises:
            Refused: They may not.

        """
        _check_form(asked)
        client_id = _check_client(asked, self.clients)
        _check_grant(asked)
        if self.audiences is not None:
            _check_target(asked, self.audiences)
        if self.scopes is not None:
            _check_scope(asked, self.scopes)
        return client_id


def _check_form(asked: TokenRequest) -> None:
    """One form in the body, each parameter once, no secret in the URL (RFC 6749 section 3.2)."""
    if asked.content_type != _FORM:
        raise Refused("invalid_request", f"the body must be {_FORM}")
    if "client_secret" in asked.query:
        raise Refused("invalid_request", "a client secret must not be sent in the URL")
    # A resource may be named more than once (RFC 8707 section 2).
    repeated = {n for n in asked.fields if len(asked.fields.getall(n)) > 1} - {"resource"}
    if repeated:
        raise Refused("invalid_request", f"sent more than once: {', '.join(sorted(repeated))}")


def _check_client(asked: TokenRequest, clients: Mapping[str, str]) -> str:
    """One method of authentication, and the right secret (RFC 6749 section 2.3)."""
    client_id, secret = asked.credentials
    if asked.authorization is not None:
        if "client_secret" in asked.fields:
            raise Refused("invalid_request", "two methods of client authentication at once")
        if asked.fields.get("client_id", client_id) != client_id:
            raise Refused("invalid_request", "client_id is not the one in the header")
    if client_id is None or not _matches(clients.get(client_id), secret):
        challenge = {"WWW-Authenticate": 'Basic realm="token"'} if asked.authorization else None
        raise Refused("invalid_client", "wrong client id or secret", status=401, headers=challenge)
    return client_id


def _matches(expected: str | None, secret: str | None) -> bool:
    if expected is None or secret is None:
        return False
    return secrets.compare_digest(expected.encode(), secret.encode())


def _check_grant(asked: TokenRequest) -> None:
    """Client credentials, and nothing else (RFC 6749 section 4.4.2)."""
    grant_type = asked.fields.get("grant_type")
    if grant_type is None:
        raise Refused("invalid_request", "grant_type is missing")
    if grant_type != "client_credentials":
        raise Refused("unsupported_grant_type", "only client_credentials is served here")


def _check_target(asked: TokenRequest, audiences: Collection[str]) -> None:
    """An API that the server knows, asked for as Auth0 has it or as RFC 8707 does."""
    audience = asked.fields.get("audience")
    if audience is not None and audience not in audiences:
        raise Refused("access_denied", "no such audience", status=403)
    if not set(asked.fields.getall("resource", [])) <= set(audiences):
        raise Refused("invalid_target", "no such resource")


def _check_scope(asked: TokenRequest, scopes: Collection[str]) -> None:
    """Only scopes that may be granted (RFC 6749 section 3.3)."""
    if not set(asked.fields.get("scope", "").split()) <= set(scopes):
        raise Refused("invalid_scope", "a scope that this client may not have")
