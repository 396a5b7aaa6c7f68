"""The authorization server as a process of its own, watched and told over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from asking import CLIENT_ID, SECRET, ask, call, send
from mintonce.testing import AuthorizationServer
from mintonce.testing.server import run
from mintonce.testing.server.__main__ import main
from torture import may_block

pytestmark = pytest.mark.asyncio


@dataclass(frozen=True)
class Remote:
    """What the first line tells, and the process that wrote it."""

    process: subprocess.Popen[str]
    url: str
    token_url: str
    resource_url: str
    client_id: str

    async def stats(self) -> object:
        """The counts, asked for over HTTP."""
        return (await send("GET", f"{self.url}/stats")).json

    async def fail(self, **order: object) -> int:
        """Order a fault; the status that this is answered with."""
        return (await send("POST", f"{self.url}/faults", json=order)).status


@contextmanager
def process(*options: str, secret: str | None = SECRET) -> Iterator[Remote]:
    """The server, started as its documentation says, until SIGTERM."""
    command = [sys.executable, "-W", "error", "-m", "mintonce.testing.server", *options]
    env = dict(os.environ) | ({"MINTONCE_CLIENT_SECRET": secret} if secret else {})
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdout is not None
        try:
            line = child.stdout.readline()
            assert SECRET not in line
            yield Remote(child, **json.loads(line))
        finally:
            child.terminate()


async def test_it_serves_until_it_is_told_to_stop() -> None:
    """One line when it is ready, one client, and a clean end on a signal."""
    with process("--client-id", CLIENT_ID, "--lifetime", "90") as server:
        answer = await ask(server)
        assert (200, 90) == (answer.status, answer.json["expires_in"])
        assert 200 == (await call(server, answer.token)).status
        assert {"requests": 1, "tokens": 1, "calls": 1, "rejections": 0} == await server.stats()
        assert CLIENT_ID == server.client_id
    assert 0 == server.process.returncode


async def test_the_client_for_development_needs_no_setting() -> None:
    """Its secret is a documented one; the options do what they say."""
    with process("--quota", "1", "--quota-headers", "--latency", "0.01", secret=None) as server:
        good = {"client_id": "development", "client_secret": "development-secret"}
        assert [200, 429] == [(await ask(server, **good)).status for _ in range(2)]


async def test_the_help_names_the_secret_for_development(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And the variable that sets another one."""
    with may_block("it is a whole program"), pytest.raises(SystemExit, match="0"):
        main(["--help"])
    words = capsys.readouterr().out.split()
    assert {"'development-secret'.", "MINTONCE_CLIENT_SECRET;"} <= set(words)


async def test_faults_and_revocation_over_http() -> None:
    """Other processes tell the server what a test would."""
    with process("--client-id", CLIENT_ID) as server:
        assert 204 == await server.fail(fault="status", options={"status": 503}, times=2)
        assert 204 == await server.fail(fault="empty", times=None)
        assert [503, 503, 200, 200] == [(await ask(server)).status for _ in range(4)]
        assert 204 == (await send("DELETE", f"{server.url}/faults")).status
        one, other = [(await ask(server)).token for _ in range(2)]
        assert 400 == (await send("POST", f"{server.url}/revoke", json={"token": one})).status
        await send("POST", f"{server.url}/revoke", data={"token": one})
        assert [401, 200] == [(await call(server, token)).status for token in (one, other)]
        await send("POST", f"{server.url}/revoke")
        assert 401 == (await call(server, other)).status
        assert {"requests": 6, "tokens": 2, "calls": 3, "rejections": 2} == await server.stats()


KNOWN = "known are body, empty, expires_in"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("not JSON", "the body is no JSON: Expecting value"),
        ("[" * 100_000, "the body is no JSON: "),
        ("[]", f'the body must be like {{"fault": "empty"}}; {KNOWN}'),
        ("{}", f'the body must be like {{"fault": "empty"}}; {KNOWN}'),
        ('{"fault": "earthquake"}', f"no such fault: 'earthquake'; {KNOWN}"),
        ('{"fault": ["status"]}', f"no such fault: ['status']; {KNOWN}"),
        ('{"fault": "status"}', "Fault.status takes status, json, retry_after, headers: "),
        ('{"fault": "latency", "options": {"parsecs": 12}}', "Fault.latency takes seconds: "),
        ('{"fault": "latency", "options": {"seconds": "2"}}', "Fault.latency takes seconds: "),
        ('{"fault": "redirect", "options": {"location": 2}}', "Fault.redirect takes location, "),
        ('{"fault": "status", "options": {"status": 1, "json": 5}}', "Fault.status takes status, "),
        ('{"fault": "empty", "options": [12]}', "Fault.empty takes no options: "),
        ('{"fault": "empty", "times": "often"}', "times must be a whole number, or null for ever"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(body: str, message: str) -> None:
    """The answer says what is wrong with it, and nothing fails because of it."""
    async with AuthorizationServer() as server:
        answer = await send("POST", f"{server.url}/faults", data=body)
        assert 400 == answer.status
        assert answer.body.decode().startswith(message)
        answer = await ask(server, client_id="development", client_secret="development-secret")
        assert 200 == answer.status


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_can_be_run_by_a_command(number: signal.Signals) -> None:
    """A command line says in its own way where the server is; the signals are given back."""
    places = list[str]()

    def announce(server: AuthorizationServer) -> None:
        places.append(server.token_url)
        signal.raise_signal(number)

    await run(AuthorizationServer(), announce=announce)
    assert 1 == len(places)
    assert not asyncio.get_running_loop().remove_signal_handler(number)
