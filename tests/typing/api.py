"""A program that uses every public name, for the type checkers to read; it is not run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import assert_type

from mintonce import (
    Budget,
    BudgetExhausted,
    ClientCredentials,
    FileStore,
    MemoryStore,
    MintonceError,
    StoreError,
    StoreUnavailable,
    Token,
    TokenManager,
    TokenRejected,
    TokenRequestError,
    TokenStore,
    UsageError,
    open_store,
)
from mintonce.credentials import DerivableSource


def read_secret() -> str:
    """A secret may come from a function."""
    return "secret"


async def fetch_secret() -> str:
    """And from one that is awaited."""
    return "secret"


credentials = [
    ClientCredentials(
        token_url="https://auth.example.com/oauth/token",
        client_id="orders-service",
        client_secret=secret,
        auth_method="client_secret_basic",
        audience="https://api.example.com",
        scope=["orders:read", "orders:write"],
    )
    for secret in ("secret", read_secret, fetch_secret)
]

assert_type(credentials[0].for_(scope=["orders:read"], extra={"a": "b"}), ClientCredentials)
derivable: DerivableSource = credentials[0]

stores: list[TokenStore | str | None] = [
    None,
    "file:///var/lib/orders/tokens",
    MemoryStore(),
    FileStore("/var/lib/orders/tokens"),
    open_store("memory:"),
]

budgets = [Budget(1000, per="month"), Budget(50, per=timedelta(hours=6))]


class Table:
    """A store by somebody else: two methods."""

    async def read(self, key: str) -> bytes | None:
        """Return the value."""
        raise StoreError(key)

    async def swap(self, key: str, old: bytes | None, new: bytes | None, *, ttl: float) -> bool:
        """Replace the value if it still is `old`."""
        raise StoreUnavailable(f"{key} {old!r} {new!r} {ttl}")


class Fixed:
    """A source by somebody else: a key, and something that mints."""

    @property
    def key(self) -> str:
        """Tell apart what has to be kept apart."""
        return "fixed"

    async def mint(self) -> Mapping[str, object]:
        """Ask for a token."""
        return {"access_token": "fixed", "token_type": "Bearer", "expires_in": 3600}


async def use() -> Token:
    """Hand out a token, and say what each thing is."""
    async with TokenManager(credentials[0], store=stores[1], budget=budgets) as tokens:
        assert_type(tokens, TokenManager)
        token = assert_type(await tokens.get(min_validity=30), Token)
        assert_type(token.access_token, str)
        assert_type(token.expires_at, float)
        await tokens.invalidate(token)
        await tokens.invalidate(token.access_token)
        await tokens.status()
        print(tokens.stats)
        assert_type(tokens.for_(audience="https://other.example.com", scope=None), TokenManager)
    manager = TokenManager(Fixed(), store=Table(), budget=budgets[0], refresh_ahead=60)
    await manager.aclose()
    return token


async def fail() -> float | None:
    """Tell the errors apart."""
    try:
        await use()
    except BudgetExhausted as error:
        return assert_type(error.resets_at, float)
    except TokenRejected:
        return None
    except TokenRequestError as error:
        return assert_type(error.retry_at, float | None)
    except (StoreError, UsageError) as error:
        assert isinstance(error, MintonceError)
    return None
