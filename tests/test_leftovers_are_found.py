"""Whatever a test leaves behind fails that test, and no other: each kind is found."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mintonce.flight import Flights
from torture import may_leave, watched

HEAD = """
import asyncio, gc, socket
import aiohttp, pytest
from mintonce import TokenManager
from mintonce.flight import Flights

async def fail():
    raise OSError("nobody will see it")

async def hang():
    await asyncio.Event().wait()

async def lose():
    # Nothing but itself refers to what it waits for, and so to this task.
    end = asyncio.get_running_loop().create_future()
    await end

async def connect():
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    await asyncio.open_connection(*server.sockets[0].getsockname())
    server.close()
"""

LEFT = {
    "nothing": ("await asyncio.sleep(0)", None),
    "coroutine": ("fail()", "coroutine 'fail' was never awaited"),
    "error": ("asyncio.create_task(fail()); await asyncio.sleep(0)", "Task exception was never"),
    "future": ("asyncio.Future().set_exception(OSError())", "Future exception was never retrieved"),
    "lost": ("asyncio.create_task(lose()); await asyncio.sleep(0); gc.collect()", "it is pending"),
    "session": ("aiohttp.ClientSession()", "Unclosed client session"),
    "transport": ("await connect()", "unclosed"),
    "socket": ("socket.socket()", "unclosed <socket"),
    "callback": ("asyncio.get_running_loop().call_soon(int, 'x')", "Exception in callback"),
    "not ours": ("Flights().start('adrift', hang)", None),
    "call": (
        "flights = Flights(); asyncio.create_task(flights.join('x', hang)); await asyncio.sleep(0)",
        "left behind when its loop ended",
    ),
    "nothing again": ("await asyncio.sleep(0)", None),
}
"""Bodies of tests, and by which words it is told what they leave."""

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a run of these tests says of each of them."""
    directory = tmp_path_factory.mktemp("left")
    tests = "".join(
        f"\n@pytest.mark.asyncio\nasync def test_{name.replace(' ', '_')}():\n    {body}\n"
        for name, (body, _) in LEFT.items()
    )
    (directory / "test_left.py").write_text(HEAD + tests, "utf-8")
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "--rootdir", ROOT),
            *("-p", "torture.plugin", "-p", "no:cacheprovider", "-q"),
            *("--junitxml", "result.xml", "test_left.py"),
        ],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    cases = ET.parse(directory / "result.xml").iter("testcase")
    return {
        str(case.get("name")).removeprefix("test_").replace("_", " "): "".join(case.itertext())
        for case in cases
    }


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, (_, words) in LEFT.items()])
def test_what_is_left(told: dict[str, str], name: str, words: str | None) -> None:
    """The test that leaves it is the one that fails, and those around it do not."""
    assert bool(words) == bool(told[name])
    assert (words or "") in told[name]


def test_what_may_be_left() -> None:
    """A test can say that its loop ends in mid-flight; it has to say why."""

    async def leave() -> None:
        waiting = asyncio.create_task(Flights().join("get", asyncio.Event().wait))
        await asyncio.sleep(0)
        assert not waiting.done()

    with watched(), may_leave("to show that it may"):
        asyncio.run(leave())
    with pytest.raises(AssertionError, match=r"left behind .*Flights\.join"), watched():
        asyncio.run(leave())
