"""Values of the protocol with everything filled in that a test does not care about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mintonce.ledger import Mint
from mintonce.record import CoolDown, Lease, Record
from mintonce.token import Token

NOW = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC: near no edge of any calendar window


def utc(*parts: int) -> float:
    """Unix seconds of a date in UTC: year, month, day, hour, minute, second."""
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]  # six parts at most


def make_token(
    value: str = "token-1", *, issued_at: float = NOW, lifetime: float = 3600.0
) -> Token:
    """A token that was asked for at `issued_at`."""
    return Token(value, issued_at + lifetime, issued_at)


def make_lease(holder: str = "me", **changes: Any) -> Lease:
    """The lease of `holder`."""
    return Lease(**{"holder": holder, "by": "host:1", "reason": "cold", **changes})


def make_cool_down(**changes: Any) -> CoolDown:
    """A cool-down that began at `NOW` and lasts a minute."""
    values = {"trouble": "lost", "message": "no answer", "until": NOW + 60, "seconds": 60.0}
    return CoolDown(**{**values, **changes})


def make_record(**changes: Any) -> Record:
    """A record with a fresh token that was minted because there was none."""
    return Record(**{"token": make_token(), "reason": "cold", "by": "host:1", **changes})


def make_mint(number: int = 1, *, at: float = NOW, **changes: Any) -> Mint:
    """The mint with this number."""
    values = {"id": f"mint-{number}", "key": "token-a", "reason": "cold", "by": "host:1"}
    return Mint(at=at, **{**values, **changes})
