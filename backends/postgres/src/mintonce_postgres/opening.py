"""From a URL to what asyncpg takes, without anything being connected."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from mintonce.errors import UsageError
from mintonce_postgres.statements import Place

_OPTIONS = frozenset(
    {
        *("application_name", "database", "dbname", "gsslib", "host", "krbsrvname", "passfile"),
        *("password", "port", "service", "sslcert", "sslcrl", "sslkey", "sslmode"),
        *("ssl_max_protocol_version", "ssl_min_protocol_version", "sslnegotiation", "sslpassword"),
        *("sslrootcert", "target_session_attrs", "user"),
    }
)
_OURS = frozenset({"schema", "table"})
_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_HOW = " (in a password, write @ as %40, : as %3A, / as %2F, ? as %3F and # as %23)"
_OPTION = re.compile(r"[A-Za-z_]{1,40}")
_HOST = re.compile(r"/.*|(?:\[[^\]]*\]|[^\[\]:/]*)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and how to get in: by one URL for each host that may be the one."""

    dsns: tuple[str, ...] = field(repr=False)  # there is a password in them
    label: str


class Opened(NamedTuple):
    """What a URL says."""

    address: Address
    place: Place


def parse(url: str) -> Opened:
    """Take a URL apart.

    Raises:
        UsageError: It makes no sense. What is said of it holds nothing of its user and password.

    """
    parts = _split(url)
    if parts is None or parts.scheme not in {"postgresql", "postgres"} or parts.fragment:
        raise UsageError(
            f"a store in PostgreSQL needs a URL such as postgresql://user@host:5432/database{_HOW}"
        )
    if parts.netloc.count("@") > 1 or "@" in parts.path + parts.query:
        # It may be the one that ends a password, so that what is in front of it is part of that.
        raise UsageError(f"the URL may have one @ only, between the user and the host{_HOW}")
    options = _options(parts.query, parts.netloc)
    hosts = _hosts(parts.netloc.rpartition("@")[2] or options.get("host", ""))
    path = "" if parts.path == "/" else parts.path  # a bare / would hide the name among the options
    database = unquote(path[1:]) or options.get("dbname") or options.get("database", "")
    kept = {name: value for name, value in options.items() if name not in _OURS}
    if "," in hosts:
        # Only the one that takes writes knows what was confirmed last.
        kept.setdefault("target_session_attrs", "read-write")
    dsns = tuple(
        f"postgresql://{netloc}{path}?{urlencode({**kept, **one})}"
        for netloc, one in _each(parts.netloc, kept)
    )
    place = Place(**{name: value for name, value in options.items() if name in _OURS})
    return Opened(Address(dsns, f"{hosts or 'localhost'}/{database}"), place)


def _each(netloc: str, options: dict[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Say for each host what stands for it alone, in front of the path and among the options."""
    if options.get("target_session_attrs") == "prefer-standby":
        return [(netloc, {})]  # the driver has to know all of them before it chooses
    who, at, hosts = netloc.rpartition("@")
    if hosts:
        return [(f"{who}{at}{host}", {}) for host in hosts.split(",")]
    names, ports = options.get("host", "").split(","), options.get("port", "").split(",")
    if len(names) == len(ports) > 1:
        both = zip(names, ports, strict=True)
        return [(netloc, {"host": host, "port": port}) for host, port in both]
    return [(netloc, {"host": host} if host else {}) for host in names]


def _split(url: str) -> SplitResult | None:
    try:
        url.encode()
        # No name can have half a character in it, nor a NUL.
        sayable = url.partition(":")[2].startswith("//") and "\0" not in unquote(url)
        return urlsplit(url) if sayable else None
    except ValueError:
        return None


def _options(query: str, netloc: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise UsageError("write the options of the URL as ?name=value&name=value") from None
    if unknown := [name for name, _ in pairs if name not in _OPTIONS | _OURS]:
        which = f"option {unknown[0]}" if _is_option(unknown[0], query, netloc) else "option"
        known = ", ".join(sorted(_OPTIONS | _OURS))
        raise UsageError(f"the URL has an unknown {which}; known are {known}{_HOW}")
    if len({name for name, _ in pairs}) < len(pairs):
        raise UsageError("an option stands more than once in the URL")
    options = dict(pairs)
    if not all(map(_is_port, (options.get("port") or "1").split(","))):
        raise UsageError("in the URL, port must be a number of 1 to 65535")
    if options.get("sslmode", "prefer") not in _MODES:
        raise UsageError(f"in the URL, sslmode must be one of {', '.join(sorted(_MODES))}")
    return options


def _is_option(name: str, query: str, netloc: str) -> bool:
    # A password with a ? in it looks like this, too. But then a host follows after an @, or what
    # stands for the host is the name of a user and the beginning of the password.
    hosts = netloc.rpartition("@")[2].split(",")
    is_whole = "@" not in unquote(query) and all(map(_HOST.fullmatch, hosts))
    return is_whole and _OPTION.fullmatch(name) is not None


def _hosts(hosts: str) -> str:
    for host in hosts.split(","):
        found = _HOST.fullmatch(host)
        is_missing = not host and host != hosts
        if not found or is_missing or not _is_port(found[1] or "1"):
            raise UsageError("after the @, the URL needs host:port, with a port of 1 to 65535")
    return unquote(hosts)


def _is_port(number: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", number) is not None and int(number) in range(1, 65_536)
