"""A source that is to get ready before it sends, and does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from managing import Handmade
from mintonce import TokenRequestError
from mintonce.asking import Asking
from mintonce.testing import ManualClock
from troubled import run, skip

Members = Mapping[str, Any]


def test_a_source_that_never_gets_ready() -> None:
    """It would hold the lease of all others for ever."""

    class Stuck(Handmade):
        async def prepare(self, *, timeout: float) -> Callable[[], Awaitable[Members]]:  # noqa: ARG002 - it needs none
            await asyncio.Event().wait()
            return self.mint

        async def fingerprint(self) -> str:
            await asyncio.Event().wait()
            return ""

    async def wait() -> None:
        preparing = asyncio.create_task(Asking(Stuck(), ManualClock(), 0.2).prepare())
        await skip(10)
        with pytest.raises(TokenRequestError, match="failed with TimeoutError") as caught:
            await preparing
        assert not caught.value.may_have_issued
        reading = asyncio.create_task(Asking(Stuck(), ManualClock(), 0.2).fingerprint())
        await skip(10)
        assert await reading is None

    run(wait)
