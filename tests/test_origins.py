"""Where a bearer token may go."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from mintonce import UsageError
from mintonce.origins import Origin, Origins

SAME = [
    ("https://api.example.com/orders?a=b", "https://api.example.com"),
    ("HTTPS://API.example.com:443", "https://api.example.com"),
    ("http://127.0.0.1:80/", "http://127.0.0.1"),
    ("http://user:password@[::1]:8080/x", "http://[::1]:8080"),
    ("https://bücher.example/", "https://xn--bcher-kva.example"),
    ("https://straße.example/", "https://xn--strae-oqa.example"),
    ("https://[2001:0db8:0:0::1]/", "https://[2001:db8::1]"),
    ("wss://api.example.com/ws", "https://api.example.com"),
    ("ws://127.0.0.1:8080/ws", "http://127.0.0.1:8080"),
]


def admits(origins: Origins, url: str) -> bool:
    """Whether a token may go to this URL, as an HTTP client would ask."""
    parsed = URL(url)
    return origins.admit(parsed.scheme, parsed.raw_host, parsed.port)


@pytest.mark.parametrize(("url", "origin"), SAME)
def test_the_origin_of_a_url(url: str, origin: str) -> None:
    """Scheme, host and port, in one way to write them; credentials are no part of it."""
    assert origin == str(Origin.of(url))
    assert admits(Origins(origin), url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example.com",
        "//api.example.com",
        "ftp://h/",
        "https://",
        "https://h:port/",
        "https://ü..ü/",
    ],
)
def test_what_has_no_origin(url: str) -> None:
    """It is an error that says what is wanted."""
    with pytest.raises(UsageError, match="an origin must be a URL such as"):
        Origin.of(url)


def test_the_first_request_names_the_origin() -> None:
    """From then on a token goes there and nowhere else."""
    origins = Origins(None)
    assert "Origins(of the first request)" == repr(origins)
    assert admits(origins, "https://api.example.com/a")
    assert admits(origins, "https://api.example.com/b")
    for other in (
        "http://api.example.com/",
        "https://api.example.com:8443/",
        "https://example.com/",
    ):
        assert not admits(origins, other)
    assert "Origins(https://api.example.com)" == repr(origins)


def test_named_origins() -> None:
    """They hold from the start, whoever is called first."""
    origins = Origins(["https://a.example", "http://b.example:8000/path"])
    assert not admits(origins, "https://c.example")
    assert admits(origins, "https://a.example/x")
    assert admits(origins, "http://b.example:8000")
    assert not admits(origins, "http://b.example")
    assert admits(Origins("https://a.example"), "https://a.example/")


def test_a_network_that_anybody_can_read() -> None:
    """Plain HTTP to another host has to be named; a first call there is an error, and no anchor."""
    origins = Origins(None)
    with pytest.raises(UsageError, match=r"readable on its way to http://api\.example\.com:"):
        admits(origins, "http://api.example.com/")
    assert admits(origins, "http://localhost:8000/")


@pytest.mark.parametrize("origins", [(), [7], [None], 7.5])
def test_what_is_no_list_of_origins(origins: Any) -> None:
    """None is the only way to say: that of the first call."""
    with pytest.raises(UsageError, match="origins must be a URL or several"):
        Origins(origins)
