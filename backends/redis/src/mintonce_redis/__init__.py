"""RedisStore: share mintonce's tokens between hosts, in Valkey or Redis."""

from mintonce_redis.store import RedisStore, from_url

__all__ = ["RedisStore", "from_url"]
