"""Where a scenario plays: its server, its store, its client, and an ear for what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asking import CLIENT_ID
from commanding import Finished, User
from forwarding import LoopClock
from listening import Ear
from marks import ASSERTION, SECRET, TOKEN
from mintonce import Budget, ClientCredentials, FileStore, MintonceError, TokenManager
from mintonce.testing import AuthorizationServer, Fault

BUDGET = Budget(9, per="day")
MINT_TIMEOUT = 1.0


@dataclass
class Scene:
    """What a scenario has at hand; all that comes out of it is noted.

    Attributes:
        home: A directory of its own. What the scenario itself writes goes to `own`.
        ear: Hears what is logged, and what is noted.

    """

    home: Path
    ear: Ear
    kinds: set[type] = field(default_factory=set)

    @property
    def own(self) -> Path:
        """A directory that nobody looks into."""
        directory = self.home / "own"
        directory.mkdir(exist_ok=True, mode=0o700)
        return directory

    @property
    def store(self) -> FileStore:
        """A store in files."""
        return FileStore(self.home / "tokens")

    def client(self, token_url: str, **options: Any) -> ClientCredentials:
        """The client with the marked secret, an assertion included."""
        known = {
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "extra": {"client_assertion": ASSERTION},
            "audience": "https://api.example.com",
        }
        return ClientCredentials(token_url=token_url, **{**known, **options})

    @asynccontextmanager
    async def server(self, *faults: Fault) -> AsyncIterator[AuthorizationServer]:
        """A server that does these things wrong, again and again, and else issues marked tokens."""
        async with AuthorizationServer(clients={CLIENT_ID: SECRET}) as server:
            server.fail(Fault.members(access_token=TOKEN), times=None)
            if faults:
                server.heal()
                for fault in faults:
                    server.fail(fault, times=None)
            self.ear.note(server)
            yield server

    def manager(self, source: Any, **options: Any) -> TokenManager:
        """A manager of this source."""
        known = {"store": self.store, "budget": BUDGET, "clock": LoopClock()}
        return TokenManager(source, **{**known, "mint_timeout": MINT_TIMEOUT, **options})

    async def look(self, tokens: TokenManager) -> None:
        """Note all that a manager shows."""
        self.ear.note(tokens, vars(tokens), tokens.stats)
        try:
            self.ear.note(await tokens.status())
        except MintonceError as error:
            self.ear.note(error)

    async def asks(self, tokens: TokenManager, *, times: int = 2) -> None:
        """Get a token some times, and note what comes of it; then close the manager."""
        for _ in range(times):
            await self.meets(tokens.get)
        await self.look(tokens)
        await tokens.aclose()
        await self.look(tokens)

    async def meets(self, call: Callable[[], Awaitable[object]]) -> None:
        """Note the result of a call, or the error."""
        try:
            found = await call()
        except (MintonceError, asyncio.CancelledError, TimeoutError) as error:
            self.kinds.add(type(error))
            self.ear.note(error)
        else:
            self.ear.note(found, [found])

    def refuses(self, make: Callable[[], object]) -> None:
        """Note the error that comes of what makes no sense."""
        try:
            self.ear.note(make())
        except MintonceError as error:
            self.kinds.add(type(error))
            self.ear.note(error)

    def user(self, token_url: str) -> User:
        """Somebody who runs the command with the marked secret."""
        return User(self.home, token_url)

    def finished(self, done: Finished, *, prints_token: bool = False) -> None:
        """Note what a command has printed, but for the token if that is its task."""
        self.ear.note(done.err, "" if prints_token else done.out)
