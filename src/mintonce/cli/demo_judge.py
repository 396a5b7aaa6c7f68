"""The authorization server of the demo: a process of its own, whose count is the one that holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

import click

from mintonce.cli.children import child, end_with_parent


class Count(NamedTuple):
    """What the server has seen.

    Attributes:
        requests: Token requests.
        tokens: Tokens that it issued.
        calls: Calls of its API.
        rejections: Those that it answered with 401.

    """

    requests: int
    tokens: int
    calls: int
    rejections: int

    def since(self, before: Count) -> Count:
        """What came after `before`."""
        return Count(*(now - then for now, then in zip(self, before, strict=True)))


@dataclass(frozen=True, slots=True)
class Judge:
    """Where the server is, and for whom."""

    url: str
    token_url: str
    resource_url: str
    client_id: str

    async def count(self) -> Count:
        """Ask the server what it has seen."""
        return await asyncio.to_thread(self._count)

    def _count(self) -> Count:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=10)
        connection.request("GET", "/stats")
        counted = json.loads(connection.getresponse().read())
        connection.close()
        return Count(**counted)


@asynccontextmanager
async def judge(
    *, lifetime: int, quota: int, environment: Mapping[str, str]
) -> AsyncGenerator[Judge]:
    """Run a server that issues so many tokens in all, each for so many seconds."""
    options = ("--lifetime", str(lifetime), "--quota", str(quota), "--latency", "0.05")
    async with child("mintonce.cli.demo_judge", *options, environment=environment) as process:
        assert process.stdout  # noqa: S101 - it is a pipe
        first_line = await process.stdout.readline()
        if not first_line:
            raise click.ClickException("the authorization server did not start")
        yield Judge(**json.loads(first_line))


if __name__ == "__main__":
    from mintonce.testing.server.__main__ import main

    end_with_parent()
    main()
