"""Where processes are killed and stopped: a server, a store in files, and what they say of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backing.opening import opened
from chaos.nurse import PATIENCE, Late, Nurse
from fleet import order_of
from managing import credentials, server_of
from mintonce.books import Books
from mintonce.cell import Cell
from mintonce.ledger import Ledger
from mintonce.record import Lease, Record
from mintonce.stores import TokenStore
from mintonce.testing import AuthorizationServer


@dataclass(frozen=True)
class Scene:
    """One server, one store, and processes that use both.

    Attributes:
        server: The judge: what it was not asked was not sent.
        nurse: Forks the processes.
        order: What each of them has to know.
        store: Read here as by everybody.
        record: What the store keeps of the token.
        cell: The count of the mints.

    """

    server: AuthorizationServer
    nurse: Nurse
    order: dict[str, Any]
    store: TokenStore
    record: Cell[Record]
    cell: Cell[Ledger]

    async def fork(self, children: int = 1) -> list[int]:
        """Fork processes that get a token, report it and end."""
        return await self.nurse.fork("get", children, **self.order)

    async def halt(self, pid: int, **moment: bool) -> None:
        """Stop a process where it holds no lock, unless another moment is asked for."""
        self.nurse.halted.add(pid)
        await self.nurse.have("halt", pid=pid, store=self.order["directory"], **moment)

    async def resume(self, pid: int) -> None:
        """Let a process go on that was stopped."""
        await self.nurse.have("resume", pid=pid)

    async def raw(self) -> bytes | None:
        """The record, byte for byte."""
        return await self.store.read(self.record.key)

    async def lease(self) -> Lease | None:
        """Who mints now."""
        return (await self.record.read()).value.lease

    async def holder(self) -> int:
        """Wait until somebody holds the lease, and return the id of that process."""
        async with in_time("nobody takes the lease"):
            while not (lease := await self.lease()):
                pass
            return pid_of(lease)

    async def asked(self, requests: int) -> None:
        """Wait until the server has seen so many requests in all."""
        async with in_time("nobody asks the server"):
            await self.server.arrived(requests)

    async def ledger(self) -> Ledger:
        """What the ledger says; it can always be read."""
        return (await self.cell.read()).value

    async def counted(self) -> int:
        """How many requests count, by the ledger."""
        ledger = await self.ledger()
        counted = sum(number for _, number in ledger.told)
        assert counted == sum(number for _, number in ledger.counts)
        return counted

    async def outcomes(self) -> list[str]:
        """What became of the last requests, by the ledger."""
        return [mint.outcome for mint in (await self.ledger()).mints]


@asynccontextmanager
async def in_time(otherwise: str) -> AsyncIterator[None]:
    """Give up what takes too long, with these words."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        raise Late(otherwise) from None


def pid_of(lease: Lease) -> int:
    """The process that holds the lease."""
    return int(lease.by.rpartition(":")[2])


@asynccontextmanager
async def scene(
    nurse: Nurse, directory: Path, *, budget: int, store_url: str | None = None
) -> AsyncIterator[Scene]:
    """Raise the curtain: nobody runs yet, and nothing is stored.

    The store is in files in this directory, unless it is another one.
    """
    async with server_of() as server, opened(store_url or directory.as_uri()) as store:
        source = credentials(server)
        record = Cell(store, source.key, Record, writer="judge", ttl=lambda _: 60.0)
        cell = Books(store, source.ledger_key, (), writer="judge").cell
        order = {**order_of(server, directory), "budget": budget, "store": store_url}
        yield Scene(server, nurse, order, store, record, cell)
