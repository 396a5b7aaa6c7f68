"""From the URL in a configuration to the way to a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection

from mintonce.errors import UsageError
from mintonce_redis.recipes import Recipe
from mintonce_redis.routes import Address, Cluster, Route, Single, Watched
from mintonce_redis.sentinels import Sentinels

PREFIX = "mintonce:"
"""What the names of keys and channels begin with, unless something else is said."""


_OPTION = re.compile(r"[A-Za-z_]{1,40}")
_HOSTS = re.compile(r"((\[[^]]*\]|[^][:,]*)(:[0-9]+)?(,|$))*")


def _truth(value: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[value]


def _requirement(value: str) -> str:
    return {"none": "none", "optional": "optional", "required": "required"}[value]


_TEXT = ("client_name", "password", "prefix", "username")
_TLS_TEXT = ("ssl_ca_certs", "ssl_ca_path", "ssl_certfile", "ssl_ciphers", "ssl_keyfile")
_KNOWN: Mapping[str, Callable[[str], Any]] = {"db": int, **dict.fromkeys(_TEXT, str)}
_KNOWN_TLS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys((*_TLS_TEXT, "ssl_password"), str),
    "ssl_cert_reqs": _requirement,
    "ssl_check_hostname": _truth,
}
_KNOWN_SENTINEL: Mapping[str, Callable[[str], Any]] = {
    "sentinel_password": str,
    "sentinel_username": str,
}


def parse(url: str) -> tuple[Route, str]:
    """Return the way that a URL describes, and the prefix.

    Raises:
        UsageError: The URL makes no sense.

    """
    parts = _split(url)
    scheme = re.sub("^valkey", "redis", parts.scheme)
    secure, plain = scheme.startswith("rediss"), scheme.replace("rediss", "redis", 1)
    make = {
        "unix": _socket,
        "redis": _server,
        "redis+cluster": _cluster,
        "redis+sentinel": _sentinel,
    }.get(plain)
    if make is None:
        _refuse(
            "it must begin with redis:, rediss:, unix:, redis+cluster: or redis+sentinel:"
            " (with valkey in the place of redis, if you like)"
        )
    options = _options(parts, secure=secure, watched=plain == "redis+sentinel")
    prefix = options.pop("prefix", PREFIX)
    return make(parts, options, SSLConnection if secure else Connection), prefix


def _refuse(what: str) -> NoReturn:
    # No message holds the URL, nor any part of it: there may be a password in each of them.
    raise UsageError(f"the URL of a RedisStore: {what}")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None:
        _refuse("it cannot be read")
    if parts.fragment:
        _refuse("write # as %23")
    return parts


def _options(parts: SplitResult, *, secure: bool, watched: bool) -> dict[str, Any]:
    known = {**_KNOWN, **(_KNOWN_TLS if secure else {}), **(_KNOWN_SENTINEL if watched else {})}
    options: dict[str, Any] = {}
    try:
        for name, value in parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True):
            if name not in known or name in options:
                which = "" if name in known else _named(name, parts)
                _refuse(f"its options are {', '.join(sorted(known))}, each at most once{which}")
            options[name] = known[name](value)
    except (KeyError, ValueError):
        options = {"?": parts.query}
    if "?" in options and parts.query:
        _refuse("an option after ? has a value that makes no sense")
    options.pop("?", None)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    given = {"username": unquote(user), "password": unquote(password)}
    return {**options, **{name: value for name, value in given.items() if value}}


def _named(name: str, parts: SplitResult) -> str:
    # A password with a ? in it looks like this, too. But then a host follows after an @, or what
    # stands for the host is the name of a user and the beginning of the password.
    is_option = "@" not in unquote(parts.query) and _OPTION.fullmatch(name)
    if not is_option or not _HOSTS.fullmatch(parts.netloc.rpartition("@")[2]):
        return ""
    return f"; {name} is none of them"


def _addresses(parts: SplitResult, port: int) -> list[Address]:
    addresses: list[Address] = []
    for place in parts.netloc.rpartition("@")[2].split(","):
        try:
            one = urlsplit(f"//{place}")
            addresses.append((one.hostname or "", one.port or port))
        except ValueError:
            addresses.append(("", 0))
    if not all(host for host, _ in addresses):
        _refuse("after // it needs a host, or host:port (in a password, write / as %2F, @ as %40)")
    return addresses


def _take_db(path: str, options: dict[str, Any]) -> None:
    number = path.strip("/")
    if number and not (number.isascii() and number.isdigit()):
        _refuse("after the host there can only be the number of a database, such as /0")
    options.setdefault("db", int(number or 0))


def _one(options: Mapping[str, Any], kind: type[Any], name: str, **address: Any) -> Route:
    return Single(f"{name}/{options['db']}", Recipe.of(kind, {**options, **address}))


def _socket(parts: SplitResult, options: dict[str, Any], _: type[Connection]) -> Route:
    path = unquote(parts.path)
    if parts.netloc.rpartition("@")[2] or not path.startswith("/") or path == "/":
        _refuse("a socket needs an absolute path after two slashes: unix:///run/valkey/valkey.sock")
    options.setdefault("db", 0)
    return _one(options, UnixDomainSocketConnection, path, path=path)


def _server(parts: SplitResult, options: dict[str, Any], kind: type[Connection]) -> Route:
    addresses = _addresses(parts, 6379)
    if len(addresses) > 1:
        _refuse("several hosts are a cluster or sentinels: redis+cluster: or redis+sentinel:")
    _take_db(parts.path, options)
    [(host, port)] = addresses
    return _one(options, kind, f"{host}:{port}", host=host, port=port)


def _cluster(parts: SplitResult, options: dict[str, Any], kind: type[Connection]) -> Route:
    _take_db(parts.path, options)
    if options["db"]:
        _refuse("a cluster has the database 0 only")
    return Cluster(_addresses(parts, 6379), Recipe.of(kind, options))


def _sentinel(parts: SplitResult, options: dict[str, Any], kind: type[Connection]) -> Route:
    addresses = _addresses(parts, 26379)
    service, _, number = unquote(parts.path).strip("/").partition("/")
    if not service:
        _refuse("after the sentinels it needs the name of a service: redis+sentinel://host/name/0")
    _take_db(number, options)
    login = {
        name.removeprefix("sentinel_"): options.pop(name)
        for name in _KNOWN_SENTINEL
        if name in options
    }
    tls = {name: value for name, value in options.items() if name.startswith("ssl_")}
    to_sentinel = Recipe.of(kind, {**login, **tls})
    openers = [partial(to_sentinel.connect, host=host, port=port) for host, port in addresses]
    discover = Sentinels(service, openers).master
    return Watched(f"master {service}", Recipe.of(kind, options), discover)
