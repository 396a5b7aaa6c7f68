"""G7 silent: whatever goes wrong, neither the secret nor a token is seen by anybody."""

from __future__ import annotations

import asyncio
import base64
import inspect
import logging
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import forwarding
import mintonce
from leaks import of_the_command, of_the_program, of_the_secret, of_the_server, of_the_store
from leaks.scene import Scene
from listening import listening, talkative
from marks import ASSERTION, SECRET, SPELLINGS, TOKEN, marks_in, secrets_in
from mintonce import (
    BudgetExhausted,
    MintonceError,
    StoreError,
    StoreUnavailable,
    TokenRejected,
    TokenRequestError,
    UsageError,
)
from mintonce.testing import Fault
from mintonce.token import Secret

ON_THE_LOOP: dict[str, Callable[[Scene], Awaitable[None]]] = {
    **of_the_server.SCENARIOS,
    **of_the_store.SCENARIOS,
    **of_the_program.SCENARIOS,
}
SCENARIOS: dict[str, Callable[[Scene], Awaitable[None] | None]] = {
    **ON_THE_LOOP,
    **of_the_program.WITHOUT_LOOP,
    **of_the_secret.SCENARIOS,
    **of_the_command.SCENARIOS,
}


HAPPENS_IN: dict[type[MintonceError], str] = {
    UsageError: "wrong options",
    BudgetExhausted: "a budget that is spent",
    TokenRequestError: "status (client_secret_post)",
    TokenRejected: "rejected tokens",
    StoreError: "a store with a_file",
    StoreUnavailable: "a store that is away",
}


def play(name: str, scene: Scene) -> None:
    """Run a scenario, with asyncio at its most talkative."""

    async def talking() -> None:
        talkative(asyncio.get_running_loop())
        await ON_THE_LOOP[name](scene)

    if name in ON_THE_LOOP:
        forwarding.run(talking)
    else:
        SCENARIOS[name](scene)


def left_behind(home: Path) -> list[Path]:
    """All files but those that the scenario has written itself."""
    return [path for path in home.rglob("*") if "own" not in path.relative_to(home).parts]


def leaks_of(name: str, home: Path) -> list[tuple[list[str], str]]:
    """What a scenario gives away, and where."""
    with listening() as ear:
        play(name, Scene(home, ear))
    assert ear.said
    found = [(marks_in(text), text) for text in ear.said]
    for path in left_behind(home):
        found.append((marks_in(path.name), path.name))
        if path.is_file():  # which may hold the token, but never the secret
            content = path.read_bytes().decode(errors="replace")
            found.append((secrets_in(content), f"{path}: {content}"))
    return [(marks, text) for marks, text in found if marks]


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_leaks(name: str, tmp_path: Path) -> None:
    """Not in logs, warnings, reprs, errors with all that hangs on them, names of files, output."""
    assert [] == leaks_of(name, tmp_path)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("around", ["{}", "token={}&x=y", "abc{}def", "\n{}\n"])
def test_a_mark_is_found(spelling: str, around: str) -> None:
    """In each spelling, whatever stands before and after it."""
    spell = SPELLINGS[spelling]
    for mark in (SECRET, TOKEN, ASSERTION):
        assert marks_in(around.format(spell(mark)))
    for before in ("", "a", "ab", "client_secret="):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            assert marks_in(encode(f"{before}{SECRET}&x".encode()).decode())
    assert [] == marks_in("nothing of the kind")


PLANTED: dict[str, tuple[str, str, Callable[..., object]]] = {
    "a repr that reveals": (
        *("mintonce.token.Secret.__repr__", "a secret function that is well"),
        Secret.reveal,
    ),
    "a repr of a token": (
        *("mintonce.token.Token.__repr__", "a closed manager"),
        lambda token: token.access_token,
    ),
    "nothing is hidden": (
        *("mintonce.credentials.redaction.Redactor.hide", "status, telling (client_secret_post)"),
        lambda _, text: text,
    ),
    "the old token is told": ("mintonce.asking._hide", "early renewal", lambda *_: None),
    "a secret function is quoted": (
        *("mintonce.credentials.authentication.stand_in", "a secret function that raises"),
        lambda error: error,
    ),
    "a store is quoted": (
        *("mintonce.cell.stand_in", "a driver that tells the value"),
        lambda error: error,
    ),
    "keys tell": (
        *("mintonce.credentials.client_credentials._name", "a closed manager"),
        lambda kind, *_: f"{kind}-t0k3n",
    ),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_leak_is_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault that is planted on purpose makes the scenario red."""
    where, name, change = PLANTED[fault]
    monkeypatch.setattr(where, change)
    assert [] != leaks_of(name, tmp_path)


def test_every_fault_is_played() -> None:
    """What the server of the tests can do wrong is in the table, and all that it does."""
    faults = {name for name, _ in inspect.getmembers(Fault, inspect.ismethod)}
    assert faults == {name.partition(",")[0] for name in of_the_server.FAULTS}


@pytest.mark.parametrize("kind", HAPPENS_IN)
def test_every_error_is_met(kind: type[MintonceError], tmp_path: Path) -> None:
    """Each error of this package comes out of some scenario."""
    assert set(HAPPENS_IN) == _below(MintonceError)
    with listening() as ear:
        scene = Scene(tmp_path, ear)
        play(HAPPENS_IN[kind], scene)
    assert kind in scene.kinds


def _below(kind: type[MintonceError]) -> set[type[MintonceError]]:
    public = [one for one in kind.__subclasses__() if one.__name__ in mintonce.__all__]
    return set(public).union(*map(_below, public))


def test_everybody_is_heard(tmp_path: Path) -> None:
    """Our own log, that of asyncio, which tells all that it runs, that of aiohttp; warnings."""
    with listening() as ear:
        play("a closed manager", Scene(tmp_path, ear))
        logging.getLogger("aiohttp.client").debug("a line of %s", "aiohttp")
        warnings.warn("a warning", stacklevel=1)
    said = "\n".join(ear.said)
    for expected in ("'name': 'mintonce'", "Executing <", "a line of aiohttp", "a warning"):
        assert expected in said
