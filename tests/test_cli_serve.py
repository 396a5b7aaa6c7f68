"""``mintonce serve``: an authorization server for development."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commanding import SCRIPT, User


@contextmanager
def serving(user: User, *options: str, **changes: str | None) -> Iterator[dict[str, str | None]]:
    """The variables that it tells to export, while it runs."""
    process = user.start("serve", *options, **changes)
    assert process.stdout
    with process:
        try:
            lines = list[str]()
            while not lines or not lines[-1].startswith("# An API"):
                lines.append(process.stdout.readline())
            exported = [line.split()[1] for line in lines if line.startswith("export ")]
            yield {name: value for name, _, value in (one.partition("=") for one in exported)}
        finally:
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=10)
    assert (0, "") == (process.returncode, err)


def test_what_it_prints_is_all_that_is_needed(tmp_path: Path) -> None:
    """With these variables set a token can be had; Ctrl-C ends it well."""
    user = User(tmp_path)
    with serving(user, "--lifetime", "900", MINTONCE_CLIENT_SECRET=None) as variables:
        done = user.call("token", "--json", **variables)
        assert 0 == done.code
        assert '"expires_in": 899' in done.out or '"expires_in": 900' in done.out


def test_it_says_where_its_counts_are(tmp_path: Path) -> None:
    """As a line for people; what is there is JSON."""
    process = User(tmp_path).start("serve")
    assert process.stdout
    with process:
        lines = list[str]()
        while not lines or not lines[-1].startswith("# An API"):
            lines.append(process.stdout.readline())
        try:
            (url,) = (line.split()[-1] for line in lines if line.startswith("# How many"))
            with urllib.request.urlopen(url) as answer:
                counts = json.load(answer)
        finally:
            process.send_signal(signal.SIGINT)
    assert {"requests": 0, "tokens": 0, "calls": 0, "rejections": 0} == counts


def test_a_secret_of_your_own_is_not_printed(tmp_path: Path) -> None:
    """It is taken from the environment, like everywhere else."""
    user = User(tmp_path)
    with serving(user, "--client-id", "me", MINTONCE_CLIENT_SECRET="mine") as variables:
        assert {"MINTONCE_TOKEN_URL", "MINTONCE_CLIENT_ID"} == set(variables)
        assert 1 == user.call("token", **{**variables, "MINTONCE_CLIENT_SECRET": "else"}).code
        user.call("forget", **variables)
        assert 0 == user.call("token", **{**variables, "MINTONCE_CLIENT_SECRET": "mine"}).code


def test_quota_and_latency_from_the_environment(tmp_path: Path) -> None:
    """After so many tokens it refuses; the answers take their time."""
    user = User(tmp_path)
    changes = {"MINTONCE_QUOTA": "1", "MINTONCE_LATENCY": "0.01"}
    with serving(user, **changes, MINTONCE_CLIENT_ID="me") as variables:
        codes = [user.call("token", "--scope", name, **variables).code for name in ("a", "b")]
        assert [0, 1] == codes


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """One line that says it."""
    user = User(tmp_path)
    with serving(user, MINTONCE_CLIENT_ID="me") as variables:
        port = str(variables["MINTONCE_TOKEN_URL"]).split(":")[2].split("/")[0]
        done = user.call("serve", "--port", port)
    assert 2 == done.code
    assert f"mintonce: cannot listen at port {port}: address already in use\n" == done.err


def test_a_supervisor_can_end_it(tmp_path: Path) -> None:
    """SIGTERM ends it well too."""
    process = User(tmp_path).start("serve")
    assert process.stdout
    assert process.stdout.readline().startswith("# An authorization server listens at http://127.")
    process.terminate()
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
    assert 0 == process.returncode


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_an_output_that_is_full(tmp_path: Path) -> None:
    """That is what it says, and nothing of its port."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [SCRIPT, "serve"],
            env=User(tmp_path).environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=20,
        )
    assert 1 == done.returncode
    assert b"mintonce: No space left on device: standard output\n" == done.stderr
