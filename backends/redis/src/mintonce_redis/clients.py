"""From a client of redis-py, which belongs to the program, to the way to its server."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.connection import Connection, SSLConnection
from redis.asyncio.sentinel import SentinelConnectionPool

from mintonce.errors import UsageError
from mintonce_redis.recipes import Recipe
from mintonce_redis.routes import Cluster, Route, Single, Watched
from mintonce_redis.sentinels import Sentinels


def route_of(client: Any) -> Route:
    """Return the way to the server of this client. Nothing of the client itself is used up.

    Raises:
        UsageError: It is no client that a store can work with.

    """
    if isinstance(client, Single | Cluster):
        return client  # it comes from a URL
    if isinstance(client, RedisCluster):
        return _cluster(client)
    if not isinstance(client, Redis):
        raise UsageError(
            "RedisStore takes a client of redis.asyncio (Redis or RedisCluster), or see"
            f" RedisStore.from_url; not {type(client).__module__}.{type(client).__name__}"
        )
    pool = client.connection_pool
    if isinstance(pool, SentinelConnectionPool):
        return _sentinel(pool)
    options = pool.connection_kwargs
    address = (
        options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
    )
    return Single(f"{address}/{options.get('db') or 0}", Recipe.of(pool.connection_class, options))


def _cluster(client: RedisCluster) -> Route:
    options = dict(client.connection_kwargs)
    # With this a client for reading from replicas lets them answer, with values that are too old.
    options.pop("redis_connect_func", None)
    kind = options["connection_class"]
    nodes = [(node.host, int(node.port)) for node in client.startup_nodes]
    return Cluster(nodes, Recipe.of(kind, options), client.nodes_manager.address_remap)


def _sentinel(pool: Any) -> Route:
    if not pool.is_master:
        raise UsageError("RedisStore needs the master: give it what Sentinel.master_for returns")
    kind = SSLConnection if issubclass(pool.connection_class, SSLConnection) else Connection
    return Watched(
        f"master {pool.service_name}",
        Recipe.of(kind, pool.connection_kwargs),
        _sentinels(pool.sentinel_manager, pool.service_name).master,
    )


def _sentinels(manager: Any, service: str) -> Sentinels:
    pools = [client.connection_pool for client in manager.sentinels]
    return Sentinels(
        service,
        [Recipe.of(pool.connection_class, pool.connection_kwargs).connect for pool in pools],
        others=manager.min_other_sentinels,
        host=getattr(manager, "_force_master_ip", None),
    )
