"""Real managers on a store and a server that do one thing at a time, when they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mintonce import MintonceError, StoreError, Token, TokenManager, codec
from mintonce.ledger import Ledger
from mintonce.record import Record
from model.follower import Follower, gist
from model.minting import ERRORS
from model.values import INSTANTS, LIFETIME, START, Act, Cell, World

_KEY = "token"


@dataclass
class Asked:
    """Something that a process asked for, and that is not done yet.

    Attributes:
        mover: Which process.
        kind: For what: ``read``, ``swap``, ``send`` or ``answer``.
        since: When, in the time of the loop.
        wall: The same in Unix seconds.
        key: Of the store.
        old: What is to be replaced.
        new: What by.
        done: Where the answer goes.

    """

    mover: int
    kind: str
    since: float
    wall: float
    key: str = ""
    old: bytes | None = None
    new: bytes | None = None
    done: asyncio.Future[Any] = field(default_factory=asyncio.Future)

    @property
    def cell(self) -> Cell:
        """The cell of the model."""
        return "record" if self.key == _KEY else "ledger"


class Process:
    """One manager, and its way to store and server.

    Attributes:
        token: The token that its caller has.
        call: What its caller waits for.
        since: The instant of the last answer.

    """

    key = _KEY

    def __init__(self, name: int, shared: Outside, world: World) -> None:
        self._name, self._outside = name, shared
        self.token: Token | None = None
        self.since = 0
        self.tokens = TokenManager(
            self, store=self, budget=world.budgets, clock=shared, refresh_ahead=0.0
        )
        self.call = asyncio.create_task(self.get())

    async def read(self, key: str) -> bytes | None:
        """Ask the store."""
        value: bytes | None = await self._outside.ask(self._name, "read", key)
        return value

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:  # noqa: ARG002 - nothing is dropped
        """Ask the store."""
        return bool(await self._outside.ask(self._name, "swap", key, old, new))

    async def mint(self) -> Mapping[str, Any]:
        """Ask the server."""
        time = asyncio.get_running_loop().time
        started = time()
        number = await self._outside.ask(self._name, "send")
        await self._outside.ask(self._name, "answer")
        # The wall clock stands still between the instants, yet no two requests are sent at once.
        lifetime = LIFETIME + number / 1000 + time() - started
        return {"access_token": f"t{number}", "expires_in": lifetime}

    async def get(self) -> None:
        """Get a token; report the one at hand first if the API rejects it."""
        if self.token and self.token.access_token in self._outside.bad:
            await self.tokens.invalidate(self.token)
        try:
            self.token = await self.tokens.get()
        except MintonceError:
            self.token = None
        self.since = self._outside.now

    @property
    def is_saving(self) -> bool:
        """Whether it has a token that the store could not take."""
        return "save" in self.tokens._flights


class Outside:
    """Store, server and clock: they do one thing at a time, and tell a follower what it was.

    Args:
        world: How many processes there are, and with which budget.

    Attributes:
        follower: Who is told.
        asked: What is to be done.
        bad: The tokens that the API rejects.
        now: The instant.

    """

    def __init__(self, world: World) -> None:
        self.follower = Follower(world)
        self.asked: list[Asked] = []
        self.bad = set[str]()
        self.now = 0
        self._values = dict[str, bytes]()
        self._owners = dict[str, int]()
        self._begun = dict[int, float]()  # when the request of a process was
        self._sent = 0

    def wall(self) -> float:
        """Unix seconds: those of the model."""
        return INSTANTS[self.now]

    def steady(self) -> float:
        """Seconds of the loop, and what passes between the instants."""
        return asyncio.get_running_loop().time() + INSTANTS[self.now] - START

    async def ask(self, *wish: Any) -> Any:
        """Wait until it is done."""
        mover, kind, *more = wish
        asked = Asked(mover, kind, asyncio.get_running_loop().time(), self.wall(), *more)
        self.asked.append(asked)
        return await asked.done

    def do(self, asked: Asked, fault: str) -> None:
        """Do what was asked for; `fault` is how a swap or an answer goes wrong, or empty."""
        self.asked.remove(asked)
        if asked.done.done():  # given up
            return
        if asked.kind == "read":
            self._tell(asked, asked.cell)
            asked.done.set_result(self._values.get(asked.key))
        elif asked.kind == "swap":
            self._swap(asked, fault)
        elif asked.kind == "send":
            self._sent += 1
            self._begun[asked.mover] = asked.wall
            self._tell(asked)
            asked.done.set_result(self._sent)
        else:
            self._answer(asked, fault)

    def _swap(self, asked: Asked, fault: str) -> None:
        value: Record | Ledger
        if asked.cell == "record":
            value = codec.load(Record, asked.new or b"")
        else:
            value = codec.load(Ledger, asked.new or b"")
        self._note_names(asked.mover, value)
        fits = self._values.get(asked.key) == asked.old
        how = (fault if fits or not fault else "failed") or ("done" if fits else "too late")
        self._tell(asked, asked.cell, gist(value, self._owners.__getitem__), how)
        if how in {"done", "lost"}:
            self._values[asked.key] = asked.new or b""
        if fault:
            asked.done.set_exception(StoreError(how))
        else:
            asked.done.set_result(fits)

    def _answer(self, asked: Asked, fault: str) -> None:
        is_over = self._begun[asked.mover] + LIFETIME <= self.wall()
        how = "over" if is_over else fault or "token"
        self._tell(asked, None, None, how)
        if how in ERRORS:
            asked.done.set_exception(ERRORS[how])
        else:
            asked.done.set_result(None)

    def _note_names(self, mover: int, value: Record | Ledger) -> None:
        """Note whose a lease or a mint is: it belongs to whoever wrote it first."""
        names = [mint.id for mint in value.mints] if isinstance(value, Ledger) else []
        if isinstance(value, Record) and value.lease:
            names.append(value.lease.holder)
        for name in names:
            self._owners.setdefault(name, mover)

    def _tell(self, asked: Asked, *seen: Any) -> None:
        self.follower.saw(asked.mover, Act(asked.kind, *seen))
