"""What a server tells unasked is nobody's answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripted import scripted, subscribed
from using import lines_of, opened

pytestmark = pytest.mark.asyncio

PUSHES = {
    "invalidate": b">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n",
    "invalidate all": b">2\r\n$10\r\ninvalidate\r\n_\r\n",
    "moving": b">3\r\n$6\r\nMOVING\r\n:1\r\n:15\r\n",
    "unknown": b">2\r\n$5\r\nhello\r\n:1\r\n",
    "nothing": b">0\r\n",
}


@pytest.mark.parametrize("kind", PUSHES)
async def test_a_push_of_another_kind(place: Path, kind: str) -> None:
    """It comes before the value, and is not taken for it."""

    def answer(command: list[bytes]) -> bytes:
        if command[0] == b"SUBSCRIBE":
            return subscribed(command)
        return PUSHES[kind] + b"$5\r\nvalue\r\n"

    async with scripted(place, answer) as url, opened(url) as store:
        assert b"value" == await store.read("key")
        (line,) = lines_of(store)
        assert b"value" == await store.read("key")
        assert [line] == lines_of(store)
