"""What a program does wrong, or goes through: its secret, its options, its tasks, its loops."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from threading import Thread

from asking import CLIENT_ID
from forwarding import passes
from leaks.scene import Scene
from listening import chain_of
from managing import Handmade
from marks import SECRET, TOKEN
from mintonce import (
    Budget,
    ClientCredentials,
    FileStore,
    Token,
    TokenManager,
    open_store,
)
from mintonce.testing import Fault
from torture import may_block

Scenario = Callable[[Scene], Awaitable[None]]


async def own_source(scene: Scene, *, raised: Exception | None) -> None:
    """A source of the program's own tells too much, in an error or in its answer."""
    source = Handmade()
    source.answers += [raised] * 9 if raised else [{"access_token": TOKEN}]
    await scene.asks(scene.manager(source))


async def cancelled(scene: Scene) -> None:
    """Callers leave before the token is there."""
    async with scene.server(Fault.members(access_token=TOKEN).after(0.5)) as server:
        tokens = scene.manager(scene.client(server.token_url))
        callers = [asyncio.create_task(tokens.get()) for _ in range(3)]
        await passes(0.1)
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)
        scene.ear.note(*callers)
        await scene.asks(tokens)


async def rejected(scene: Scene) -> None:
    """The API rejects every token, and the server hands out the same again."""
    async with scene.server() as server:
        tokens = scene.manager(scene.client(server.token_url))
        for _ in range(3):
            await scene.meets(tokens.get)
            await scene.meets(lambda: tokens.invalidate(TOKEN))
            await passes(11)
        await scene.asks(tokens)


async def renewed(scene: Scene) -> None:
    """Early renewal fails with what the server tells of the token and the secret."""
    telling = {"error": SECRET, "error_description": f"{TOKEN} was enough"}
    async with scene.server() as server:
        tokens = scene.manager(scene.client(server.token_url))
        await scene.meets(tokens.get)
        await passes(3590)
        server.heal()
        server.fail(Fault.status(400, json=telling), times=None)
        await scene.meets(tokens.get)
        await passes(60)
        await scene.asks(tokens)


async def spent(scene: Scene) -> None:
    """The budget is exhausted."""
    async with scene.server(Fault.members(access_token=TOKEN, expires_in=5)) as server:
        tokens = scene.manager(scene.client(server.token_url), budget=Budget(1, per="day"))
        await scene.meets(tokens.get)
        await passes(6)
        await scene.asks(tokens)


async def closed(scene: Scene) -> None:
    """The manager is closed, or asked for more than tokens live."""
    async with scene.server() as server:
        tokens = scene.manager(scene.client(server.token_url))
        await scene.meets(tokens.get)
        await scene.meets(lambda: tokens.get(min_validity=10**6))
        await scene.asks(tokens)
        await scene.meets(lambda: tokens.invalidate(TOKEN))


async def two_loops(scene: Scene) -> None:
    """Two running loops use one manager."""
    async with scene.server() as server:
        tokens = scene.manager(scene.client(server.token_url))
        await scene.meets(tokens.get)

        async def other() -> None:
            await scene.meets(lambda: tokens.invalidate("another"))

        thread = Thread(target=lambda: asyncio.run(other()))
        thread.start()
        thread.join()
        await scene.asks(tokens)


async def wrong_options(scene: Scene) -> None:
    """What makes no sense, with a password or the secret where it can stand."""
    url = "https://auth.example.com/token"
    for options in (
        {"client_secret": f"{SECRET}\n"},
        {"client_secret": SECRET.encode()},
        {"client_secret": [SECRET]},
        {"token_url": f"https://u:{SECRET.replace(' ', '')}@auth.example.com/"},
        {"token_url": f"http://{SECRET}"},
        {"token_url": f"https://auth.example.com/#{SECRET}"},
        {"token_url": f"https://auth.example.com/?key={SECRET}\n"},
        {"extra": {"client_secret": SECRET}},
        {"extra": [SECRET]},
        {"extra": {"client_assertion": f"{SECRET}\n"}},
        {"auth_method": SECRET},
        {"session": SECRET},
        {"default_lifetime": SECRET},
    ):
        known = {"token_url": url, "client_id": CLIENT_ID, "client_secret": SECRET}
        scene.refuses(partial(ClientCredentials, **{**known, **options}))  # type: ignore[arg-type]  # that is the point
    for store in (
        f"redis://:{SECRET}@host/0",
        f"file://{SECRET}/x",
        f"//{SECRET}",
        f"http://[{SECRET}",
    ):
        with may_block("a store of another package is looked up where a store is opened"):
            scene.refuses(partial(open_store, store))
    scene.refuses(lambda: scene.manager(scene.client(url), store=object()))
    scene.refuses(lambda: scene.manager(object()))
    scene.refuses(lambda: Budget(1, per=timedelta(0)))
    try:
        Token(f"{TOKEN}\n", 1.0, 0.0)
    except ValueError as error:
        scene.ear.note(error)


def forked(scene: Scene) -> None:
    """A child that is forked in mid flight asks a server that tells too much."""

    async def parent() -> None:
        fault = Fault.status(400, json={"error": SECRET}).after(0.2)
        async with scene.server(fault) as server:
            tokens = TokenManager(scene.client(server.token_url), store=FileStore(scene.home / "t"))
            waiting = asyncio.create_task(scene.meets(tokens.get))
            await server.arrived(1)
            scene.ear.note(await asyncio.to_thread(_of_child, tokens))
            await waiting
            await scene.look(tokens)

    asyncio.run(parent())


def _of_child(tokens: TokenManager) -> str:
    theirs, mine = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(tokens.get())
        except BaseException as error:  # noqa: BLE001 - all of it is told to the parent
            os.write(mine, repr([f"{one!r} {vars(one)}" for one in chain_of(error)]).encode())
        finally:
            os._exit(0)
    os.close(mine)
    with open(theirs, encoding="utf-8") as told:  # noqa: PTH123 - a descriptor has no path
        text = told.read()
    os.waitpid(child, 0)
    return text


SCENARIOS: dict[str, Scenario] = {
    "a source that tells": partial(own_source, raised=RuntimeError(f"{SECRET} {TOKEN}")),
    "a source that is well": partial(own_source, raised=None),
    "cancelled callers": cancelled,
    "rejected tokens": rejected,
    "early renewal": renewed,
    "a budget that is spent": spent,
    "a closed manager": closed,
    "two loops": two_loops,
    "wrong options": wrong_options,
}
WITHOUT_LOOP: dict[str, Callable[[Scene], None]] = {
    "a fork": forked,
}
