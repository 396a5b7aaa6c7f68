"""Stores over a real cluster: the whole contract, redirections, a node that goes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.cluster import LoadBalancingStrategy

from backing.using import TTL, as_soon_as_possible, fresh, put
from mintonce import StoreError, StoreUnavailable
from mintonce.stores import TokenStore
from mintonce.testing.contract import PushingStoreContract, StoreContract
from mintonce_redis import RedisStore
from using import opened, permissions, waiting
from valkey_fleet import HOST, Node, ValkeyCluster, started


@pytest.fixture(scope="module")
def cluster() -> Iterator[ValkeyCluster]:
    """A cluster for all tests of this file."""
    with tempfile.TemporaryDirectory(prefix="v") as directory:
        cluster = ValkeyCluster(Path(directory))
        with started(cluster):
            yield cluster


class TestClusterStore(StoreContract, PushingStoreContract):
    """Two handles on one cluster."""

    url: str

    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: ValkeyCluster) -> None:
        self.url = cluster.url

    @asynccontextmanager
    async def open(self) -> AsyncIterator[TokenStore]:
        """Open one more handle on the cluster."""
        async with opened(self.url) as store:
            yield store


@pytest.mark.asyncio
async def test_a_cluster_client(cluster: ValkeyCluster) -> None:
    """A store over a client uses its settings, and asks the way itself."""
    client = RedisCluster(
        startup_nodes=[ClusterNode(HOST, cluster.nodes[0].port)],
        load_balancing_strategy=LoadBalancingStrategy.ROUND_ROBIN,
    )
    store = RedisStore(client)
    keys = [fresh() for _ in range(20)]
    for key in keys:
        await put(store, key, key.encode())
    assert [key.encode() for key in keys] == await asyncio.gather(*map(store.read, keys))
    await store.aclose()
    await client.aclose()


@pytest.mark.asyncio
async def test_the_permissions_suffice(cluster: ValkeyCluster) -> None:
    """A user who may do what the README says, and no more, is refused nothing."""
    for node in cluster.nodes:
        node.ask(*permissions(), "+info", "+cluster|slots", "+asking")
    async with opened(cluster.url.replace("://", "://mintonce:password@")) as store:
        for key in (fresh() for _ in range(20)):
            await put(store, key, b"value")
    assert {b"*0\r\n"} == {node.ask("ACL", "LOG") for node in cluster.nodes}


@pytest.mark.asyncio
async def test_a_plain_url_of_a_cluster(cluster: ValkeyCluster) -> None:
    """Whoever names one node of a cluster is told which URL to use."""
    url = f"redis://{HOST}:{cluster.nodes[0].port}"
    async with opened(url) as store:
        key = next(key for key in iter(fresh, "") if cluster.owner(key) is not cluster.nodes[0])
        with pytest.raises(StoreError, match=r"use a redis\+cluster:// URL"):
            await store.read(key)


@pytest.mark.asyncio
async def test_a_cluster_url_of_a_plain_server(place: Path) -> None:
    """Whoever names a server that is on its own is told which URL to use."""
    server = Node(place)
    server.start()
    async with opened(f"redis+cluster://{HOST}:{server.port}") as store:
        with pytest.raises(StoreError, match=r"is not a cluster: use redis://$") as caught:
            await store.read("key")
    server.kill()
    assert StoreError is type(caught.value)


@pytest.mark.asyncio
async def test_a_slot_that_nobody_serves(cluster: ValkeyCluster) -> None:
    """The cluster is down for its keys, until somebody does."""
    key = fresh()
    slot, owner = str(cluster.slot(key)), cluster.owner(key)
    async with opened(cluster.url) as store:
        await put(store, key, b"value")
        for node in cluster.nodes:
            node.ask("CLUSTER", "DELSLOTS", slot)
        with pytest.raises(StoreUnavailable, match="part of a cluster that is down"):
            await store.read(key)
        owner.ask("CLUSTER", "ADDSLOTS", slot)
        for node in cluster.nodes[:3]:
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", cluster.id(owner))
        assert b"value" == await as_soon_as_possible(partial(store.read, key))


@pytest.mark.asyncio
async def test_a_slot_that_moves(cluster: ValkeyCluster) -> None:
    """While a slot moves, and when it has, keys are found; nobody who waits misses a change."""
    key = fresh()
    slot, source = str(cluster.slot(key)), cluster.owner(key)
    target = next(node for node in cluster.nodes[:3] if node is not source)
    async with opened(cluster.url) as store, opened(cluster.url) as other:
        await put(other, key, b"old")
        assert await store.swap(key, b"old", None, ttl=TTL)
        for node, state, peer in ((target, "IMPORTING", source), (source, "MIGRATING", target)):
            node.ask("CLUSTER", "SETSLOT", slot, state, cluster.id(peer))
        assert await store.read(key) is None
        waits = await waiting(other, key, None)
        await put(store, key, b"new")
        await asyncio.wait_for(waits, 2)
        assert key.encode() in target.ask("CLUSTER", "GETKEYSINSLOT", slot, "1")
        for node in (target, source):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", cluster.id(target))
        assert b"new" == await store.read(key)
        asked = source.calls("get")
        assert b"new" == await store.read(key)
        assert asked == source.calls("get")  # it remembers where the slot is now
        await put(other, key, b"last")
        assert b"last" == await store.read(key)


@pytest.mark.asyncio
async def test_a_node_that_goes(cluster: ValkeyCluster) -> None:
    """Its replica takes over, and the store finds it by itself."""
    key = next(key for key in iter(fresh, "") if cluster.owner(key) is cluster.nodes[0])
    async with opened(cluster.url) as store:
        await put(store, key, b"value")
        cluster.nodes[0].kill()
        assert b"value" == await as_soon_as_possible(partial(store.read, key), seconds=20)
        await put(store, key, b"new")
