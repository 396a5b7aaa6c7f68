"""What ClientCredentials accepts, and how it names its token."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from mintonce.credentials import ClientCredentials, MeteredSource, RotatingSource, TokenSource
from mintonce.errors import UsageError

LEAST: dict[str, Any] = {
    "token_url": "https://auth.example.com/oauth/token",
    "client_id": "orders",
    "client_secret": "s3cr3t",
}


def credentials(**options: Any) -> ClientCredentials:
    """Credentials with the least that they need, and `options`."""
    return ClientCredentials(**LEAST | options)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"token_url": "http://auth.example.com/token"}, "must be https://"),
        ({"token_url": "http://localhost.example.com/token"}, "must be https://"),
        ({"token_url": "http://127.0.0.1.example.com/token"}, "must be https://"),
        ({"token_url": "http://10.0.0.1/token"}, "must be https://"),
        ({"token_url": "http://[::2]/token"}, "must be https://"),
        ({"token_url": "auth.example.com/token"}, "must be an absolute URL"),
        ({"token_url": "/token"}, "must be an absolute URL"),
        ({"token_url": "ftp://auth.example.com/"}, "must be an absolute URL"),
        ({"token_url": "https:///token"}, "must be an absolute URL"),
        ({"token_url": ""}, "token_url must be a str that is not empty"),
        ({"token_url": None}, "token_url must be a str"),
        ({"token_url": "https://u:p@auth.example.com/"}, "must not hold credentials"),
        ({"token_url": "https://auth.example.com/#x"}, "must not have a fragment"),
        ({"token_url": "https://auth.example.com/#"}, "must not have a fragment"),
        ({"token_url": "https://auth.example.com/a b"}, "a space or a backslash"),
        ({"token_url": "http://localhost\\.example.com/"}, "a space or a backslash"),
        ({"token_url": "https://auth.example.com/\n"}, "a line break"),
        ({"token_url": "https://auth.example.com:99999/"}, "check its host and port"),
        ({"token_url": "https://[::1/"}, "check its host and port"),
        ({"client_id": ""}, "client_id must be a str that is not empty"),
        ({"client_id": "orders\n"}, "client_id holds a line break"),
        ({"client_secret": ""}, "client_secret is an empty string"),
        ({"client_secret": "s3cr3t\n"}, "files end with one: strip it"),
        ({"client_secret": "\ufeffs3cr3t"}, "invisible character"),
        ({"client_secret": b"s3cr3t"}, "client_secret is bytes, which is not a str"),
        ({"client_secret": None}, "client_secret is NoneType"),
        ({"audience": 7}, "audience must be a str"),
        ({"scope": 7}, "scope must be a str or several of them"),
        ({"scope": ["read", None]}, "scope must be a str"),
        ({"scope": "read\x00"}, "scope holds a line break or another invisible"),
        ({"resource": "api.example.com"}, "'api.example.com' is not an absolute URI"),
        ({"resource": ["https://a.example/#x"]}, "without a fragment"),
        ({"extra": {"scope": "read"}}, "must not hold 'scope': there is an option for it"),
        ({"extra": {"client_secret": "x"}}, "must not hold 'client_secret'"),
        ({"extra": {"x": 1}}, r"extra\['x'\] must be a str"),
        ({"extra": {"": "x"}}, "a name in extra must be a str that is not empty"),
        ({"extra": 7}, "extra must be a mapping"),
        ({"auth_method": "private"}, "one of client_secret_post, client_secret_basic"),
        ({"auth_method": []}, "one of client_secret_post, client_secret_basic"),
        ({"default_lifetime": 0}, "default_lifetime must be seconds, above 0"),
        ({"default_lifetime": float("inf")}, "default_lifetime must be seconds, above 0"),
        ({"default_lifetime": 10**400}, "default_lifetime must be seconds, above 0"),
        ({"session": "a name"}, "session must be an aiohttp.ClientSession"),
        ({"default_lifetime": True}, "default_lifetime must be seconds, above 0"),
        ({"default_lifetime": "300"}, "default_lifetime must be seconds, above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], told: str) -> None:
    """A mistake shows when the program starts, and the message says what to change."""
    with pytest.raises(UsageError, match=told) as caught:
        credentials(**options)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/token",
        "http://LOCALHOST:8080/token",
        "http://127.0.0.1:8080",
        "http://127.8.9.10/",
        "http://[::1]:8080/token",
        "https://auth.example.com/token?tenant=a%20b",
        "https://auth.exämple.com/token",
    ],
)
def test_https_or_loopback(url: str) -> None:
    """Plain HTTP is for a server on this host; a query is allowed (RFC 6749 section 3.2)."""
    assert url == credentials(token_url=url).token_url


@pytest.mark.parametrize(
    "options",
    [
        {"token_url": "https://AUTH.example.com:443/oauth/token"},
        {"client_secret": "rotated"},
        {"client_secret": lambda: "s3cr3t"},
        {"auth_method": "client_secret_basic"},
        {"audience": "", "scope": [], "resource": "", "extra": {}},
        {"default_lifetime": 60},
    ],
)
def test_the_same_token_has_the_same_key(options: dict[str, Any]) -> None:
    """What does not change the token does not change its name, least of all the secret."""
    assert credentials().key == credentials(**options).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"token_url": "https://a.example"}, {"token_url": "https://a.example/"}),
        ({"scope": "b a  b"}, {"scope": ["a", "b"]}),
        ({"scope": ["a b"]}, {"scope": iter("ba")}),
        ({"resource": ["https://a/", "https://b/"]}, {"resource": ("https://b/", "https://a/")}),
        ({"extra": {"a": "1", "b": "2"}}, {"extra": {"b": "2", "a": "1"}}),
    ],
)
def test_spelling_does_not_change_the_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Two spellings of the same request share one token."""
    assert credentials(**one).key == credentials(**other).key


