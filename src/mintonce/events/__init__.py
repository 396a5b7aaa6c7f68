"""What can be observed: one frozen dataclass for each kind of fact.

``TokenManager(..., on_event=listener)`` calls ``listener(event)`` for each of them, in a thread of
its own, and the logger ``mintonce`` has the same facts: `Event.level` and ``str(event)`` are the
level and the line. No event holds a client secret or a token; a fingerprint tells tokens apart.
"""

# Imported when something is to be told: most processes only find a token, and are spared this.

from mintonce.events.base import Event
from mintonce.events.budgets import BudgetAtRisk, BudgetCounted, BudgetLow
from mintonce.events.failures import CoolDownStarted, LeaseTakenOver, MintFailed, RenewalFailed
from mintonce.events.stores import RecordPutAside, StoreFailed
from mintonce.events.tokens import TokenAdopted, TokenMinted, TokenRejected, TokenStored

__all__ = [
    "BudgetAtRisk",
    "BudgetCounted",
    "BudgetLow",
    "CoolDownStarted",
    "Event",
    "LeaseTakenOver",
    "MintFailed",
    "RecordPutAside",
    "RenewalFailed",
    "StoreFailed",
    "TokenAdopted",
    "TokenMinted",
    "TokenRejected",
    "TokenStored",
]
