"""The stores that come with mintonce, and what a store has to do."""

from mintonce.stores.file import FileStore
from mintonce.stores.memory import MemoryStore
from mintonce.stores.opening import open_store
from mintonce.stores.protocol import PushingStore, TokenStore

__all__ = ["FileStore", "MemoryStore", "PushingStore", "TokenStore", "open_store"]