def test_another_token_has_another_key() -> None:
    """Whatever changes what a token is good for, or who may have it, changes its name."""
    different: list[dict[str, Any]] = [
        {},
        {"token_url": "https://auth.example.com/other"},
        {"token_url": "https://auth.example.com/oauth/token?tenant=1"},
        {"token_url": "http://localhost/oauth/token"},
        {"token_url": "http://localhost:8080/oauth/token"},
        {"client_id": "billing"},
        {"audience": "a b"},
        {"scope": "a b"},
        {"scope": "a"},
        {"resource": "urn:a"},
        {"resource": ["urn:a", "urn:b"]},
        {"extra": {"organization": "a"}},
        {"extra": {"organization": "b"}},
        {"extra": {"a": "b"}},
    ]
    assert len(different) == len({credentials(**options).key for options in different})


def test_the_ledger_is_that_of_the_client() -> None:
    """Tokens for several APIs count against one allowance, those of another client do not."""
    assert credentials().ledger_key == credentials(audience="x", scope="y").ledger_key
    others = [credentials(client_id="b"), credentials(token_url="https://b.example/")]
    assert 3 == len({credentials().ledger_key, *(other.ledger_key for other in others)})


def test_keys_are_safe_names() -> None:
    """A key fits into a file name, and is told from a ledger's."""
    source = credentials(scope=["ö/../" * 50])
    assert re.fullmatch("token-[a-z0-9]{40}", source.key)
    assert re.fullmatch("ledger-[a-z0-9]{40}", source.ledger_key)


def test_keys_outlive_a_release() -> None:
    """A fleet is not updated at one moment: a key that changes by accident doubles the mints."""
    assert "token-b2d3d0ab4a7b7b827cdf4d73553e9dd41ab8fef4" == credentials(scope="b a").key
    assert "ledger-15f2626a78a49d98baa12a8c9ccd1e2043cd0025" == credentials().ledger_key


def test_it_is_a_source() -> None:
    """It does what is asked of a source, and both of the things that a source may do."""
    source: TokenSource = credentials()
    assert isinstance(source, MeteredSource)
    assert isinstance(source, RotatingSource)


def test_making_one_imports_no_http_client() -> None:
    """Most processes find a token in the store, and never need aiohttp."""
    code = (
        "import sys; from mintonce.credentials import ClientCredentials;"
        f"ClientCredentials(**{LEAST}); print('aiohttp' in sys.modules)"
    )
    assert "False" == subprocess.check_output([sys.executable, "-c", code], text=True).strip()
