"""The options: each has a variable; how budgets are written; where tokens are kept."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from commanding import User
from mintonce.cli.commands import cli
from mintonce.cli.places import state_directory
from mintonce.cli.times import distance, span, utc

COMMANDS = ["token", "exec", "status", "forget", "serve", "demo"]
# Asked for at the moment or not at all.
WITHOUT_VARIABLE = {"help", "version", "ledger", "broken"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_variable(tmp_path: Path, name: str) -> None:
    """It is named like the option, and the help text tells it; no option takes a secret."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    told = " ".join(User(tmp_path).call(name, "--help").out.split())
    for option in command.params:
        if isinstance(option, click.Option) and option.name not in WITHOUT_VARIABLE:
            long = max(option.opts, key=len)
            variable = "MINTONCE_" + long.removeprefix("--").replace("-", "_").upper()
            assert variable == option.envvar
            assert f"[env var: {variable}" in told
        assert option.name != "client_secret"


def test_the_help_tells_how_a_variable_repeats(tmp_path: Path) -> None:
    """It holds all of them, with spaces between."""
    told = " ".join(User(tmp_path).call("token", "--help").out.split())
    assert "is split at spaces. [env var: MINTONCE_BUDGET" in told


def test_the_help_lists_the_commands_and_the_exit_codes(tmp_path: Path) -> None:
    """Short enough for one screen."""
    told = User(tmp_path).call("--help").out
    _, _, listed = told.partition("Commands:\n")
    assert COMMANDS == [line.split()[0] for line in listed.splitlines()[: len(COMMANDS)]]
    assert "3  the budget is exhausted" in told
    assert len(told.splitlines()) <= 30


def test_the_version(tmp_path: Path) -> None:
    """Name and number, for those who report something."""
    assert User(tmp_path).call("--version").out.startswith("mintonce 0.")


@pytest.mark.parametrize(
    ("written", "limit", "per"),
    [
        ("1000/month", 1000, "month"),
        ("5/day", 5, "day"),
        ("5/hour", 5, "hour"),
        ("10/8h", 10, "8:00:00 (rolling)"),
        ("10/30d", 10, "30 days, 0:00:00 (rolling)"),
        ("1/90m", 1, "1:30:00 (rolling)"),
        ("1/15s", 1, "0:00:15 (rolling)"),
    ],
)
def test_how_a_budget_is_written(tmp_path: Path, written: str, limit: int, per: str) -> None:
    """A number for each hour, day or month, or for any period."""
    told = json.loads(User(tmp_path).call("status", "--json", "--budget", written).out)
    (budget,) = told["budgets"]
    assert (limit, per) == (budget["limit"], budget["per"])


def test_a_shared_name_shares_the_count(tmp_path: Path) -> None:
    """Where the server counts by tenant, two clients count together."""
    user = User(tmp_path, "http://127.0.0.1:9/token")
    for client in ("one", "other"):
        user.call("token", "--client-id", client, "--budget", "9/day", "--budget-name", "tenant")
    (ledger,) = user.store.glob("ledger-*[!k]")
    assert "ledger-tenant" == ledger.name


@pytest.mark.parametrize(
    ("platform", "environment", "place"),
    [
        ("linux", {}, ".local/state/mintonce"),
        ("linux", {"XDG_STATE_HOME": ""}, ".local/state/mintonce"),
        ("linux", {"XDG_STATE_HOME": "relative"}, ".local/state/mintonce"),
        ("linux", {"XDG_STATE_HOME": "/state"}, "/state/mintonce"),
        ("freebsd14", {}, ".local/state/mintonce"),
        ("darwin", {"XDG_STATE_HOME": "/state"}, "Library/Application Support/mintonce"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/mintonce"),
        ("win32", {}, "AppData/Local/mintonce"),
    ],
)
def test_where_tokens_are_kept(platform: str, environment: dict[str, str], place: str) -> None:
    """In the directory of the user that the system has for what survives a restart."""
    assert Path.home() / place == state_directory(platform, environment)


def test_the_variable_for_the_state_directory(tmp_path: Path) -> None:
    """It is looked at when the command runs."""
    told = User(tmp_path).call("status", XDG_STATE_HOME=str(tmp_path / "state")).out
    assert (tmp_path / "state" / "mintonce").as_uri() in told


def test_a_user_without_a_home(tmp_path: Path) -> None:
    """It is said how to name a place; nothing is kept below the working directory."""
    for nowhere in ("nowhere", ""):
        done = User(tmp_path).call("status", HOME=nowhere)
        assert 2 == done.code
        assert "--store" in done.err


@pytest.mark.parametrize("command", ["token", "status", "forget"])
def test_a_name_for_a_budget_that_there_is_not(tmp_path: Path, command: str) -> None:
    """Otherwise another count would be looked at, or dropped, than the one that was named."""
    done = User(tmp_path).call(command, "--budget-name", "tenant")
    assert 2 == done.code
    assert "give --budget as well" in done.err


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3605, "1 h"),
        (10_920, "3 h 2 min"),
        (90_000, "1 d 1 h"),
        (-61, "1 min 1 s"),
    ],
)
def test_how_a_span_of_time_is_written(seconds: float, written: str) -> None:
    """In its two largest units."""
    assert written == span(seconds)


def test_how_a_moment_is_written() -> None:
    """In UTC, also where a store holds what no calendar has; and by its distance."""
    assert "2026-11-23T19:00:00Z" == utc(1_795_460_400)
    assert ("1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z") == (utc(-1e30), utc(1e30))
    assert ("in 5 s", "5 s ago") == (distance(15, 10), distance(5, 10))
