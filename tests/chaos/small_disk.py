"""A disk that is full or read-only, each in a process that sees it alone.

Run in a mount namespace of its own, with a name of each scene and an empty directory. Mounts small
disks there, and prints what happened as JSON.
"""

from __future__ import annotations

import asyncio
import errno
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from mintonce import Budget, ClientCredentials, FileStore, MintonceError, Token, TokenManager
from mintonce.testing import AuthorizationServer

Facts = dict[str, Any]
"""What happened in a scene."""

ROOM = 64 * 1024
INODES = 32
ANSWER = 0.5  # seconds that the server takes: meanwhile the disk fills up
PAGE = 4096
PATIENCE = 10.0  # seconds that anything takes at most


class Disk:
    """A disk of 64 KiB."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.directory = place / "tokens"
        self._numbers = count()
        place.mkdir()
        self._mount("-t", "tmpfs", "-o", f"size={ROOM},nr_inodes={INODES},mode=700", "none")

    def fill(self, *, but: int = 0) -> int:
        """Leave room for so many pages and no more, and return how many were taken."""
        ballast = self.place / f"ballast-{next(self._numbers)}"
        with ballast.open("wb", buffering=0) as file:
            pages = until_full(lambda: file.write(bytes(PAGE))) - but
            file.truncate(max(pages, 0) * PAGE)
        return pages

    def use_up_the_files(self) -> None:
        """Leave no room for one more file."""
        ballasts = (self.place / f"ballast-{number}" for number in self._numbers)
        until_full(lambda: next(ballasts).touch())

    def lock(self) -> None:
        """Let nobody write."""
        self._mount("-o", "remount,bind,ro")

    def mend(self) -> None:
        """Let everybody write, and make room."""
        self._mount("-o", "remount,bind,rw")
        for ballast in self.place.glob("ballast-*"):
            ballast.unlink()

    TROUBLES: ClassVar[dict[str, Callable[[Disk], object]]] = {
        "full": fill,
        "no more files": use_up_the_files,
        "read-only": lock,
    }

    def names(self) -> list[str]:
        """The files of the store, but for the locks."""
        return sorted(path.name for path in self.directory.iterdir() if path.suffix != ".lock")

    def litter(self) -> list[str]:
        """The half-written files of the store."""
        return [name for name in self.names() if name.endswith(".tmp")]

    def _mount(self, *options: str) -> None:
        command = ["mount", *options, str(self.place)]
        for _ in range(100):
            # The disk is busy while somebody writes a file.
            if not subprocess.run(command, capture_output=True, check=False).returncode:
                return
        subprocess.run(command, check=True)


def until_full(write: Any) -> int:
    """Write until the disk is full, and return how often that went well."""
    done = 0
    while True:
        try:
            write()
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - no test: it says how the disk is
            return done
        done += 1


class Play:
    """One server, one disk, and what happens on it."""

    def __init__(self, server: AuthorizationServer, disk: Disk) -> None:
        self.server = server
        self.disk = disk
        self.store = FileStore(disk.directory)
        self.source = ClientCredentials(
            token_url=server.token_url,
            client_id="development",
            client_secret="development-secret",
        )
        self.key = self.source.key

    def manager(self, budget: int | None) -> TokenManager:
        """A manager with its tokens on the disk."""
        limit = Budget(budget, per=timedelta(days=1)) if budget else None
        return TokenManager(self.source, store=self.store, budget=limit)

    async def is_stored(self, token: Token) -> bool:
        """Whether others can find it."""
        return token.access_token.encode() in (await self.store.read(self.key) or b"")

    async def tidied(self) -> list[str]:
        """Wait until nobody writes any more, and return the half-written files that stay."""
        give_up_at = time.monotonic() + PATIENCE
        while (litter := self.disk.litter()) and time.monotonic() < give_up_at:
            await self.store.read(self.key)
        return litter

    async def in_mid_mint(self, trouble: str, budget: int | None) -> Facts:
        """The disk fails while the server answers, and is mended later."""
        tokens = self.manager(budget)
        waiting = asyncio.create_task(tokens.get())
        await self.server.arrived(1)
        await asyncio.to_thread(self.disk.TROUBLES[trouble], self.disk)
        token = await waiting
        facts = {
            "stored at once": await self.is_stored(token),
            "half written": await self.tidied(),
            "handed out again": token == await tokens.get(),
        }
        await asyncio.to_thread(self.disk.mend)
        async with asyncio.timeout(PATIENCE):
            while not await self.is_stored(token):
                pass
        async with self.manager(budget) as another:
            facts["found by another"] = token == await another.get()
        await tokens.aclose()
        return {**facts, "requests": self.server.requests}

    async def from_the_start(self, trouble: str, budget: int | None) -> Facts:
        """The disk fails before there is a token, and is mended later."""
        self.disk.directory.mkdir(mode=0o700)
        await asyncio.to_thread(self.disk.TROUBLES[trouble], self.disk)
        async with self.manager(budget) as tokens:
            tries = await asyncio.gather(*map(kind_of, [tokens.get] * 10))
            tries += [await kind_of(tokens.get) for _ in range(10)]
            facts = {"came": sorted(set(tries)), "requests": self.server.requests}
        await asyncio.to_thread(self.disk.mend)
        async with self.manager(budget) as tokens:
            return {**facts, "then": await kind_of(tokens.get)}

    async def in_mid_save(self) -> Facts:
        """There is room for a part of a value; then a killed writer's leftover takes all room."""
        old, new, small = b"old" * 1000, b"new" * PAGE, b"small"
        assert await self.store.swap("key", None, old, ttl=60)
        self.disk.fill(but=1)
        error = await kind_of(lambda: self.store.swap("key", old, new, ttl=60))
        facts = {
            "came": error,
            "is whole": old == await self.store.read("key"),
            "files": self.disk.names(),
        }
        leftover = self.disk.directory / "key.0123456789abcdef.tmp"
        leftover.write_bytes(bytes(PAGE))
        assert 0 == self.disk.fill()
        facts["small one"] = await self.store.swap("key", old, small, ttl=60)
        return {**facts, "then": self.disk.names()}

    async def found_on_a_read_only_disk(self) -> Facts:
        """There is a token, and nobody can write any more."""
        async with self.manager(10) as tokens:
            token = await tokens.get()
        await asyncio.to_thread(self.disk.lock)
        async with self.manager(10) as tokens:
            found = token == await tokens.get()
        return {"found": found, "requests": self.server.requests}


async def kind_of(call: Callable[[], Awaitable[object]]) -> str:
    """What comes of it: ``well``, or an error."""
    try:
        await call()
    except MintonceError as error:
        return f"{type(error).__name__}: {str(error).rpartition(': ')[2]}"
    return "well"


async def play(place: Path, name: str, *options: Any) -> Facts:
    """Play one scene on a disk of its own."""
    async with AuthorizationServer(latency=ANSWER) as server:
        play = Play(server, Disk(place))
        facts: Facts = await getattr(play, name)(*options)
        return facts


async def main(place: Path, scenes: list[list[Any]]) -> list[Facts]:
    """Play all scenes at once."""
    places = [place / str(number) for number in range(len(scenes))]
    plays = [play(at, *scene) for at, scene in zip(places, scenes, strict=True)]
    found = await asyncio.gather(*plays, return_exceptions=True)
    return [facts if isinstance(facts, dict) else {"raised": repr(facts)} for facts in found]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2])))))
