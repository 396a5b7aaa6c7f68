"""What tests need: a server that counts, a fake source, a clock, the contract of stores."""

from mintonce.testing.clock import ManualClock
from mintonce.testing.contract import PushingStoreContract, StoreContract
from mintonce.testing.server import AuthorizationServer, Fault
from mintonce.testing.source import FakeSource

__all__ = [
    "AuthorizationServer",
    "FakeSource",
    "Fault",
    "ManualClock",
    "PushingStoreContract",
    "StoreContract",
]
