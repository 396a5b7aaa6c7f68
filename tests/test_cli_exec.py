"""``mintonce exec``: a command that finds the token in its environment, and is its own master."""

from __future__ import annotations

import signal
from pathlib import Path

from asking import SECRET
from commanding import User
from mintonce.testing import AuthorizationServer


def test_the_command_finds_the_token_and_no_secret(user: User, server: AuthorizationServer) -> None:
    """The token is in a variable, the secret is in none, and all others are as they were."""
    done = user.run("exec", "--", "env", OTHER="as it was")
    variables = dict(line.split("=", 1) for line in done.out.splitlines() if "=" in line)
    assert server.is_live(variables["MINTONCE_ACCESS_TOKEN"])
    assert "as it was" == variables["OTHER"]
    assert "MINTONCE_CLIENT_SECRET" not in variables
    assert SECRET not in done.out


def test_it_shares_the_token_of_the_others(user: User, server: AuthorizationServer) -> None:
    """No further request is sent where a token is in the store."""
    token = user.call("token").out
    assert token == user.run("exec", "sh", "-c", "echo $MINTONCE_ACCESS_TOKEN").out
    assert 1 == server.requests


def test_options_after_the_command_are_its_own(user: User) -> None:
    """With or without the two dashes, what follows is not looked at."""
    for dashes in ([], ["--"]):
        done = user.run("exec", *dashes, "printf", "%s/", "--json", "-v", "--", "--help")
        assert (0, "--json/-v/--/--help/") == (done.code, done.out)


def test_the_exit_code_is_that_of_the_command(user: User) -> None:
    """Also where it is one that means something else for mintonce."""
    assert [0, 3, 77] == [user.run("exec", "sh", "-c", f"exit {n}").code for n in (0, 3, 77)]


def test_signals_go_to_the_command(user: User) -> None:
    """It is the very process that was started, so nothing stands between it and its signals."""
    with user.start("exec", "sh", "-c", "trap 'exit 33' TERM; echo $$; read line") as process:
        assert process.stdout
        assert str(process.pid) == process.stdout.readline().strip()
        process.send_signal(signal.SIGTERM)
        assert 33 == process.wait(10)


def test_a_broken_pipe_ends_the_command(user: User) -> None:
    """Python ignores SIGPIPE; the command gets it as every other program does."""
    done = user.run("exec", "sh", "-c", "kill -s PIPE $$; echo still here")
    assert (-signal.SIGPIPE, "") == (done.code, done.out)


def test_a_command_that_does_not_exist(user: User, server: AuthorizationServer) -> None:
    """127, as a shell has it, in one line, and no token is minted for it."""
    done = user.run("exec", "--", "no-such-command-here", "--option")
    assert (127, "") == (done.code, done.out)
    assert "mintonce: no-such-command-here: command not found\n" == done.err
    assert 0 == server.requests


def test_a_command_that_cannot_be_run(user: User, tmp_path: Path) -> None:
    """126, as a shell has it: it is there, and the system does not know what to do with it."""
    command = tmp_path / "command"
    command.write_bytes(b"\x7fnot a program")
    command.chmod(0o700)
    done = user.run("exec", str(command))
    assert 126 == done.code
    assert f"mintonce: {command}: Exec format error\n" == done.err


def test_a_file_that_is_no_command(user: User, server: AuthorizationServer, tmp_path: Path) -> None:
    """126 too: it is there, and may not be run."""
    command = tmp_path / "command"
    command.write_text("echo")
    for path in (command, tmp_path):
        done = user.run("exec", str(path))
        assert (126, f"mintonce: {path}: permission denied\n") == (done.code, done.err)
    assert 0 == server.requests


def test_no_command_at_all(user: User, server: AuthorizationServer) -> None:
    """Usage, and no request."""
    assert 2 == user.call("exec").code
    assert 0 == server.requests
