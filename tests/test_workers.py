"""The services of the documentation, in several real workers that share one directory."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from examples import CLIENT, ROOT, blocks_of
from managing import eventually
from mintonce.testing import AuthorizationServer

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork"),
]

WORKERS = 3
PATIENCE = 60.0  # seconds: as long as a busy machine may take

# Beside what the page shows, each worker tells who it is.
FASTAPI = """
@app.get("/pid")
async def pid(session: Session) -> list[int]:
    async with session.get({api!r}) as response:
        return [os.getpid(), response.status]
"""
AIOHTTP = """
async def pid(request: web.Request) -> web.Response:
    async with request.app[SESSION].get({api!r}) as response:
        return web.json_response([os.getpid(), response.status])

_make_app = make_app

async def make_app() -> web.Application:
    app = await _make_app()
    app.router.add_get("/pid", pid)
    return app
"""
SERVICES = {
    "uvicorn": (
        "fastapi.md",
        FASTAPI,
        ["uvicorn", "service:app", "--uds", "socket", "--workers", str(WORKERS)],
    ),
    "gunicorn": (
        "aiohttp-web.md",
        AIOHTTP,
        [
            *("gunicorn", "service:make_app", "--worker-class", "aiohttp.GunicornWebWorker"),
            *("--bind", "unix:socket", "--workers", str(WORKERS), "--no-control-socket"),
        ],
    ),
}


def write_service(directory: Path, page: str, more: str, server: AuthorizationServer) -> None:
    """The code of the page, in a file, with the addresses of this run."""
    text = blocks_of(ROOT / "docs/how-to" / page)[0].body + more.format(api=server.resource_url)
    for shown, real in {
        "https://auth.example.com": server.url,
        "https://api.example.com": server.url,
        "/var/lib/orders": str(directory / "orders"),
    }.items():
        text = text.replace(shown, real)
    (directory / "service.py").write_text(text, "utf-8")


@asynccontextmanager
async def running(directory: Path, command: Sequence[str]) -> AsyncIterator[aiohttp.ClientSession]:
    """The service in its workers, and a way to them; at its end nothing of it is left."""
    (secret,) = CLIENT.values()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *command),
        cwd=directory,
        env={**os.environ, "CLIENT_SECRET": secret, "HOME": str(directory)},
        start_new_session=True,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        connector = aiohttp.UnixConnector("socket", force_close=True)
        async with aiohttp.ClientSession("http://service", connector=connector) as session:
            yield session
        process.send_signal(signal.SIGTERM)
        assert 0 == await asyncio.wait_for(process.wait(), PATIENCE)
        await eventually(lambda: not is_alive(process.pid), seconds=PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def is_alive(group: int) -> bool:
    """Whether any process of the group is."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


async def all_answer(session: aiohttp.ClientSession) -> None:
    """Ask until each of the workers has called the API."""
    workers = set[int]()
    async with asyncio.timeout(PATIENCE):
        while len(workers) < WORKERS:
            with suppress(aiohttp.ClientConnectionError):
                answers = await asyncio.gather(*(answer(session) for _ in range(8)))
                assert {200} == {status for _, status in answers}
                workers |= {worker for worker, _ in answers}
            await asyncio.sleep(0)


async def answer(session: aiohttp.ClientSession) -> tuple[int, int]:
    """Who it was, and what the API said to that worker."""
    async with session.get("/pid") as response:
        worker, status = await response.json()
        return worker, status


@pytest.mark.parametrize("name", SERVICES)
async def test_workers_share_one_token(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, and however often they are started, one is requested."""
    monkeypatch.chdir(tmp_path)  # the whole path of a socket may be too long: at most 107 bytes
    page, more, command = SERVICES[name]
    async with AuthorizationServer(clients=CLIENT) as server:
        await asyncio.to_thread(write_service, tmp_path, page, more, server)
        for _ in ("started", "started again"):
            async with running(tmp_path, command) as session:
                await all_answer(session)
        assert 1 == server.requests
        assert 0 == server.rejections


async def test_the_page_shows_these_commands() -> None:
    """What it prints is what was run, apart from where they listen."""
    page = await asyncio.to_thread((ROOT / "docs/how-to/workers.md").read_text, "utf-8")
    shown = re.findall(r"^\$ (\w+) (\S+)(.*) --workers \d+$", page, re.MULTILINE)
    assert [("uvicorn", "service:app", ""), ("gunicorn", "service:make_app")] == [
        shown[0],
        shown[1][:2],
    ]
    assert "--worker-class aiohttp.GunicornWebWorker" == shown[1][2].strip()
