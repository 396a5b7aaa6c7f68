"""Token requests as any client could send them, well-behaved or not."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

CLIENT_ID = "orders-service"
SECRET = "s3cret-of-the-tests"
CLIENTS = {CLIENT_ID: SECRET}
GOOD = {
    "grant_type": "client_credentials",
    "client_id": CLIENT_ID,
    "client_secret": SECRET,
}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The JSON in the body."""
        return json.loads(self.body)

    @property
    def token(self) -> str:
        """The access token in the JSON."""
        return str(self.json["access_token"])


async def send(method: str, url: str, **options: Any) -> Answer:
    """One request on a connection of its own; redirects are looked at, not followed."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, allow_redirects=False, **options) as response,
    ):
        return Answer(response.status, response.headers, await response.read())


class Server(Protocol):
    """An authorization server, here or in another process."""

    @property
    def token_url(self) -> str:
        """Where tokens are to be had."""
        ...

    @property
    def resource_url(self) -> str:
        """The API that takes them."""
        ...


async def ask(server: Server, **changes: str | None) -> Answer:
    """A good token request, but for the parameters named; ``None`` leaves one out."""
    fields = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return await send("POST", server.token_url, data=fields)


async def call(server: Server, token: str, method: str = "GET") -> Answer:
    """A call of the API with this token."""
    bearer = {"Authorization": f"Bearer {token}"}
    return await send(method, server.resource_url, headers=bearer)


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic, with nothing encoded but by Base64."""
    joined = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {joined}"}
