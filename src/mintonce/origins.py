"""Where a bearer token may go: to the origins of the API, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple

from yarl import URL

from mintonce.credentials.parameters import is_loopback
from mintonce.errors import UsageError

_PORTS = {"http": 80, "https": 443}
_HANDSHAKES = {"ws": "http", "wss": "https"}  # a websocket begins as HTTP (RFC 6455 section 4.1)


class Origin(NamedTuple):
    """Scheme, host and port (RFC 6454): those who have all three in common are one."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """Return the origin of a URL.

        Raises:
            UsageError: It is no absolute http or https URL.

        """
        try:
            parts = URL(url)  # it writes names that are not ASCII as HTTP clients send them
            origin = cls.at(parts.scheme, parts.raw_host, parts.port)
        except (ValueError, TypeError):
            origin = cls("", "", 0)
        if origin.scheme not in _PORTS or not origin.host:
            raise UsageError("an origin must be a URL such as https://api.example.com")
        return origin

    @classmethod
    def at(cls, scheme: str, host: str | None, port: int | None) -> Origin:
        """Return the origin of a URL that an HTTP client has taken apart.

        Args:
            scheme: In lower case.
            host: In lower case, and in ASCII.
            port: None for that of the scheme.

        """
        scheme, host = _HANDSHAKES.get(scheme, scheme), host or ""
        if ":" in host:
            with suppress(ValueError):
                host = ip_address(host).compressed  # one address can be written in many ways
        return cls(scheme, host, port or _PORTS.get(scheme, 0))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


class Origins:
    """The origins to which a token may go: those that were named, or that of the first request.

    Args:
        named: One URL or several; None: the first one that is asked about, and no other.

    Raises:
        UsageError: Something else than URLs was named.

    """

    def __init__(self, named: str | Iterable[str] | None) -> None:
        urls = [named] if isinstance(named, str) or not isinstance(named, Iterable) else [*named]
        if named is not None and not (urls and all(isinstance(url, str) for url in urls)):
            raise UsageError("origins must be a URL or several, such as https://api.example.com")
        self._origins = frozenset(Origin.of(url) for url in urls if url is not None)

    @property
    def are_known(self) -> bool:
        """Whether it is settled where tokens go."""
        return bool(self._origins)

    def admit(self, scheme: str, host: str | None, port: int | None) -> bool:
        """Tell whether a token may go there. Asked for each call, so it takes a URL in parts.

        Args:
            scheme: Of the URL, in lower case.
            host: In lower case, and in ASCII.
            port: None for that of the scheme.

        Raises:
            UsageError: It is the first one, and everybody on the way could read the token
                (RFC 6750 section 5.3).

        """
        if (scheme, host, port) in self._origins:
            return True  # as most calls have it
        origin = Origin.at(scheme, host, port)
        if self._origins:
            return origin in self._origins
        if origin.scheme != "https" and not is_loopback(origin.host):
            raise UsageError(
                f"a token would be readable on its way to {origin}: call https, or name the origin"
                " if you trust the network"
            )
        self._origins = frozenset([origin])
        return True

    def __repr__(self) -> str:
        names = ", ".join(sorted(map(str, self._origins)))
        return f"Origins({names or 'of the first request'})"
