"""G7 silent: no secret and no token in what is printed, logged, raised, or used as a name."""

from __future__ import annotations

import asyncio
import base64
import logging
import re
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import pytest_asyncio

from asking import CLIENT_ID
from managing import Handmade, credentials, settled
from mintonce import (
    Budget,
    BudgetExhausted,
    FileStore,
    MemoryStore,
    MintonceError,
    TokenManager,
    TokenRejected,
    TokenRequestError,
)
from mintonce.testing import AuthorizationServer, Fault, ManualClock

pytestmark = pytest.mark.asyncio

SECRET = "marked/s3cret & more"
TOKEN = "marked.t0ken-of-the-tests"


def encoded(text: str) -> str:
    """The text in Base64, without what depends on its length."""
    return base64.b64encode(text.encode()).decode().rstrip("=")[:-1]


MARKS = {
    *(SECRET, quote(SECRET, safe=""), quote(SECRET), SECRET.replace(" ", "+"), encoded(SECRET)),
    *(encoded(f"{CLIENT_ID}:{SECRET}"), encoded(f"{CLIENT_ID}:{quote(SECRET, safe='')}")),
    *("s3cret", TOKEN, encoded(TOKEN), "t0ken"),
}


def silent(text: str) -> bool:
    """Whether the text gives nothing away, in any spelling."""
    return not any(mark.lower() in text.lower() for mark in MARKS)


def told(error: BaseException) -> str:
    """All that may be printed of an error: its traceback with all its causes, and what it holds."""
    return "".join([*traceback.format_exception(error), repr(error), str(vars(error))])


class Listener(logging.Handler):
    """Hears everything that anybody logs, and refuses what gives something away."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Write down the line, and whatever else a handler may print."""
        self.lines.append(f"{self.format(record)} {vars(record)}")


@pytest.fixture(autouse=True)
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """All that is logged, at every level; after each test it is looked through."""
    caplog.set_level(logging.DEBUG)
    listener = Listener()
    logging.getLogger().addHandler(listener)
    yield listener.lines
    logging.getLogger().removeHandler(listener)
    assert [] == [line for line in listener.lines if not silent(line)]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[AuthorizationServer]:
    """A server for a marked secret, with tokens that are marked too."""
    asyncio.get_running_loop().set_debug(True)
    async with AuthorizationServer(clients={CLIENT_ID: SECRET}) as server:
        server.fail(Fault.members(access_token=TOKEN), times=None)
        yield server


def marked(server: AuthorizationServer, **options: object) -> TokenManager:
    """A manager for the marked secret."""
    return TokenManager(credentials(server, client_secret=SECRET), **options)  # type: ignore[arg-type]  # any option


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
async def test_what_can_be_printed(server: AuthorizationServer, method: str) -> None:
    """Each object that a program gets or makes, in each way to print it."""
    source = credentials(server, client_secret=SECRET, auth_method=method)
    store = MemoryStore()
    async with TokenManager(source, store=store, budget=Budget(9, per="day")) as tokens:
        token = await tokens.get()
        assert TOKEN == token.access_token
        status = await tokens.status()
        for thing in (token, source, store, tokens, tokens.stats, status, vars(tokens)):
            assert silent(f"{thing!r} {thing!s} {thing} {[thing]}")


async def test_marks_are_found() -> None:
    """The other tests would notice: a mark is seen in any of its spellings."""
    for text in (*MARKS, f"<{TOKEN}>", SECRET.upper()):
        assert not silent(text)
    assert silent("nothing of the kind")


