"""What ``mintonce`` prints, and what everybody on the host can read of it while it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from asking import CLIENT_ID
from commanding import User, served
from leaks.of_the_server import TELLING
from leaks.scene import Scene
from marks import SECRET, TOKEN
from mintonce.testing import AuthorizationServer, Fault

_VARIABLE = "MINTONCE_CLIENT_SECRET"
_WELL = Fault.members(access_token=TOKEN)
_SILENT = {"MINTONCE_BUDGET": "5/day", _VARIABLE: SECRET}

Setting = dict[str, str | None]


@contextmanager
def serving(scene: Scene, fault: Fault = _WELL) -> Iterator[tuple[User, AuthorizationServer]]:
    """A user whose secret is marked, and a server that does this."""
    with served() as server:
        server.rules.clients[CLIENT_ID] = SECRET
        server.fail(fault, times=None)
        yield scene.user(server.token_url), server


def fails(scene: Scene, arguments: str, changes: Setting, fault: Fault = _WELL) -> None:
    """A command that is refused, or used in the wrong way."""
    with serving(scene, fault) as (user, _):
        done = user.call(*arguments.split(), "--verbose", **{**_SILENT, **changes})
        assert 0 != done.code
        scene.finished(done)


def secret_file(scene: Scene, content: bytes, mode: int) -> None:
    """A file with the secret that is not as it should be."""
    file = scene.own / "file"
    file.write_bytes(content)
    file.chmod(mode)
    with serving(scene) as (user, _):
        options = ["--client-secret-file", str(file)]
        scene.finished(user.call("token", *options, **_SILENT), prints_token=True)


def a_day(scene: Scene) -> None:
    """The token is minted, shown, forgotten, minted again until the budget is spent; all well."""
    with serving(scene) as (user, _):
        call = partial(user.call, **{**_SILENT, "MINTONCE_BUDGET": "2/day"})
        for _ in range(3):
            scene.finished(call("token", "-v"), prints_token=True)
            for command in ("status", "status --json", "forget -v", "status"):
                scene.finished(call(*command.split()))
        scene.finished(call("forget", "--ledger"))


def damaged(scene: Scene) -> None:
    """Record and ledger are what nobody can read: the token, and nothing else."""
    with serving(scene) as (user, _):
        user.call("token", **_SILENT)
        for path in user.store.glob("*[!k]"):
            path.write_text(TOKEN, "utf-8")
        for command in ("status", "token", "status --json", "forget", "forget --ledger"):
            scene.finished(user.call(*command.split(), **_SILENT))


def process_list() -> str:
    """What `ps` shows to everybody: the arguments of all processes."""
    found = list[str]()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return "\n".join(found)


@contextmanager
def running(
    scene: Scene, user: User, command: list[str], expected: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """A command that runs, once it has written a line; what it prints, and the process list."""
    with user.start(*command, **_SILENT) as process:
        try:
            assert process.stdout
            if expected:
                scene.ear.note(process.stdout.readline())
            yield process
            told = process_list()
            assert " ".join(command[:2]) in told
            scene.ear.note(told)
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
            scene.ear.note(out, err)


def waits(scene: Scene) -> None:
    """``token`` waits for an answer when somebody presses Ctrl-C."""
    with (
        serving(scene, _WELL.after(1.5)) as (user, server),
        running(scene, user, ["token", "--verbose"]),
    ):
        deadline = time.monotonic() + 20
        while not server.log:
            assert time.monotonic() < deadline
            os.sched_yield()


def runs_another(scene: Scene) -> None:
    """``exec`` has become another command, which keeps the token to itself."""
    script = 'test -n "$MINTONCE_ACCESS_TOKEN" && echo here; read line'
    with serving(scene) as (user, _):
        with user.start("exec", "--", "sh", "-c", script, **_SILENT) as process:
            assert process.stdout
            assert "here\n" == process.stdout.readline()
            scene.ear.note(process_list())
            scene.ear.note(*process.communicate("\n", timeout=20))
        for command in ("no-such-command", "/etc/passwd"):
            scene.finished(user.call("exec", "--", command, **_SILENT))


def serves(scene: Scene) -> None:
    """``serve`` takes the secret from the environment."""
    with running(scene, scene.user(""), ["serve", "--lifetime", "9"], "# An"):
        pass


def shows(scene: Scene) -> None:
    """``demo`` has a secret of its own, which its processes find in their environment."""
    secrets = set[str]()
    options = ("--workers", "1", "--tasks", "5")
    with scene.user("").start("demo", *options, **{_VARIABLE: None}) as process:
        while process.poll() is None:
            secrets |= _secrets_of(process.pid)
            told = process_list()
            assert not [secret for secret in secrets if secret in told]
        out, err = process.communicate(timeout=20)
    assert 1 == len(secrets)
    assert not [secret for secret in secrets if secret in out + err]
    scene.ear.note(out, err)


def _secrets_of(parent: int) -> set[str]:
    """The secrets that the children of a process have in their environment."""
    found = set[str]()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if f"\nPPid:\t{parent}\n" in (path / "status").read_text():
                environment = (path / "environ").read_text().split("\0")
                found |= {one for one in environment if one.startswith(_VARIABLE)}
        except OSError:  # it has ended meanwhile
            continue
    return {one.partition("=")[2] for one in found}


FAILURES: dict[str, tuple[str, Setting]] = {
    "a wrong secret": ("token", {_VARIABLE: f"x{SECRET}"}),
    "a secret with a line break": ("token", {_VARIABLE: f"{SECRET}\n"}),
    "a password in an address": ("token", {"MINTONCE_TOKEN_URL": f"https://u:{SECRET}@a.test/"}),
    "a password in a store": ("token", {"MINTONCE_STORE": f"redis://:{SECRET}@a.test/"}),
    "a store that cannot be read": ("status", {"MINTONCE_STORE": f"http://[{SECRET}"}),
    "a value without a name": ("token", {"MINTONCE_EXTRA": SECRET.replace("=", "")}),
    "an assertion with a line break": ("token", {"MINTONCE_EXTRA": "client_assertion=\x01s3cr3t"}),
    "a directory that others can read": ("token", {"MINTONCE_STORE": "file:///tmp"}),
    "a budget that is none": ("token", {"MINTONCE_BUDGET": "many"}),
    "too long a life": ("token --min-validity 999999999", {}),
    "no such option": ("token --nonsense", {}),
}
FILES = {
    "with a line break": (f"{SECRET}\n\n".encode(), 0o600),
    "not in UTF-8": (SECRET.encode() + b"\xff", 0o600),
    "too long": (SECRET.encode() * 5000, 0o600),
    "that all can read": (SECRET.encode(), 0o644),
}
SCENARIOS: dict[str, Callable[[Scene], None]] = {
    **{
        f"mintonce: {name}": partial(fails, arguments=arguments, changes=changes)
        for name, (arguments, changes) in FAILURES.items()
    },
    **{
        f"mintonce: a server that answers {fault.answer}"[:60]: partial(
            fails, arguments="token", changes={}, fault=fault
        )
        for fault in (Fault.status(400, json=TELLING), Fault.lose_answer(), Fault.html())
    },
    **{
        f"mintonce: a file {name}": partial(secret_file, content=content, mode=mode)
        for name, (content, mode) in FILES.items()
    },
    "mintonce: a day": a_day,
    "mintonce: a damaged store": damaged,
    "mintonce token, waiting": waits,
    "mintonce exec": runs_another,
    "mintonce serve": serves,
    "mintonce demo": shows,
}
