"""What a page of the documentation shows, as code to try things on."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from examples import blocks_of
from mintonce import TokenStore

_AWAITED = re.compile(r"^(?:await|async with) ", re.MULTILINE)


def code_of(page: Path) -> str:
    """What of a page may stand in a file: all but what is awaited outside of a function."""
    code = [block.body for block in blocks_of(page) if block.info == "python"]
    return "\n\n".join(body for body in code if not _AWAITED.search(body))


def names_in(page: Path, shown: str = "", instead: str = "") -> dict[str, Any]:
    """What a page defines; or what it would, with something else in the place of what is shown."""
    code = code_of(page)
    if shown:
        assert 1 == code.count(shown)
        code = code.replace(shown, instead)
    names: dict[str, Any] = {"__name__": "shown"}
    exec(compile(code, page, "exec", dont_inherit=True), names)
    return names


def swapped(opening: AbstractAsyncContextManager[TokenStore]) -> bool:
    """Swap something new into a store, in an event loop of its own."""

    async def swap() -> bool:
        async with opening as store:
            return await store.swap("key", None, b"value", ttl=60)

    return asyncio.run(swap())
