"""A worker of the demo: many tasks that need a token, and a line of JSON for each of them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from mintonce import Budget, ClientCredentials, MintonceError, TokenManager
from mintonce.cli.children import end_with_parent
from mintonce.cli.secret import VARIABLE

_ON_ITS_WAY = 0.1  # seconds that a token should still live when it is handed out for a call
_TRIES = 3
_CONNECTIONS = 4
_PATIENCE = 10.0  # seconds to wait for the API


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is told.

    Attributes:
        token_url: Where tokens are minted.
        client_id: For whom.
        api: An API that takes them.
        store: The URL of the store that is shared; None for memory, which shares nothing.
        budget: Token requests that are allowed in a month.
        tasks: How many there are to do.
        pause: Seconds from the start of one to the start of the next.

    """

    token_url: str
    client_id: str
    api: str
    store: str | None
    budget: int
    tasks: int
    pause: float

    @property
    def credentials(self) -> ClientCredentials:
        """The client; its secret is in the environment."""
        return ClientCredentials(
            token_url=self.token_url,
            client_id=self.client_id,
            client_secret=_secret,
        )

    def manager(self) -> TokenManager:
        """Return a manager, as every program would have it that shares the store."""
        return TokenManager(
            self.credentials, store=self.store, budget=Budget(self.budget, per="month")
        )

    def as_argument(self) -> str:
        """Write it down for a command line; there is no secret in it."""
        return json.dumps(asdict(self))


async def _secret() -> str:
    return os.environ[VARIABLE]


class _Connection:
    """A kept connection to the API."""

    # By hand: to import an HTTP client would cost a worker more than all its tasks together.

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def takes(self, access_token: str) -> bool:
        """Call the API with this token, and tell whether it answered 200."""
        async with asyncio.timeout(_PATIENCE):
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._url.hostname, self._url.port)
            reader, writer = self._streams
            writer.write(
                f"GET {self._url.path} HTTP/1.1\r\n"
                f"Host: {self._url.netloc}\r\n"
                f"Authorization: Bearer {access_token}\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split()[0]))
        return head.startswith(b"http/1.1 200 ")


class _Worker:
    """What the tasks of a worker share: the manager, and some connections to the API."""

    def __init__(self, tokens: TokenManager, api: str) -> None:
        self._tokens = tokens
        self._idle = asyncio.Queue[_Connection]()
        for _ in range(_CONNECTIONS):
            self._idle.put_nowait(_Connection(api))

    async def do_task(self) -> None:
        """Make one call, and print what came of it."""
        connection = await self._idle.get()
        try:
            trouble = await self._call(connection)
        except (MintonceError, OSError, EOFError) as error:
            trouble = f"{type(error).__name__}: {error}"
        self._idle.put_nowait(connection)
        sys.stdout.write(json.dumps({"at": time.time(), "trouble": trouble}) + "\n")
        sys.stdout.flush()

    async def _call(self, connection: _Connection) -> str | None:
        for _ in range(_TRIES):
            token = await self._tokens.get(min_validity=_ON_ITS_WAY)
            if await connection.takes(token.access_token):
                return None
            if token.remaining(time.time()) > 0:
                return "the API refused a token that should be good"
            # It expired on its way: on a busy machine a call can take longer than foreseen.
        return "the tokens expired on their way to the API"


async def work(job: Job) -> None:
    """Do all tasks, each as an asyncio task of its own."""
    async with job.manager() as tokens, asyncio.TaskGroup() as tasks:
        worker = _Worker(tokens, job.api)
        for _ in range(job.tasks):
            tasks.create_task(worker.do_task())
            await asyncio.sleep(job.pause)


if __name__ == "__main__":
    end_with_parent()
    # The forecast is right to warn of a budget for a month and tokens for seconds.
    logging.getLogger("mintonce").addHandler(logging.NullHandler())
    asyncio.run(work(Job(**json.loads(sys.argv[1]))))
