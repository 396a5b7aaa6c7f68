"""Swaps, and whole mints, whose conversation with the server is cut at each of its bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from secrets import token_hex

from backing.opening import opened
from backing.proxy import Proxy
from backing.server import StoreServer
from managing import credentials, server_of
from mintonce import Budget, StoreUnavailable, TokenManager
from mintonce.stores import TokenStore
from mintonce.testing import AuthorizationServer

OLD, NEW, TTL = b"old" * 9, b"new" * 9, 60.0


@asynccontextmanager
async def proxied(server: StoreServer, directory: Path) -> AsyncIterator[Proxy]:
    """A way to the server through another socket, in this directory."""
    async with Proxy(directory / server.SOCKET, server.directory / server.SOCKET) as proxy:
        yield proxy


async def cut_swaps(
    server: StoreServer,
    directory: Path,
    *,
    store_at: Callable[[str], AbstractAsyncContextManager[TokenStore]] = opened,
    every: int = 1,
) -> set[tuple[str, str]]:
    """Cut a swap at each byte of its conversation, or at some, and return what came of it.

    The answer is true or there is none, and the store works on as soon as it can be reached.
    """
    came = set[tuple[str, str]]()
    async with proxied(server, directory) as proxy, store_at(server.url(directory)) as store:
        for cut in count(step=every):
            key = f"cut-{token_hex(8)}"
            assert await store.swap(key, None, OLD, ttl=TTL)  # by now the connection stands
            proxy.cut_after(cut)
            try:
                answer = "done" if await store.swap(key, OLD, NEW, ttl=TTL) else "refused"
            except StoreUnavailable:
                answer = "unknown"
            if not proxy.is_cut:
                break  # all was said before
            there = await store.read(key)
            assert there in ({NEW} if answer == "done" else {OLD, NEW}), (cut, answer)
            came.add((answer, "new" if there == NEW else "old"))
    return came


async def cut_mints(server: StoreServer, directory: Path, cuts: Iterable[int]) -> Counter[str]:
    """Cut the conversation of a process that mints after so many bytes, once for each number.

    Whatever it gets, others get a token right after, none that it got is lost, and the server
    never sees a request that the budget does not know.
    """
    came = Counter[str]()
    async with server_of() as authorization, proxied(server, directory) as proxy:
        for cut in cuts:
            came[await _cut_mint(server, directory, authorization, proxy, cut)] += 1
    return came


async def _cut_mint(
    server: StoreServer,
    directory: Path,
    authorization: AuthorizationServer,
    proxy: Proxy,
    cut: int,
) -> str:
    source = credentials(authorization, audience=f"https://{cut}.api.example")
    budget, before = Budget(100_000, per="month"), authorization.requests
    async with TokenManager(source, store=server.url(), budget=budget) as other:
        async with TokenManager(source, store=server.url(directory), budget=budget) as tokens:
            proxy.cut_after(cut)
            try:
                mine = (await tokens.get()).fingerprint
            except StoreUnavailable:
                mine = None
            came = "not cut" if not proxy.is_cut else "unavailable" if mine is None else "served"
            proxy.heal()
        theirs = (await other.get()).fingerprint
        (counted,) = (await other.status()).budgets
    assert mine in (None, theirs), cut
    assert authorization.requests <= before + 1, cut
    assert authorization.requests <= counted.used
    return came
