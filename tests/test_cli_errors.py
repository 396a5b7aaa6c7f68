"""Whatever goes wrong: one line on standard error, an exit code that tells it, no traceback."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from commanding import SCRIPT, Finished, User
from mintonce.testing import AuthorizationServer, Fault

REFUSED, USAGE, EXHAUSTED, STORE = 1, 2, 3, 4


def assert_one_line(done: Finished, code: int, message: str) -> None:
    """It ended with this code and one line that holds the message."""
    assert (code, "") == (done.code, done.out)
    assert done.err.startswith("mintonce: ")
    assert 1 == len(done.err.splitlines())
    assert message in done.err


def test_a_wrong_secret(user: User) -> None:
    """Refused: 1, with what the server said."""
    done = user.run("token", MINTONCE_CLIENT_SECRET="wrong-secret")
    assert_one_line(done, REFUSED, "401 invalid_client")
    assert "wrong-secret" not in done.err


def test_a_server_that_is_not_there(user: User) -> None:
    """Not reached is like refused: 1, with the address."""
    done = user.call("token", MINTONCE_TOKEN_URL="http://127.0.0.1:9/token")
    assert_one_line(done, REFUSED, "http://127.0.0.1:9/token cannot be reached")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["token", "--token-url", "http://auth.test/"], "token_url must be https://"),
        (["token", "--token-url", "nonsense"], "token_url must be an absolute URL"),
        (["token", "--budget", "1000"], "write 1000/month"),
        (["token", "--budget", "0/day"], "write 1000/month"),
        (["token", "--budget", "1/year"], "write 1000/month"),
        (["token", "--budget", "1/0h"], "write 1000/month"),
        (["token", "--budget", "1/day", "--budget-name", "A b"], "name must be"),
        (["token", "--extra", "nothing"], "write NAME=VALUE"),
        (["token", "--extra", "scope=x"], "there is an option for it"),
        (["token", "--resource", "x#y"], "not an absolute URI"),
        (["token", "--auth-method", "magic"], "client_secret_post"),
        (["token", "--min-validity", "nan"], "nan is no number of seconds"),
        (["token", "--min-validity", "-5"], "--min-validity"),
        (["token", "--min-validity", "long"], "not a valid float"),
        (["token", "--refresh-ahead", "-1"], "refresh_ahead must be"),
        (["token", "--mint-timeout", "0"], "mint_timeout must be"),
        (["token", "--store", "/var/lib/tokens"], "file:///var/lib/tokens"),
        (["token", "--store", "nosuch://:pass-word@host/"], "no installed package"),
        (["token", "--store", ""], "'MINTONCE_STORE'): it is empty"),
        (["serve", "--port", "99999"], "--port"),
        (["serve", "--port", "-1"], "--port"),
        (["serve", "--latency", "nan"], "nan is no number of seconds"),
        (["serve", "--quota", "-1"], "--quota"),
        (["serve", "--lifetime", "-1"], "--lifetime"),
        (["token", "--nonsense"], "(see mintonce token --help)"),
        (["token", "surplus"], "surplus"),
        (["nonsense"], "No such command 'nonsense'"),
        (["--nonsense"], "(see mintonce --help)"),
        (["exec"], "COMMAND"),
        (["demo", "--workers", "0"], "--workers"),
    ],
)
def test_what_makes_no_sense(user: User, arguments: list[str], message: str) -> None:
    """Usage: 2, with what to write in its place; a password in a URL is not repeated."""
    done = user.call(*arguments)
    assert_one_line(done, USAGE, message)
    assert "pass-word" not in done.err


def test_what_is_missing_is_named_as_it_can_be_given(user: User) -> None:
    """As an option and as a variable."""
    done = user.call("token", MINTONCE_TOKEN_URL=None)
    assert_one_line(done, USAGE, "'--token-url' (env var: 'MINTONCE_TOKEN_URL')")


def test_a_mistake_in_a_variable_is_told_with_its_name(user: User) -> None:
    """Who reads the message did not type it."""
    done = user.run("token", MINTONCE_BUDGET="plenty")
    assert_one_line(done, USAGE, "'MINTONCE_BUDGET'")


def test_an_empty_variable_is_no_other_store(user: User) -> None:
    """A script whose own variable was not set is told so, and nothing is kept elsewhere."""
    assert_one_line(user.call("token", MINTONCE_STORE=""), USAGE, "'MINTONCE_STORE'): it is empty")
    assert not user.store.exists()


def test_a_closed_standard_stream(user: User, server: AuthorizationServer) -> None:
    """No secret comes from there, and no token is minted that nobody could see."""
    done = user.run_closed(0, "token", "--client-secret-file", "-")
    assert_one_line(done, USAGE, "standard input is closed")
    assert_one_line(user.run_closed(1, "token"), REFUSED, "standard output is closed")
    assert 0 == server.requests
    assert 0 == user.run_closed(1, "exec", "true").code


def test_a_budget_that_is_spent(user: User, server: AuthorizationServer) -> None:
    """Exhausted: 3, with the limit, the count and when it resets."""
    assert 0 == user.call("token", "--budget", "1/30d").code
    user.call("forget")
    done = user.run("token", "--budget", "1/30d")
    assert_one_line(done, EXHAUSTED, "budget of 1 token requests")
    assert "(1 used); the next one is allowed at 20" in done.err
    assert 1 == server.requests


def test_a_store_that_cannot_be_used(user: User, server: AuthorizationServer) -> None:
    """Store: 4, with the file; and nothing is minted that could not be kept."""
    user.store.parent.mkdir(parents=True)
    user.store.write_text("a file where a directory should be", "utf-8")
    assert_one_line(user.run("token"), STORE, str(user.store))
    assert_one_line(user.call("status"), STORE, str(user.store))
    assert_one_line(user.call("forget"), STORE, str(user.store))
    assert 0 == server.requests


def test_ctrl_c_waits_for_the_token_request(user: User, server: AuthorizationServer) -> None:
    """Whoever asks next gets the token that was paid for; the exit code is that of SIGINT."""
    server.latency = 0.5
    with served_process(user, server) as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (130, "", "") == (process.returncode, out, err)
    assert server.is_live(user.call("token").out.strip())
    assert 1 == server.requests


def test_ctrl_c_while_the_secret_is_typed(user: User) -> None:
    """Once is enough: nothing was sent that would have to be waited for."""
    with user.start("token", "--client-secret-file", "-") as process:
        assert process.stdin
        process.stdin.write("half a sec")
        process.stdin.flush()
        wait_until_read(process.stdin.fileno())
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=10) in (130, -signal.SIGINT)
        finally:
            process.kill()


def wait_until_read(pipe: int) -> None:
    """Return when the other end has taken all that was written."""
    deadline, left = time.monotonic() + 10, bytearray(b"\1")
    while any(left):
        assert time.monotonic() < deadline
        fcntl.ioctl(pipe, termios.FIONREAD, left := bytearray(4))


def test_a_second_ctrl_c_waits_no_longer(user: User, server: AuthorizationServer) -> None:
    """Not even for a server that hangs."""
    server.fail(Fault.hang())
    with served_process(user, server) as process:
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
        out, err = process.communicate()
    # One that comes while Python ends is the system's to handle; a shell shows 130 for both.
    assert process.returncode in (130, -signal.SIGINT)
    assert "" == out
    assert "Traceback" not in err


def served_process(user: User, server: AuthorizationServer) -> subprocess.Popen[str]:
    """A command whose token request has just arrived at the server."""
    process = user.start("token")
    while server.requests == 0 and process.poll() is None:
        os.sched_yield()
    return process


def test_a_reader_that_has_left(user: User) -> None:
    """Like any other program that writes to a broken pipe, and silently."""
    theirs, mine = os.pipe()
    os.close(theirs)
    done = subprocess.run(
        [SCRIPT, "token"],
        env=user.environment(),
        stdout=mine,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(mine)
    assert (128 + signal.SIGPIPE, b"") == (done.returncode, done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_an_output_that_is_full(user: User) -> None:
    """One line, as for everything else."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [SCRIPT, "token"],
            env=user.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert 1 == done.returncode
    assert b"mintonce: No space left on device: standard output\n" == done.stderr


@pytest.mark.parametrize(("missing", "command"), [("click", "token"), ("rich", "status")])
def test_without_the_extra(user: User, missing: str, command: str) -> None:
    """It is said how to get what is missing."""
    code = f"import sys; sys.modules[{missing!r}] = None; from mintonce.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, command],
        env=user.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    found = Finished(done.returncode, done.stdout, done.stderr)
    assert_one_line(found, USAGE, f"needs {missing}: install mintonce with its extra 'cli'")
