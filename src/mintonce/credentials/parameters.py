"""What a token request may be made of: each function checks one part, and gives it one form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypedDict
from urllib.parse import SplitResult, urlsplit

from mintonce.credentials.authentication import AUTH_METHODS, SecretProvider, flaw_of
from mintonce.errors import UsageError
from mintonce.token import MAX_LIFETIME, Secret

_OWN = {"grant_type", "client_id", "client_secret", "audience", "scope", "resource"}
_DEFAULT_PORTS = {"https": 443, "http": 80}


class Requested(TypedDict, total=False):
    """What `ClientCredentials.for_` takes: with other values it is still the same client.

    Attributes:
        audience: As in `ClientCredentials`, like all of them.
        scope: What the token is to allow.
        resource: Absolute URIs after RFC 8707.
        extra: Further parameters, in the place of all that were there.

    """

    audience: str | None
    scope: str | Iterable[str] | None
    resource: str | Iterable[str] | None
    extra: Mapping[str, str] | None


def requested(names: Iterable[str]) -> None:
    """Make sure that there are such parameters."""
    if unknown := sorted(set(names) - Requested.__annotations__.keys()):
        raise UsageError(
            f"for_ takes {', '.join(Requested.__annotations__)}, not {', '.join(unknown)}:"
            " for another client, make another TokenManager"
        )


def token_url(value: object) -> str:
    """Return the address of a token endpoint, in the one spelling that stands for all of it.

    RFC 6749 section 3.2: with TLS, without a fragment, perhaps with a query.
    """
    text = _text("token_url", value)
    found = _split(text)
    if found is None:
        # Not raised in there: that error repeats parts of it, and would come along.
        raise UsageError("token_url is not a URL: check its host and port")
    parts, port = found
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise UsageError("token_url must be an absolute URL such as https://auth.example.com/token")
    if flaw := _flaw_of_url(text, parts):
        raise UsageError(f"token_url {flaw}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return parts._replace(netloc=f"{host}{suffix}", path=parts.path or "/").geturl()


def _split(url: str) -> tuple[SplitResult, int | None] | None:
    try:
        return urlsplit(url), urlsplit(url).port
    except ValueError:
        return None


def address(url: str) -> str:
    """Return `url` as it may be shown: without its query, which is nobody's business."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _flaw_of_url(text: str, parts: SplitResult) -> str | None:
    # Parsers differ on the first two, so what is checked might not be what is asked.
    if " " in text or "\\" in text:
        return "holds a space or a backslash: remove it"
    if "@" in parts.netloc:
        return "must not hold credentials: use client_id= and client_secret="
    if "#" in text:
        return "must not have a fragment: remove what starts with #"
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        return "must be https://, since the secret and the token are readable on the way otherwise"
    return None


def is_loopback(host: str) -> bool:
    """Tell whether a host is this one, by spelling only: what it resolves to may change later."""
    from ipaddress import ip_address  # noqa: PLC0415 - most ask for https: URLs only

    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def client_id(value: object) -> str:
    """Return the client id (RFC 6749 section 2.2)."""
    return _text("client_id", value)


def client_secret(value: str | Secret | SecretProvider) -> Secret | SecretProvider:
    """Return the secret where no repr shows it, or the function that provides it."""
    if callable(value) or isinstance(value, Secret):
        return value
    if flaw := flaw_of(value):
        raise UsageError(f"client_secret is {flaw}")
    return Secret(value)


def auth_method(value: object) -> str:
    """Return the name of a client authentication method."""
    if not isinstance(value, str) or value not in AUTH_METHODS:
        raise UsageError(f"auth_method must be one of {', '.join(AUTH_METHODS)}")
    return value


def audience(value: object) -> str | None:
    """Return the audience."""
    return None if value is None or value == "" else _text("audience", value)


def scope(value: str | Iterable[str] | None) -> str | None:
    """Return the scope with one space between its parts, each of them once (section 3.3)."""
    parts = (part for several in _texts("scope", value) for part in several.split())
    return " ".join(dict.fromkeys(parts)) or None


def resources(value: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the resources, each an absolute URI without a fragment (RFC 8707 section 2)."""
    found = tuple(dict.fromkeys(_texts("resource", value)))
    for uri in found:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^#\s]+", uri):
            raise UsageError(f"resource {uri!r} is not an absolute URI without a fragment")
    return found


def further(value: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the parameters in `extra`, none of which may be one that has an option of its own."""
    try:
        given = dict(value or {})
    except (TypeError, ValueError):
        raise UsageError("extra must be a mapping of names to values") from None
    for name, text in given.items():
        if name in _OWN:
            raise UsageError(f"extra must not hold {name!r}: there is an option for it")
        _text("a name in extra", name)
        _text(f"extra[{name!r}]", text)
    return given


def session(value: object) -> None:
    """Make sure that this can send requests, if it is anything."""
    if value is not None and not callable(getattr(value, "post", None)):
        raise UsageError("session must be an aiohttp.ClientSession")


def lifetime(value: object) -> float:
    """Return a number of seconds that a token can be good for."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 < value <= MAX_LIFETIME
    ):
        raise UsageError(f"default_lifetime must be seconds, above 0 and up to {MAX_LIFETIME:.0f}")
    return float(value)


def _texts(name: str, value: str | Iterable[str] | None) -> Iterable[str]:
    # RFC 6749 section 3.2: a parameter without a value counts as left out.
    several = [value] * bool(value) if isinstance(value, str | None) else value
    try:
        return [_text(name, item) for item in several]
    except TypeError:
        raise UsageError(f"{name} must be a str or several of them") from None


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name} must be a str that is not empty")
    if not value.isprintable():
        raise UsageError(f"{name} holds a line break or another invisible character: remove it")
    return value
