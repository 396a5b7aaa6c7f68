"""A store for mintonce in PostgreSQL."""

from mintonce_postgres.store import PostgresStore, from_url

__all__ = ["PostgresStore", "from_url"]
