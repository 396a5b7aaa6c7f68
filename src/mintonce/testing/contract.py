"""The contract that every store must pass; inherit it, write one method, and run it.

::

    class TestMyStore(StoreContract):
        @asynccontextmanager
        async def open(self) -> AsyncIterator[TokenStore]:
            async with MyStore.connect("my://localhost/tests") as store:
                yield store

It needs no plugin: pytest and unittest run it as it is, and so does ``TestMyStore().verify()``.
"""

from __future__ import annotations

from mintonce.testing.contract_keys import KeyChecks
from mintonce.testing.contract_pushing import PushingStoreContract
from mintonce.testing.contract_sharing import SharingChecks
from mintonce.testing.contract_time import TimeChecks
from mintonce.testing.contract_values import ValueChecks

__all__ = ["PushingStoreContract", "StoreContract"]


class StoreContract(ValueChecks, KeyChecks, SharingChecks, TimeChecks):
    """All that `TokenStore` promises. There is nothing in it that a store may skip."""
