"""Who can listen, and what there is to hear: the facts of the log, and no secret."""

from __future__ import annotations

import inspect
import logging
import re
import sys
from contextlib import suppress
from dataclasses import fields
from typing import Any

import pytest

from asking import SECRET
from examples import ROOT
from hearing import Heard
from managing import Handmade, manager, server_of
from mintonce import TokenManager, TokenRequestError, UsageError, events
from mintonce.events import Event
from mintonce.testing import Fault

pytestmark = pytest.mark.asyncio


async def test_the_log_has_the_same_facts(caplog: pytest.LogCaptureFixture) -> None:
    """The line is the event's text, at its level; and handlers find the event itself."""
    caplog.set_level(logging.DEBUG, "mintonce")
    heard = Heard()
    async with server_of() as server, manager(server, on_event=heard) as tokens:
        await tokens.invalidate(await tokens.get())
        await tokens.get()
    lines = [record for record in caplog.records if record.name == "mintonce"]
    assert [(event.level, str(event), (event,)) for event in heard] == [
        (line.levelno, line.getMessage(), line.args) for line in lines
    ]
    told = [line.getMessage() for line in lines if line.levelno == logging.INFO]
    assert 2 == sum("minted" in line for line in told)


async def test_a_log_handler_that_raises(capfd: pytest.CaptureFixture[str]) -> None:
    """Callers get their token all the same, and the error is told as logging tells it."""

    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise LookupError(record.getMessage())

    handler, logger = Broken(logging.INFO), logging.getLogger("mintonce")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        async with TokenManager(source := Handmade()) as tokens:
            await tokens.get()
        assert 1 == source.requests
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert "LookupError: minted the token" in capfd.readouterr().err


async def test_a_log_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor can it be told then that a handler raised; callers get their token all the same."""

    def broken(*_: object) -> None:
        raise BrokenPipeError

    logger = logging.getLogger("mintonce")
    monkeypatch.setattr(logger, "handle", broken)
    monkeypatch.setattr(sys.stderr, "write", broken)
    logger.setLevel(logging.INFO)
    try:
        async with TokenManager(source := Handmade()) as tokens:
            await tokens.get()
    finally:
        logger.setLevel(logging.NOTSET)  # which also forgets what was looked up before
    assert 1 == source.requests


async def test_events_tell_no_secret() -> None:
    """Neither the token nor the client secret is in any of them, in whatever form."""
    heard = Heard()
    async with server_of() as server, manager(server, on_event=heard) as tokens:
        server.fail(Fault.status(400, json={"error": SECRET, "error_description": SECRET}))
        with suppress(TokenRequestError):
            await tokens.get()
        token = await manager(server, on_event=heard).get()
        await tokens.invalidate(token)
    said = repr(heard) + "".join(map(str, heard))
    assert SECRET not in said
    assert token.access_token not in said
    assert len(heard) >= 3


@pytest.mark.parametrize("listener", ["print", 7, [print, None], {print}])
async def test_what_is_no_listener(listener: Any) -> None:
    """A clear error, when the manager is made."""
    with pytest.raises(UsageError, match="on_event must be a function or a list of them"):
        TokenManager(Handmade(), on_event=listener)


async def test_a_coroutine_function_is_no_listener() -> None:
    """It would never be awaited."""

    async def listener(event: Event) -> None:
        raise AssertionError(event)

    class Listener:
        async def __call__(self, event: Event) -> None:
            await listener(event)

    for one in (listener, Listener()):
        with pytest.raises(UsageError, match="on_event must be a plain function"):
            TokenManager(Handmade(), on_event=one)


KINDS = [kind for kind in vars(events).values() if isinstance(kind, type)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_every_field_is_documented(kind: type[Event]) -> None:
    """Its name and its meaning stand in the docstring, in the order of the fields."""
    own = [field.name for field in fields(kind) if field.name in kind.__annotations__]
    documented = re.findall(r"^ {4}(\w+): ", inspect.getdoc(kind) or "", re.MULTILINE)
    assert own == documented[-len(own) or None :]


async def test_the_page_lists_all_kinds() -> None:
    """Nobody has to look for them in the code."""
    page = (ROOT / "docs/how-to/observe.md").read_text("utf-8")
    listed = re.findall(r"^\| `([A-Z]\w+)` \|", page, re.MULTILINE)
    assert {kind.__name__ for kind in KINDS} == {"Event", *listed}