FAULTS = {
    "refused": Fault.status(401, json={"error": "invalid_client"}),
    "repeats the secret": Fault.status(
        400, json={"error": "invalid_request", "error_description": f"{SECRET} is not known"}
    ),
    "repeats it in the code": Fault.status(400, json={"error": quote(SECRET, safe="")}),
    "a web page with it": Fault.body(f"<p>{SECRET}</p>", "text/html"),
    "an error page with it": Fault.body(f"<p>{SECRET}</p>", "text/html", status=502),
    "redirects with it": Fault.redirect(f"https://elsewhere.example/?s={quote(SECRET)}"),
    "a token that cannot be sent": Fault.members(access_token=f"{TOKEN}\r\nX: y"),
    "a type that is not known": Fault.members(access_token=TOKEN, token_type=TOKEN),
    "a token that is over": Fault.members(access_token=TOKEN, expires_in=-1),
    "lost": Fault.lose_answer(),
    "hangs": Fault.hang(),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_what_is_told_of_a_failure(
    server: AuthorizationServer, fault: Fault, tmp_path: Path
) -> None:
    """The error, its causes, and what is stored for others."""
    server.heal()
    server.fail(fault, times=None)
    directory = tmp_path / "tokens"
    async with marked(server, store=FileStore(directory), mint_timeout=0.5) as tokens:
        with pytest.raises(TokenRequestError) as caught:
            await tokens.get()
        assert silent(told(caught.value))
        assert silent(repr(await tokens.status()))
    for path in directory.iterdir():
        assert silent(path.read_text("utf-8"))


async def test_what_is_told_of_a_server_that_is_gone(server: AuthorizationServer) -> None:
    """The connection error knows the request; the message does not."""
    await server.aclose()
    async with marked(server) as tokens:
        with pytest.raises(TokenRequestError, match="cannot be reached") as caught:
            await tokens.get()
        assert silent(told(caught.value))


async def test_what_is_told_of_rejections_and_budgets(server: AuthorizationServer) -> None:
    """A token is known by a short hash of it."""
    async with marked(server) as tokens:
        token = await tokens.get()
        await tokens.invalidate(token)
        with pytest.raises(TokenRejected) as rejected:
            await tokens.get()
        assert silent(told(rejected.value))
    async with marked(server, budget=Budget(1, per="day")) as tokens:
        await tokens.invalidate(await tokens.get())
        with pytest.raises(BudgetExhausted) as exhausted:
            await tokens.get()
        assert silent(told(exhausted.value))
        assert silent(token.fingerprint)
        assert re.fullmatch("[0-9a-f]{12}", token.fingerprint)
        assert repr(await tokens.status()).count(token.fingerprint)


async def test_names_in_the_store(server: AuthorizationServer, tmp_path: Path) -> None:
    """Keys and file names say nothing; the file holds the token, but never the secret."""
    directory = tmp_path / "tokens"
    async with marked(server, store=FileStore(directory)) as tokens:
        await tokens.get()
    names = [path.name for path in directory.iterdir()]
    assert len(names) >= 2
    for name in names:
        assert silent(name)
        assert re.fullmatch(r"[a-z0-9-]{1,100}(\.lock)?", name)
        assert "s3cret" not in (directory / name).read_text("utf-8")
    assert any(TOKEN in (directory / name).read_text("utf-8") for name in names)


@pytest.mark.parametrize("damage", [TOKEN, '{"version": 1, "token": {"access_token": "%s"}}'])
async def test_what_is_told_of_a_damaged_store(
    server: AuthorizationServer, lines: list[str], tmp_path: Path, damage: str
) -> None:
    """Bytes that cannot be read may hold a token: they are put aside, not shown."""
    directory = tmp_path / "tokens"
    async with marked(server, store=FileStore(directory)) as tokens:
        await tokens.get()
    for path in directory.glob("*[!k]"):
        path.write_text(damage.replace("%s", TOKEN), "utf-8")
    async with marked(server, store=FileStore(directory), budget=Budget(9, per="day")) as tokens:
        with pytest.raises(MintonceError, match="cannot be read") as caught:
            await tokens.get()
        assert silent(told(caught.value))
    assert any("put aside" in line for line in lines)


async def test_a_source_that_raises_what_it_knows() -> None:
    """What a source of the program's own says in its error is not repeated in ours."""
    source = Handmade()
    source.answers.append(ValueError(f"{TOKEN} is bad"))
    async with TokenManager(source) as tokens:
        with pytest.raises(TokenRequestError, match="failed with ValueError") as caught:
            await tokens.get()
        assert silent(told(caught.value))
        assert silent(repr(await tokens.status()))


async def test_early_renewal_that_fails(server: AuthorizationServer) -> None:
    """It is told in the log, and only there."""
    clock = ManualClock()
    async with marked(server, clock=clock) as tokens:
        await tokens.get()
        server.heal()
        server.fail(FAULTS["repeats the secret"])
        clock.advance(3590)
        await tokens.get()
        await settled(tokens)
        assert 2 == server.requests
