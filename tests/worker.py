"""A process of a fleet: does what it is told on standard input, a JSON object a line."""

from __future__ import annotations

import asyncio
import json
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintonce import Budget, ClientCredentials, FileStore, MintonceError, Token, TokenManager
from mintonce.clock import SystemClock

sys.path.append(str(Path(__file__).parent))  # last: what is tested is what is installed

from torture import loops

if TYPE_CHECKING:
    from mintonce.testing import ManualClock


class Worker:
    """One manager, and what can be asked of it.

    Args:
        order: The first line: where the token endpoint and the store are, and the options.

    """

    def __init__(self, order: dict[str, Any]) -> None:
        if order.get("warm"):
            import_module("mintonce.credentials.endpoint")
            import_module("mintonce.stores.locked")
        path = Path(order["secret_file"])
        source = ClientCredentials(
            token_url=order["token_url"],
            client_id=order["client_id"],
            client_secret=lambda: path.read_text("utf-8"),
        )
        self.clock = manual_clock(order["wall"]) if "wall" in order else None
        self.tokens = TokenManager(
            source,
            store=order.get("store") or FileStore(order["directory"]),
            budget=Budget(order["budget"], per="month") if "budget" in order else None,
            clock=self.clock or SystemClock(),
            **order.get("options", {}),
        )
        self.last: Token | None = None

    async def get(self, tasks: int = 1, **options: float) -> dict[str, Any]:
        """Get a token in so many tasks at once."""
        found = await asyncio.gather(*(self.tokens.get(**options) for _ in range(tasks)))
        self.last = found[-1]
        return {"tokens": sorted({token.fingerprint for token in found})}

    async def invalidate(self, tasks: int = 1) -> dict[str, Any]:
        """Say in so many tasks at once that the last token was answered with 401; get another."""
        assert self.last
        await asyncio.gather(*(self.tokens.invalidate(self.last) for _ in range(tasks)))
        return await self.get(tasks)

    async def advance(self, seconds: float, steps: int = 1) -> dict[str, Any]:
        """Turn the clocks, and between the steps let the manager do what it does."""
        assert self.clock
        for _ in range(steps):
            self.clock.advance(seconds / steps)
            passed = asyncio.Event()
            asyncio.get_running_loop().call_later(0.005, passed.set)
            await passed.wait()
        return {}

    async def status(self) -> dict[str, Any]:
        """Read what the store knows of the mints, and what this process did."""
        status = await self.tokens.status()
        return {
            "outcomes": [mint.outcome for mint in status.mints],
            "minted": self.tokens.stats.minted,
        }

    async def loop(self) -> dict[str, Any]:
        """Tell what kind of loop this process runs on."""
        return {"kind": loops.kind()}

    async def obey(self, number: int, do: str, **options: Any) -> None:
        """Do one thing and tell what came of it."""
        try:
            reply = await getattr(self, do)(**options)
        except MintonceError as error:
            attributes = {name: value for name, value in vars(error).items() if value is not None}
            reply = {"raised": type(error).__name__, "message": str(error), **attributes}
        say({"number": number, **reply})


def manual_clock(wall: float) -> ManualClock:
    """A clock that its parent turns."""
    # The server comes along with it, and would cost the other workers half a second each.
    from mintonce.testing import ManualClock  # noqa: PLC0415 - as said

    return ManualClock(wall)


def say(reply: dict[str, Any]) -> None:
    """Write a line."""
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Obey until there is nothing more to read; then close."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    worker = Worker(json.loads(await lines.readline()))
    say({"number": 0})
    doing = set[asyncio.Task[None]]()
    while line := await lines.readline():
        task = asyncio.create_task(worker.obey(**json.loads(line)))
        doing.add(task)
        task.add_done_callback(doing.discard)
    await worker.tokens.aclose()


if __name__ == "__main__":
    loops.install()
    asyncio.run(main())
