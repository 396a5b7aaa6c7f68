"""URLs and names: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mintonce import UsageError
from mintonce.stores import open_store
from mintonce_postgres import PostgresStore, from_url
from mintonce_postgres.__main__ import main
from mintonce_postgres.opening import parse
from mintonce_postgres.statements import Place

BAD = (
    "postgresql://user:s3cr3t@[::1/db",
    "postgresql://user:s3cr3t@host:port/db",
    "postgresql://user:s3cr3t@host:99999/db",
    "postgresql://user:s3cr3t@host,,other/db",
    "postgresql://user:s3cr3t@host/db#fragment",
    "postgresql://user:s3cr3t@host/db?port=s3cr3t",
    "postgresql://user:s3cr3t@host/db?sslmode=s3cr3t",
    "postgresql://user:s3cr3t@host/db?schema",
    "postgresql://user:s3cr3t@host/db?schema=",
    "postgresql://user:s3cr3t@host/db?table=a%00s3cr3t",
    "postgresql://user:s3cr3t@host/db?table=a&table=s3cr3t",
    "postgresql://user:s3cr3t@host/db?statement_timeout=7",
    f"postgresql://user:s3cr3t@host/db?table={'s3cr3t' * 11}",
    "mysql://user:s3cr3t@host/db",
    "postgresql:user:s3cr3t@host/db",
    "postgresql:/user:s3cr3t@host/db",
    "postgresql://user:hunter?s3cr3t=foo@host/db",
    "postgresql://user:hunter?s3cr3t=foo",
    "postgresql://user:123/s3cr3t@host/db",
    "postgresql://user:123@s3cr3t@host/db",
    "postgresql://user:123#s3cr3t@host/db",
    "postgresql://user:s3cr3t\udc80@host/db",
    "postgresql://host/db?password=s3cr3t@host",
    "postgresql://user%00:s3cr3t@host/db",
    "postgresql://host/db?user=s3cr3t%00database%00other",
    "postgresql://host/db?port=1,,2",
    "postgresql://host/db?port=65536",
)


@pytest.mark.parametrize("url", BAD)
def test_a_url_that_makes_no_sense_is_told_at_once(url: str) -> None:
    """The message says what to do, and holds nothing of the password."""
    with pytest.raises(UsageError) as caught:
        from_url(url)
    assert caught.value.__cause__ is None
    assert "s3cr3t" not in f"{caught.value!r} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("postgresql://user:pass@db.example.com:5433/orders", "db.example.com:5433/orders"),
        ("postgres://db.example.com/orders?sslmode=require", "db.example.com/orders"),
        ("postgresql://[::1]:5432/orders", "[::1]:5432/orders"),
        ("postgresql:///orders?host=/run/postgresql&user=u", "/run/postgresql/orders"),
        ("postgresql://%2Frun%2Fpostgresql/orders", "/run/postgresql/orders"),
        ("postgresql://a:1,b:2/orders", "a:1,b:2/orders"),
        ("postgresql:///", "localhost/"),
        ("postgresql:///?host=/run&dbname=orders", "/run/orders"),
        ("postgresql://host/?database=orders&port=5433", "host/orders"),
    ],
)
def test_a_store_is_called_by_its_address(url: str, label: str) -> None:
    """It is shown where it is, and not who may get in."""
    store = open_store(url)
    assert f"PostgresStore({label!r}, schema='public', table='mintonce')" == repr(store)


def test_names_stand_in_the_url() -> None:
    """A schema and a table go to the store, and everything else to the driver."""
    opened = parse("postgresql://u:p@h/d?schema=My%20%22own%22&table=t&sslmode=require")
    assert Place('My "own"', "t") == opened.place
    assert '"My ""own"""."t"' == str(opened.place)
    assert ("postgresql://u:p@h/d?sslmode=require",) == opened.address.dsns
    assert "p@" not in repr(opened)


