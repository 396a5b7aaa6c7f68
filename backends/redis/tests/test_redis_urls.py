"""URLs of stores: what they may say, and what is wrong with the others."""

from __future__ import annotations

import asyncio
from importlib.metadata import entry_points

import pytest

from mintonce import UsageError
from mintonce.stores import PushingStore, open_store
from mintonce_redis import RedisStore, from_url

NAMES = ("redis", "rediss", "valkey", "valkeys")
GOOD = {
    "redis://localhost": "localhost:6379/0",
    "redis://user:hunter2@valkey.example.com:6380/3": "valkey.example.com:6380/3",
    "redis://:hunter2@[::1]:6380?db=4": "::1:6380/4",
    "redis://h/?prefix=orders:&client_name=orders": "h:6379/0",
    "redis://h?username=user&password=hunter2": "h:6379/0",
    "rediss://h/0?ssl_ca_certs=/etc/ca.pem&ssl_check_hostname=false": "h:6379/0",
    "rediss://h?ssl_cert_reqs=none&ssl_certfile=a&ssl_keyfile=b&ssl_password=hunter2": "h:6379/0",
    "valkey://user:hunter2@valkey.example.com/3": "valkey.example.com:6379/3",
    "valkeys://h:6380?ssl_ca_certs=/etc/ca.pem": "h:6380/0",
    "valkeys+cluster://a": "a:6379",
    "unix:///run/valkey/v.sock": "/run/valkey/v.sock/0",
    "unix://user:hunter2@/run/my%20v.sock?db=2": "/run/my v.sock/2",
    "redis+cluster://a,b:7001": "a:6379,b:7001",
    "redis+cluster://user:hunter2@a:7000/0": "a:7000",
    "rediss+cluster://a:7000?ssl_ca_certs=/etc/ca.pem": "a:7000",
    "redis+sentinel://a:26379,b/orders/1": "master orders",
    "redis+sentinel://:hunter2@a/orders?sentinel_password=hunter2": "master orders",
    "rediss+sentinel://a/orders?sentinel_username=hunter2": "master orders",
}
BAD = {
    "mysql://h": "it must begin with redis:, rediss:, unix:",
    "redis+other://h": "it must begin with",
    "valkey+other://h": "it must begin with",
    "redis://[::1": "it cannot be read",
    "redis:///0": "it needs a host",
    "redis://:hunter2@": "it needs a host",
    "redis://:hunt/er2@h": "in a password, write / as %2F",
    "redis://:hunt#er2@h": "write # as %23",
    "redis://h:port/0": "it needs a host, or host:port",
    "redis://h:70000/0": "it needs a host, or host:port",
    "redis://h/hunter2": "the number of a database",
    "redis://h/-1": "the number of a database",
    "redis://h?db=hunter2": "a value that makes no sense",
    "redis://h?hunter2": "a value that makes no sense",
    "redis://h?hunter2=1": "its options are client_name, db, password, prefix, username, each",
    "redis://h?db=1&db=2": "each at most once",
    "redis://h?ssl_ca_certs=/etc/ca.pem": "each at most once; ssl_ca_certs is none of them",
    "valkey://h?ssl_ca_certs=/etc/ca.pem": "ssl_ca_certs is none of them",
    "redis://user:hunter2@h,[::1]:6379?foo=hunter2": "; foo is none of them",
    "unix:///run/v.sock?db=1&foo=hunter2": "; foo is none of them",
    "redis+sentinel://a:1,b:2/orders?foo=hunter2": "; foo is none of them",
    "redis://user:12?hunter=1@h": "its options are",
    "redis://user:12?hunter=1%40h": "its options are",
    "redis://user:34hunt?hunter=1": "its options are",
    "redis://h,user:?hunter=1@": "its options are",
    f"redis://h?{'hunt' * 11}=1": "its options are",
    "rediss://h?ssl_check_hostname=hunter2": "a value that makes no sense",
    "redis://a,b": "several hosts are a cluster or sentinels",
    "redis://h?prefix=b%C3%A4d": "must be visible ASCII",
    "unix://": "an absolute path after two slashes",
    "unix:///": "an absolute path after two slashes",
    "unix://run/v.sock": "an absolute path after two slashes",
    "unix://user@host/run/v.sock": "an absolute path after two slashes",
    "redis+cluster://a/1": "the database 0 only",
    "redis+cluster://a,/0": "it needs a host",
    "redis+sentinel://a": "it needs the name of a service",
    "redis+sentinel://a/orders/hunter2": "the number of a database",
    "redis+sentinel://a/orders?sentinel_db=1": "sentinel_password, sentinel_username",
}


@pytest.mark.parametrize("url", GOOD)
def test_a_good_url(url: str) -> None:
    """It makes a store that says where it leads, and nothing is connected."""
    store = from_url(url)
    prefix = "orders:" if "prefix" in url else "mintonce:"
    assert f"RedisStore({GOOD[url]!r}, prefix={prefix!r})" == repr(store)
    asyncio.run(store.aclose())


@pytest.mark.parametrize("url", BAD)
def test_a_bad_url(url: str) -> None:
    """It says what to do, and repeats nothing of what may be a password."""
    with pytest.raises(UsageError) as caught:
        RedisStore.from_url(url)
    assert BAD[url] in str(caught.value)
    assert "hunt" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    [
        "unix:///v",
        *(f"{name}://h" for name in NAMES),
        *(f"{name}+cluster://h" for name in NAMES),
        *(f"{name}+sentinel://h/s" for name in NAMES),
    ],
)
def test_the_core_finds_the_store(url: str) -> None:
    """Whoever installs the package can name such a URL wherever mintonce takes one."""
    store = open_store(url)
    assert isinstance(store, RedisStore)
    assert isinstance(store, PushingStore)


def test_each_scheme_is_offered() -> None:
    """The entry points are those schemes that the package can open."""
    ours = {e.name for e in entry_points(group="mintonce.stores") if "redis" in e.value}
    kinds = ("", "+cluster", "+sentinel")
    assert {"unix", *(f"{name}{kind}" for name in NAMES for kind in kinds)} == ours
