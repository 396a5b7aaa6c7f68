"""What goes wrong with the function that provides the secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

from leaks.scene import BUDGET, Scene
from listening import talkative
from managing import moment
from marks import SECRET
from mintonce import MintonceError, TokenManager


def _raises() -> NoReturn:
    raise ValueError(f"not good: {SECRET}")


def _reads_what_is_no_path() -> str:
    with open(SECRET, encoding="utf-8") as file:  # noqa: PTH123 - as people write it
        return file.read()


def _parses() -> str:
    return str(json.loads(f"{SECRET}"))


async def _raises_later() -> str:
    await asyncio.sleep(0)
    try:
        _raises()
    except ValueError as error:
        raise KeyError(SECRET) from error


FUNCTIONS: dict[str, Callable[[], Any]] = {
    "raises": _raises,
    "raises later": _raises_later,
    "takes the secret for a path": _reads_what_is_no_path,
    "takes the secret for JSON": _parses,
    "returns bytes": SECRET.encode,
    "returns a line break": lambda: f"{SECRET}\n",
    "returns a list": lambda: [SECRET],
    "is well": lambda: SECRET,
}


def secret_function(scene: Scene, function: Callable[[], Any]) -> None:
    """The function that provides the secret, in a thread of its own: fails, or works."""

    async def asks() -> None:
        talkative(asyncio.get_running_loop())
        source = scene.client("http://127.0.0.1:9/token", client_secret=function)
        scene.ear.note(source)
        await scene.meets(source.mint)
        await scene.meets(source.prepare)
        try:
            await source.fingerprint()
        except MintonceError as error:
            scene.ear.note(error)
        tokens = TokenManager(source, store=scene.store, budget=BUDGET)
        waiting = asyncio.create_task(tokens.get())
        await moment()
        waiting.cancel()
        await asyncio.wait([waiting])
        await tokens.aclose()
        await scene.look(tokens)

    asyncio.run(asks())


SCENARIOS: dict[str, Callable[[Scene], None]] = {
    f"a secret function that {name}": partial(secret_function, function=function)
    for name, function in FUNCTIONS.items()
}
