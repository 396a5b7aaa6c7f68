"""What goes wrong with the store, and what is found there."""

from __future__ import annotations

import errno
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from leaks.scene import BUDGET, Scene
from managing import Handmade
from marks import SECRET, TOKEN
from mintonce import MemoryStore, StoreUnavailable
from troubled import Trouble, Troubled, answer_lost, fails, no_answer

Scenario = Callable[[Scene], Awaitable[None]]

RAISED: dict[str, BaseException] = {
    "a driver that tells the value": RuntimeError(f"row ({SECRET}, {TOKEN})"),
    "a driver with a cause": ExceptionGroup(SECRET, [KeyError(TOKEN)]),
    "an error of the system": OSError(errno.ECONNREFUSED, f"password {SECRET}", TOKEN),
    "a store that is away": StoreUnavailable("no connection"),
}


async def raises(scene: Scene, error: BaseException, budget: object) -> None:
    """Reading fails: at once, when a token was put there, and when one is rejected."""
    store = Troubled()
    async with scene.server() as server:
        tokens = scene.manager(scene.client(server.token_url), store=store, budget=budget)
        store.reads = [error] * 3
        await scene.asks(scene.manager(scene.client(server.token_url), store=store), times=1)
        store.reads = [None, error] * 3
        await scene.meets(tokens.get)
        store.reads = [error] * 3
        await scene.meets(lambda: tokens.invalidate(TOKEN))
        await scene.asks(tokens)


async def swaps_fail(scene: Scene, trouble: Trouble, budget: object) -> None:
    """Writing fails, whichever write it is."""
    for number in range(5):
        store = Troubled()
        store.swaps = [*[None] * number, *[trouble] * 3]
        async with scene.server() as server:
            source = scene.client(server.token_url)
            await scene.asks(scene.manager(source, store=store, budget=budget), times=1)
        scene.ear.note(store, store.done)


def a_file(path: Path) -> None:
    """Something else at the place of the directory."""
    path.write_text("", "utf-8")


def a_link(path: Path) -> None:
    """A symbolic link."""
    path.symlink_to(path.with_name("own"))


def open_to_all(path: Path) -> None:
    """A directory that others can read."""
    path.mkdir()
    path.chmod(0o755)


def open_files(path: Path) -> None:
    """Files that others can read."""
    for file in path.glob("*[!k]"):
        file.chmod(0o644)


def huge_files(path: Path) -> None:
    """Files that nobody wants to read."""
    for file in path.glob("*[!k]"):
        os.truncate(file, 2**20 + 1)


def directories(path: Path) -> None:
    """Directories in the place of files, locks included."""
    for file in path.iterdir():
        file.unlink()
        file.mkdir()


async def set_up_wrong(scene: Scene, spoil: Callable[[Path], None], *, filled: bool) -> None:
    """The directory, or what is in it, is not what it should be."""
    async with scene.server() as server:
        source = scene.client(server.token_url)
        if filled:
            await scene.asks(scene.manager(source), times=1)
        spoil(scene.home / "tokens")
        tokens = scene.manager(source)
        await scene.asks(tokens)
        await scene.asks(scene.manager(source, budget=None))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda whole: whole[:-10],
    "empty": lambda whole: whole[:0],
    "a bare token": lambda whole: TOKEN.encode()[: len(whole)],
    "a newer schema": lambda whole: whole.replace(b'"version":1', b'"version":99'),
    "a token for a schema": lambda whole: whole.replace(b":1", b':"' + TOKEN[:20].encode() + b'"'),
    "a wrong type": lambda whole: whole.replace(b'"Bearer"', b"7").replace(b"[]", b"7"),
    "not UTF-8": lambda whole: b"\xff" + whole,
}


async def damaged(scene: Scene, damage: Callable[[bytes], bytes], kind: str) -> None:
    """A record or a ledger that nobody can read."""
    async with scene.server() as server:
        source = scene.client(server.token_url)
        await scene.asks(scene.manager(source), times=1)
        (path,) = (scene.home / "tokens").glob(f"{kind}*[!k]")
        path.write_bytes(damage(path.read_bytes()))
        tokens = scene.manager(source)
        await scene.meets(tokens.get)
        await scene.meets(lambda: tokens.invalidate(TOKEN))
        await scene.asks(tokens)


async def keys(scene: Scene) -> None:
    """What values are called in a store."""
    values: dict[str, bytes] = {}
    async with scene.server() as server:
        source = scene.client(server.token_url)
        await scene.asks(scene.manager(source, store=MemoryStore(values)), times=1)
        scene.ear.note(*values, source.key, source.ledger_key, await source.fingerprint())


async def a_bad_key(scene: Scene) -> None:
    """A source whose key no store can take."""
    scene.refuses(lambda: scene.manager(Handmade(key="A b")))


SCENARIOS: dict[str, Scenario] = {
    **{
        f"{name}{told}": partial(raises, error=error, budget=budget)
        for name, error in RAISED.items()
        for told, budget in {"": BUDGET, ", no budget": None}.items()
    },
    **{
        f"swaps: {trouble.__name__}{told}": partial(swaps_fail, trouble=trouble, budget=budget)
        for trouble in (fails, answer_lost, no_answer)
        for told, budget in {"": BUDGET, ", no budget": None}.items()
    },
    **{
        f"a store with {spoil.__name__}": partial(set_up_wrong, spoil=spoil, filled=False)
        for spoil in (a_file, a_link, open_to_all)
    },
    **{
        f"a store with {spoil.__name__}": partial(set_up_wrong, spoil=spoil, filled=True)
        for spoil in (open_files, huge_files, directories)
    },
    **{
        f"a {kind} that is {name}": partial(damaged, damage=damage, kind=kind)
        for name, damage in DAMAGES.items()
        for kind in ("token", "ledger")
    },
    "keys": keys,
    "a bad key": a_bad_key,
}
