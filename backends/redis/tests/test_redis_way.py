"""The way to the nodes of a cluster: asked once for all, and seldom."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backing.using import fresh, put
from mintonce import StoreError
from mintonce_redis import routes
from using import opened
from valkey_fleet import ValkeyCluster, started

pytestmark = pytest.mark.asyncio


@pytest.fixture(scope="module")
def cluster() -> Iterator[ValkeyCluster]:
    """A cluster for all tests of this file."""
    with tempfile.TemporaryDirectory(prefix="v") as directory:
        cluster = ValkeyCluster(Path(directory))
        with started(cluster):
            yield cluster


def asked(cluster: ValkeyCluster) -> int:
    """How often somebody asked the way."""
    return sum(node.calls("cluster|slots") for node in cluster.nodes)


async def test_a_crowd_asks_the_way_once(cluster: ValkeyCluster) -> None:
    """Whoever needs it meanwhile waits for what one of them is told."""
    before = asked(cluster)
    async with opened(cluster.url) as store:
        keys = [fresh() for _ in range(50)]
        assert [None] * 50 == await asyncio.gather(*map(store.read, keys))
    assert before + 1 == asked(cluster)


async def test_who_asks_the_way_may_leave(cluster: ValkeyCluster) -> None:
    """Then somebody else asks, and those who wait get where they want."""
    async with opened(cluster.url) as store:
        calls = [asyncio.create_task(store.read(fresh())) for _ in range(5)]
        await asyncio.sleep(0)
        calls[0].cancel()
        assert [None] * 4 == await asyncio.wait_for(asyncio.gather(*calls[1:]), 2)


async def test_a_crowd_hears_that_nobody_knows_the_way(cluster: ValkeyCluster) -> None:
    """If it cannot be told, that is what all of them hear, after one attempt."""
    node = cluster.nodes[1]
    node.ask("ACL", "SETUSER", "lost", "on", ">secret", "~*", "&*", "+@all", "-cluster|slots")
    before = asked(cluster)
    async with opened(cluster.url.replace("://", "://lost:secret@")) as store:
        calls = [store.read(fresh()) for _ in range(5)]
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [StoreError] * 5 == [type(each) for each in found]
    refused = node.ask("INFO", "commandstats").partition(b"cmdstat_cluster|slots:")[2]
    assert b"rejected_calls=1," in refused
    assert before == asked(cluster)


async def test_a_refusal_is_no_reason_to_ask_the_way(
    cluster: ValkeyCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with a key, or with a node that is full, is so wherever they are."""
    monkeypatch.setattr(routes, "_FRESH", 0.0)
    key = fresh()
    cluster.owner(key).ask("LPUSH", f"mintonce:{key}", "something")
    async with opened(cluster.url) as store:
        await store.read(fresh())
        before = asked(cluster)
        for _ in range(3):
            with pytest.raises(StoreError, match="not ours"):
                await store.read(key)
        await store.read(fresh())
        assert before == asked(cluster)
        store._route.forget()
        await store.read(fresh())
        assert before + 1 == asked(cluster)


async def test_the_way_is_not_asked_again_at_once(
    cluster: ValkeyCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crowd that loses its way, one after another, does not ask for each of them."""
    monkeypatch.setattr(routes, "_FRESH", 60.0)
    async with opened(cluster.url) as store:
        await store.read(fresh())
        before = asked(cluster)
        for _ in range(3):
            store._route.forget()
            await store.read(fresh())
        assert before == asked(cluster)


async def test_nodes_that_do_not_know_their_name(cluster: ValkeyCluster) -> None:
    """Where a redirection names no host, it means the one that was asked."""
    key = fresh()
    slot, source = str(cluster.slot(key)), cluster.owner(key)
    target = next(node for node in cluster.nodes[:3] if node is not source)
    for node in cluster.nodes:
        node.ask("CONFIG", "SET", "cluster-preferred-endpoint-type", "unknown-endpoint")
    async with opened(cluster.url) as store:
        assert await store.read(key) is None
        for node, state, peer in ((target, "IMPORTING", source), (source, "MIGRATING", target)):
            node.ask("CLUSTER", "SETSLOT", slot, state, cluster.id(peer))
        assert await store.read(key) is None
        await put(store, key, b"value")
        for node in (target, source):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", cluster.id(target))
        assert b"value" == await store.read(key)
