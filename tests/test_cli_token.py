"""``mintonce token``: shells and services share one token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asking import SECRET
from commanding import User
from mintonce.testing import AuthorizationServer


def test_processes_one_after_another_get_one_token(user: User, server: AuthorizationServer) -> None:
    """The first mints; it prints the token and nothing else, and so do those that come later."""
    first, second = user.run("token"), user.run("token")
    assert (0, "") == (first.code, first.err)
    assert server.is_live(first.out.removesuffix("\n"))
    assert first == second
    assert 1 == server.requests


def test_a_token_from_the_file_is_cheap(user: User) -> None:
    """What costs more than all the rest is not imported: it is not needed to read a file."""
    user.call("token")
    done = user.run("token", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.split("|")[-1].strip() for line in done.err.splitlines()}
    assert "mintonce.cli.connection" in imported
    heavy = {"aiohttp", "aiofiles", "anyio", "filelock", "rich", "mintonce.testing"}
    assert set() == heavy & imported


def test_json_tells_how_long_it_is_good(user: User, server: AuthorizationServer) -> None:
    """Programs get the token with its expiry, in seconds and as a moment in UTC."""
    server.rules.lifetime = 600
    told = json.loads(user.call("token", "--json", "--scope", "read write").out)
    assert server.is_live(told["access_token"])
    assert "Bearer" == told["token_type"]
    assert "read write" == told["scope"]
    assert 500 < told["expires_in"] <= 600
    assert told["issued_at"] < told["expires_at"]
    assert told["expires_at"].endswith("Z")


def test_a_token_that_is_good_for_longer(user: User, server: AuthorizationServer) -> None:
    """With ``--min-validity`` a token that ends too soon is replaced, and only such a one."""
    server.rules.lifetime = 100
    first = user.call("token").out
    assert first == user.call("token", "--min-validity", "50").out
    server.rules.lifetime = 1000
    second = user.call("token", MINTONCE_MIN_VALIDITY="200")
    assert 2 == second.code  # Nobody knows yet that tokens live longer now.
    assert "min_validity" in second.err
    user.call("forget")
    assert first != user.call("token", "--min-validity", "200").out
    assert 2 == server.requests


def test_what_is_asked_for_comes_from_options(user: User, server: AuthorizationServer) -> None:
    """Each option goes where the RFCs say."""
    done = user.call(
        *("token", "--audience", "https://api.test", "--scope", "read", "--scope", "write"),
        *("--resource", "https://a.test", "--resource", "https://b.test"),
        *("--extra", "organization=the shop", "--auth-method", "client_secret_basic"),
    )
    assert 0 == done.code
    (logged,) = server.log
    assert "client_secret_basic" == logged.auth_method
    form = logged.form
    assert "https://api.test" == form["audience"]
    assert "read write" == form["scope"]
    assert "the shop" == form["organization"]


def test_what_is_asked_for_comes_from_the_environment(
    user: User, server: AuthorizationServer
) -> None:
    """The same from variables, where spaces stand between several values."""
    done = user.call(
        "token",
        MINTONCE_AUDIENCE="https://api.test",
        MINTONCE_SCOPE="read write",
        MINTONCE_EXTRA="organization=shop tenant=1",
        MINTONCE_AUTH_METHOD="client_secret_basic",
        MINTONCE_BUDGET="10/day 5/8h",
        MINTONCE_JSON="1",
    )
    assert "read write" == json.loads(done.out)["scope"]
    (logged,) = server.log
    assert "client_secret_basic" == logged.auth_method
    expected = {"audience": "https://api.test", "organization": "shop", "tenant": "1"}
    assert expected.items() <= logged.form.items()


def test_another_audience_is_another_token(user: User, server: AuthorizationServer) -> None:
    """What makes a difference to the API is never mixed up."""
    tokens = {user.call("token", "--audience", name).out for name in ("a", "b", "a")}
    assert 2 == len(tokens)
    assert 2 == server.requests


def test_the_secret_from_a_file(user: User, tmp_path: Path, server: AuthorizationServer) -> None:
    """The line break at its end is no part of it, and the file comes before the variable."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n", "utf-8")
    file.chmod(0o600)
    done = user.call("token", MINTONCE_CLIENT_SECRET_FILE=str(file), MINTONCE_CLIENT_SECRET="other")
    assert (0, "", 1) == (done.code, done.err, server.tokens)


def test_the_secret_from_standard_input(user: User, server: AuthorizationServer) -> None:
    """A password manager can write it there, so that it is in no file and no variable."""
    done = user.run(
        *("token", "--client-secret-file", "-"), stdin=f"{SECRET}\n", MINTONCE_CLIENT_SECRET=None
    )
    assert (0, "", 1) == (done.code, done.err, server.tokens)


def test_a_secret_that_everybody_can_read(user: User, tmp_path: Path) -> None:
    """It works, with a warning that says what to do, and keeps standard output clean."""
    file = tmp_path / "secret"
    file.write_text(SECRET, "utf-8")
    file.chmod(0o644)
    done = user.call("token", "--client-secret-file", str(file))
    assert 0 == done.code
    assert f"mintonce: warning: {file} holds a secret, and every user can read it" in done.err
    assert 1 == len(done.out.splitlines())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"", "an empty string"),
        (b"one\ntwo", "line break"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"x" * 65_537, "is longer than 65536 bytes"),
    ],
)
def test_a_file_without_a_secret(
    user: User, tmp_path: Path, content: bytes | None, message: str
) -> None:
    """It is said what is wrong, and nothing that was in the file."""
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    done = user.call("token", "--client-secret-file", str(file))
    assert (2, "") == (done.code, done.out)
    assert message in done.err
    assert "two" not in done.err


def test_a_secret_without_an_end(user: User) -> None:
    """A device is not read for ever, here or on standard input."""
    done = user.call("token", "--client-secret-file", "/dev/zero")
    assert (2, 1) == (done.code, len(done.err.splitlines()))
    piped = user.call("token", "--client-secret-file", "-", stdin="x" * 65_537)
    assert [True] * 2 == ["is longer than 65536 bytes" in one.err for one in (done, piped)]


def test_no_secret_at_all(user: User, server: AuthorizationServer) -> None:
    """Nothing is sent, and nobody who shares the store has to wait because of it."""
    done = user.call("token", MINTONCE_CLIENT_SECRET=None)
    assert 2 == done.code
    assert "set MINTONCE_CLIENT_SECRET" in done.err
    assert 0 == server.requests
    assert 0 == user.call("token").code


def test_a_secret_is_no_argument(user: User) -> None:
    """There is no option for it, and what was tried is not repeated."""
    done = user.call("token", f"--client-secret={SECRET}")
    assert 2 == done.code
    assert SECRET not in done.err


def test_verbose_tells_what_is_done(user: User, server: AuthorizationServer) -> None:
    """On standard error, and never the token or the secret."""
    done = user.call("token", "--verbose")
    assert "mintonce: minted the token" in done.err
    assert SECRET not in done.err
    assert done.out.strip() not in done.err
    assert 1 == server.requests


def test_a_budget_that_will_not_last_is_told(user: User) -> None:
    """A warning comes without being asked for, and standard output stays clean."""
    done = user.call("token", "--budget", "2/8h")  # an hour each
    assert "will not last" in done.err
    assert 1 == len(done.out.splitlines())
