"""The recipes of the documentation do what it says, with a real server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from examples import ROOT, World
from listening import chain_of
from mintonce import StoreUnavailable
from moto_server import environment, moto_server
from shown import names_in, swapped
from torture import may_block

RECIPES = ROOT / "docs/how-to/store-recipes.md"


@pytest.fixture(autouse=True)
def _reading() -> Iterator[None]:
    with may_block("botocore reads its data from files whenever a client is made"):
        yield


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """A server for the recipes."""
    with moto_server() as url:
        yield url


def live(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clients of AWS find this server."""
    for name, value in environment(url).items():
        monkeypatch.setenv(name, value)


def test_the_recipes_keep_the_contract(
    moto: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each store of the page keeps the whole contract, and takes no lost answer for a refusal."""
    live(moto, monkeypatch)
    World(tmp_path, monkeypatch).run(RECIPES)


@pytest.mark.parametrize(
    ("name", "careful", "usual"),
    [
        ("TestBucketStore", 'retry_config={"max_retries": 0}', "retry_config={}"),
        ("TestDynamoStore", 'retries={"total_max_attempts": 1}', "retries={}"),
    ],
)
def test_the_usual_settings_of_a_client_lie(
    name: str, careful: str, usual: str, moto: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the client tries again by itself, the check of the page finds a swap that was done."""
    names = names_in(RECIPES, careful, usual)
    live(moto, monkeypatch)
    with pytest.raises(AssertionError, match="and then a lie"):
        asyncio.run(lose_answers(names, name, moto, monkeypatch))


async def lose_answers(
    names: dict[str, Any], name: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hold a store to the check of the page."""
    endpoint = urlsplit(url)
    way = names["Lossy"](endpoint.hostname, endpoint.port)
    async with way.open() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        await names["check_lost_answers"](names[name](), way)


class Busy(BaseHTTPRequestHandler):
    """An S3 that has nothing, and another request under way, until it has refused two writes."""

    refusals: ClassVar[list[int]] = []

    def do_GET(self) -> None:
        """There is nothing."""
        self._answer(404)

    def do_PUT(self) -> None:
        """Refuse, and do it in the end."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(self.refusals.pop(0) if self.refusals else 200)

    def _answer(self, status: int) -> None:
        body = b"<Error><Code>SlowDown</Code><Token-0>a secret</Token-0></Error>"
        self.send_response(status)
        self.send_header("ETag", '"of nothing"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name in the library
        """Say nothing."""


@contextmanager
def busy_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the clients find that S3."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        live(f"http://127.0.0.1:{server.server_port}", monkeypatch)
        try:
            yield
        finally:
            server.shutdown()


def test_a_conflict_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 refuses a write because of another that comes to nothing: it is tried again, and done."""
    Busy.refusals[:] = [409, 412]
    with busy_server(monkeypatch):
        assert swapped(names_in(RECIPES)["TestBucketStore"]().open())
    assert [] == Busy.refusals


def test_a_code_is_told_and_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what S3 writes, which may repeat a session token, only the code is in the error."""
    Busy.refusals[:] = [503]
    with busy_server(monkeypatch), pytest.raises(StoreUnavailable) as caught:
        swapped(names_in(RECIPES)["TestBucketStore"]().open())
    assert ["BucketStore('orders-tokens'): SlowDown"] == [*map(str, chain_of(caught.value))]


@pytest.mark.parametrize("name", ["TestBucketStore", "TestDynamoStore"])
def test_a_recipe_whose_server_is_away(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection means unavailable, and no secret comes along with the error."""
    live("http://127.0.0.1:9", monkeypatch)
    with pytest.raises(StoreUnavailable, match="orders-tokens") as caught:
        swapped(names_in(RECIPES)[name]().open())
    assert [caught.value] == chain_of(caught.value)


@pytest.mark.parametrize(
    ("name", "patient", "impatient"),
    [
        ("TestBucketStore", '"aws_timeout": "4s"', '"aws_timeout": "50ms"'),
        ("TestDynamoStore", "read_timeout=4", "read_timeout=0.05"),
    ],
)
def test_a_recipe_whose_server_is_silent(
    name: str, patient: str, impatient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer means unavailable, before a manager has lost its patience."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        live(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        with pytest.raises(StoreUnavailable, match="orders-tokens"):
            swapped(names_in(RECIPES, patient, impatient)[name]().open())
