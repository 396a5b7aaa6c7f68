"""``mintonce demo``: the main job on this machine, with the server as its judge."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from commanding import User
from mintonce.cli.demo_fleet import Tally
from mintonce.cli.demo_view import Lines

SMALL = ("--workers", "4", "--tasks", "40")


def test_the_promises_hold(tmp_path: Path) -> None:
    """Some are killed, everybody is served, and one request is enough where each would need one."""
    done = User(tmp_path).run("demo", "--json", *SMALL)
    told = json.loads(done.out)
    assert (0, "", True) == (done.code, done.err, told["kept"])
    assert [True] * 3 == [promise["kept"] for promise in told["promises"]]
    shared, alone = told["shared"], told["alone"]
    for part in (shared, alone):
        assert (160, 2, []) == (part["tokens"], part["killed"], part["errors"])
        assert part["calls"] >= 160
    assert 1 <= shared["least"] <= shared["requests"] <= 1 + shared["killed"]
    # Each process mints, and so does each that takes the place of one that was killed.
    assert alone["requests"] >= 4 + alone["restarts"]


def test_tokens_are_renewed_in_the_run(tmp_path: Path) -> None:
    """The whole number of tasks takes longer than a token lives."""
    done = User(tmp_path).run("demo", "--json", "--workers", "2", "--tasks", "300")
    told = json.loads(done.out)
    assert 0 == done.code, told["promises"]
    assert 600 == told["shared"]["tokens"]
    assert 2 <= told["shared"]["least"] <= told["shared"]["requests"]


def test_people_get_a_table(tmp_path: Path) -> None:
    """Lines while it runs, the figures of both parts side by side, and each promise."""
    done = User(tmp_path).run("demo", *SMALL)
    assert (0, "") == (done.code, done.err)
    assert "one store for all: 160 of 160 tokens, requests: " in done.out
    rows = {line[:37].strip(): line[37:].split() for line in done.out.splitlines()}
    assert ["160", "160"] == rows["tokens handed out"]
    assert ["2", "2"] == rows["processes killed"]
    assert ["0", "0"] == rows["errors"]
    assert 3 == done.out.count("\nkept ")
    requests = rows["token requests, by the server's count"]
    assert f"{requests[0]} token requests, of at most " in done.out
    assert "; tokens live 4 s)" in done.out
    sentence = "Sharing one store: {} token requests for 160 tasks. Each for itself: {}."
    assert sentence.format(*requests) == done.out.splitlines()[-1]


def test_a_line_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing has changed there is nothing to say."""
    lines, tally = Lines(), Tally(goal=2)
    for tokens in (1, 1, 2):
        tally.tokens = tokens
        lines.show("fleet", tally, 1)
    assert ["1", "2"] == [line.split()[1] for line in capsys.readouterr().out.splitlines()]


def test_a_terminal_gets_live_progress(tmp_path: Path) -> None:
    """A bar for each part is drawn in its place again and again."""
    done = User(tmp_path).run_on_a_terminal("demo", "--workers", "1", "--tasks", "20")
    assert 0 == done.code
    assert "\x1b[" in done.out
    assert done.out.count("each for itself") > 3


def test_a_broken_promise_is_told(tmp_path: Path) -> None:
    """Where nothing is shared the server counts too many requests: 1, and it says which."""
    done = User(tmp_path).run("demo", "--broken", "--workers", "2", "--tasks", "20")
    assert 1 == done.code
    assert "\nkept    every task gets a token" in done.out
    assert "\nBROKEN  a token is minted once" in done.out
    assert "\nBROKEN  a token request is counted" in done.out


def test_it_needs_no_home_and_no_settings(tmp_path: Path) -> None:
    """What is set for other commands has no meaning here, and nothing is left behind."""
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    done = User(home).run(
        *("demo", "--json", "--workers", "1", "--tasks", "5"),
        TMPDIR=str(temporary),
        http_proxy="http://127.0.0.1:9",
    )
    assert 0 == done.code
    assert [[], []] == [list(place.iterdir()) for place in (home, temporary)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the processes as files")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_it_ends_all_of_it(tmp_path: Path, number: signal.Signals) -> None:
    """No process and no file is left, and no traceback."""
    with User(tmp_path).start("demo", TMPDIR=str(tmp_path)) as process:
        wait_for_workers(tmp_path)
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert 130 == process.returncode
    # Where a child has just ended by itself, asyncio may say that it was too late to ask it how.
    assert [] == [line for line in err.splitlines() if "exit status already read" not in line]
    assert set() == processes_of(tmp_path)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the processes as files")
def test_no_process_outlives_it(tmp_path: Path) -> None:
    """Not even when it is killed and can clean up nothing."""
    with User(tmp_path).start("demo", TMPDIR=str(tmp_path)) as process:
        wait_for_workers(tmp_path)
        process.kill()
    deadline = time.monotonic() + 20
    while processes_of(tmp_path) and time.monotonic() < deadline:
        let_run()
    assert set() == processes_of(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the processes as files")
def test_no_secret_is_among_the_arguments(tmp_path: Path) -> None:
    """Every user of the host can read those; the environment only the user who started them."""
    with User(tmp_path).start("demo", TMPDIR=str(tmp_path)) as process:
        wait_for_workers(tmp_path)
        # The arguments first: a process that has just been forked still has those of its parent,
        # and its environment too.
        arguments = {number: contents(number, "cmdline") for number in processes_of(tmp_path)}
        workers = [n for n, line in arguments.items() if b"mintonce.cli.demo_worker" in line]
        secrets = {variables_of(number).get(b"MINTONCE_CLIENT_SECRET") for number in workers}
        process.send_signal(signal.SIGINT)
    secrets.discard(None)  # of those that ended meanwhile
    (secret,) = secrets
    assert secret
    assert secret not in b"".join(arguments.values())


def wait_for_workers(place: Path) -> None:
    """Return when the demo, its server and its workers run."""
    deadline = time.monotonic() + 20
    while len(processes_of(place)) < 10:
        assert time.monotonic() < deadline
        let_run()


def let_run() -> None:
    """Look again in a moment: looking takes a processor that the demo can use."""
    Event().wait(0.02)


def processes_of(place: Path) -> set[int]:
    """The processes that have this directory for their temporary files."""
    numbers = {int(process.name) for process in Path("/proc").glob("[0-9]*")}
    return {n for n in numbers if os.fsencode(place) == variables_of(n).get(b"TMPDIR")}


def variables_of(process: int) -> dict[bytes, bytes]:
    """The environment of a process."""
    variables = contents(process, "environ").split(b"\0")
    pairs = (variable.partition(b"=") for variable in variables)
    return {name: value for name, _, value in pairs}


def contents(process: int, file: str) -> bytes:
    """What the system tells of a process; nothing if it has ended, or belongs to somebody else."""
    try:
        return Path(f"/proc/{process}/{file}").read_bytes()
    except OSError:
        return b""
