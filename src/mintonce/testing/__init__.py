"""What tests need: a server that counts, a clock that is turned by hand, the contract of stores."""

from mintonce.testing.clock import ManualClock
from mintonce.testing.contract import PushingStoreContract, StoreContract
from mintonce.testing.server import AuthorizationServer, Fault

__all__ = [
    "AuthorizationServer",
    "Fault",
    "ManualClock",
    "PushingStoreContract",
    "StoreContract",
]
