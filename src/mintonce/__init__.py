"""Mint an OAuth 2.0 client-credentials token once, and let everybody use it until it expires."""

from mintonce.budget import Budget
from mintonce.credentials import ClientCredentials
from mintonce.errors import (
    BudgetExhausted,
    MintonceError,
    StoreError,
    StoreUnavailable,
    TokenRejected,
    TokenRequestError,
    UsageError,
)
from mintonce.manager import TokenManager
from mintonce.stores import FileStore, MemoryStore, TokenStore, open_store
from mintonce.token import Token

__all__ = [
    "Budget",
    "BudgetExhausted",
    "ClientCredentials",
    "FileStore",
    "MemoryStore",
    "MintonceError",
    "StoreError",
    "StoreUnavailable",
    "Token",
    "TokenManager",
    "TokenRejected",
    "TokenRequestError",
    "TokenStore",
    "UsageError",
    "open_store",
]