def test_of_several_hosts_the_one_that_takes_writes_is_chosen() -> None:
    """Another one may lag behind what a swap confirmed."""
    for dsn in parse("postgresql://a,b/d").address.dsns:
        assert dsn.endswith("?target_session_attrs=read-write")
    for dsn in parse("postgresql://a,b/d?target_session_attrs=primary").address.dsns:
        assert dsn.endswith("?target_session_attrs=primary")


@pytest.mark.parametrize(
    ("url", "dsns"),
    [
        ("//u:p@a:1,[::1]/d?T", ["//u:p@a:1/d?T", "//u:p@[::1]/d?T"]),
        ("///d?host=a:1,b&T", ["///d?host=a%3A1&T", "///d?host=b&T"]),
        ("///d?host=a,b&port=1,2&T", ["///d?host=a&port=1&T", "///d?host=b&port=2&T"]),
        ("///d?host=a,b&port=1&T", ["///d?host=a&port=1&T", "///d?host=b&port=1&T"]),
    ],
)
def test_several_hosts_are_tried_one_by_one(url: str, dsns: list[str]) -> None:
    """Each is known with its own port, and with all that holds for all of them."""
    whole = [f"postgresql:{each}".replace("T", "target_session_attrs=any") for each in (url, *dsns)]
    assert tuple(whole[1:]) == parse(whole[0]).address.dsns


def test_a_standby_is_preferred_by_who_knows_all_hosts() -> None:
    """The driver sees all of them at once, since it has to see them all before it takes another."""
    (dsn,) = parse("postgresql://a,b/d?target_session_attrs=prefer-standby").address.dsns
    assert dsn == "postgresql://a,b/d?target_session_attrs=prefer-standby"


def test_tables_do_not_share_a_channel() -> None:
    """Who waits for changes of one table is not woken by those of another one."""
    places = [Place("a", "b"), Place("ab", "c"), Place("a", "bc"), Place("a.b", "c")]
    assert 4 == len({place.channel for place in places})


def test_the_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints SQL and nothing else; names are quoted, and refused where they cannot be names."""
    main(["ddl", "--schema", 'a"b', "--table", "c"])
    assert 'CREATE TABLE IF NOT EXISTS "a""b"."c"' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["ddl", "--table", ""])
    words = [sys.executable, "-m", "mintonce_postgres", "ddl", "--help"]
    assert b"--schema" in subprocess.run(words, capture_output=True, check=True).stdout


def test_half_a_character_is_no_name() -> None:
    """A name has to be one that can be sent."""
    for names in ({"schema": "a\udc80"}, {"table": "\ud800"}):
        with pytest.raises(UsageError, match="half a character"):
            Place(**names)


def test_what_is_to_be_written_otherwise_is_told() -> None:
    """A password with such a letter in it is a common mistake."""
    with pytest.raises(UsageError, match="write @ as %40"):
        parse("postgresql://user:p@ss/word?@host/db")
    with pytest.raises(UsageError, match="unknown option; known are application_name, "):
        parse("postgresql://user:hunter?x=foo")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:s3cr3t@a:1,[::1]:2,b/db?foo=s3cr3t",
        "postgresql:///db?host=/run&foo=s3cr3t",
        "postgresql://%2Frun/db?schema=s&foo=s3cr3t&table=t",
    ],
)
def test_an_unknown_option_is_named(url: str) -> None:
    """By its name, beside those that there are, and not by its value."""
    with pytest.raises(UsageError, match="unknown option foo; known are application_name, ") as c:
        parse(url)
    assert "s3cr3t" not in str(c.value)


@pytest.mark.parametrize(
    "rest", ["user:hunter?foo=x", "user:1?foo=x%40host/db", "host?f00=x", f"host?{'f' * 41}=x"]
)
def test_part_of_a_password_is_not_named(rest: str) -> None:
    """What stands after a ? may be no option at all."""
    with pytest.raises(UsageError, match="unknown option; known are application_name, "):
        parse(f"postgresql://{rest}")


def test_a_store_is_found_by_its_scheme() -> None:
    """Both schemes that are in use lead here."""
    for scheme in ("postgresql", "postgres"):
        assert isinstance(open_store(f"{scheme}://host/db"), PostgresStore)
