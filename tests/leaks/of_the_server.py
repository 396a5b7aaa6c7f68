"""What goes wrong with the authorization server, and on the way to it."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import cycle

import aiohttp
import trustme

from hostile import Hostile, http
from leaks.scene import Scene
from marks import ASSERTION, SECRET, SPELLINGS, TOKEN
from mintonce.credentials.authentication import AUTH_METHODS
from mintonce.testing import Fault

Scenario = Callable[[Scene], Awaitable[None]]

ALL = " | ".join(spell(one) for one in (SECRET, ASSERTION) for spell in SPELLINGS.values())
"""All that the client keeps secret, in all spellings."""
TELLING = {"error": f"x{SECRET}", "error_description": ALL, "error_uri": ALL, "hint": ALL}

FAULTS: dict[str, Fault] = {
    "status": Fault.status(401, json={"error": "invalid_client"}),
    "status, telling": Fault.status(400, json=TELLING, retry_after=1),
    "status, telling in headers": Fault.status(
        503, retry_after=f"{SECRET}!", headers={"Set-Cookie": f'"{SECRET}"="{SECRET}"; x=\x01'}
    ),
    "status, busy": Fault.status(429, json=TELLING, headers={"Auth0-Client-Quota-Limit": SECRET}),
    "body": Fault.body(f"<p>{ALL}", "text/html"),
    "body, an error": Fault.body(f"<p>{ALL}", "text/html", status=502),
    "body, no object": Fault.body(f'["{TOKEN}"]'),
    "body, not JSON": Fault.body(f'{{"access_token": "{TOKEN}'),
    "html": Fault.html(),
    "empty": Fault.empty(),
    "oversized": Fault.oversized(),
    "redirect": Fault.redirect("https://b.example/" + SPELLINGS["url-encoded"](SECRET) + f"?{ALL}"),
    "latency": Fault.latency(3),
    "hang": Fault.hang(),
    "reset": Fault.reset(),
    "lose_answer": Fault.lose_answer(),
    "same_token": Fault.same_token(),
    "expires_in": Fault.expires_in(-1),
    "expires_in, odd": Fault.expires_in(SECRET),
    "members": Fault.members(access_token=TOKEN, token_type=TOKEN),
    "members, a line break": Fault.members(access_token=f"{TOKEN}\r\nX: y"),
    "members, a telling scope": Fault.members(access_token=TOKEN, scope=f"{TOKEN} {SECRET}"),
    "members, an error beside": Fault.members(access_token=TOKEN, **TELLING),
    "members, gone": Fault.members(access_token=None, refresh_token=TOKEN, id_token=TOKEN),
}
"""By the names of the class methods of `Fault`: each is here."""


async def meets(scene: Scene, fault: Fault, method: str) -> None:
    """Ask a server that does this."""
    async with scene.server(fault) as server:
        source = scene.client(server.token_url, auth_method=method)
        scene.ear.note(source)
        await scene.asks(scene.manager(source))


WIRES: dict[str, Hostile] = {
    "a token with an error": Hostile(
        http(500, {"access_token": TOKEN, "error": TOKEN, "error_description": f"{TOKEN} {ALL}"})
    ),
    "a cookie": Hostile(http(200, {}, Set_Cookie=f"{SECRET}={SECRET}; Max-Age={SECRET}")),
    "headers that are none": Hostile(b"HTTP/1.1 200 " + SECRET.encode() + b"\r\n" + ALL.encode()),
    "a status line that is none": Hostile(SECRET.encode() + b"\r\n\r\n"),
    "an unknown coding": Hostile(http(200, content_encoding=SECRET)),
    "a bad chunk": Hostile(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + ALL.encode()),
    "an odd location": Hostile(http(302, b"", Location=f"https://[{SECRET}")),
    "a cut answer": Hostile(http(200, {"access_token": TOKEN})[:-9]),
    "pieces": Hostile(http(200, {"access_token": TOKEN}), cuts=[20, 60, 90], pause=0.1),
    "a reset": Hostile(http(200, {"access_token": TOKEN})[:-9], "reset"),
    "silence": Hostile(b"", "hang"),
}


async def reads(scene: Scene, server: Hostile, method: str) -> None:
    """Ask a server that sends these bytes."""
    async with server:
        await scene.asks(scene.manager(scene.client(server.url, auth_method=method)))


async def bad_tls(scene: Scene) -> None:
    """The server has a certificate of nobody we know."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with Hostile(http(), tls=context) as server:
        await scene.asks(scene.manager(scene.client(server.url)), times=1)


async def no_tls(scene: Scene) -> None:
    """The server speaks no TLS."""
    async with Hostile(http(), greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        url = server.url.replace("http:", "https:")
        await scene.asks(scene.manager(scene.client(url)), times=1)


async def refused_connection(scene: Scene) -> None:
    """Nobody is there."""
    async with Hostile() as server:
        url = server.url
    await scene.asks(scene.manager(scene.client(url)))


async def a_session(scene: Scene, *, closed: bool) -> None:
    """The session of the program is closed, or has credentials of its own."""
    async with scene.server() as server, aiohttp.ClientSession() as session:
        if closed:
            await session.close()
        else:
            session.headers["Authorization"] = f"Basic {SECRET}"
        source = scene.client(server.token_url, session=session)
        scene.ear.note(source)
        await scene.asks(scene.manager(source), times=1)


SCENARIOS: dict[str, Scenario] = {
    **{
        f"{name} ({method})": partial(meets, fault=fault, method=method)
        for name, fault in FAULTS.items()
        for method in AUTH_METHODS
    },
    **{
        name: partial(reads, server=server, method=method)
        for (name, server), method in zip(WIRES.items(), cycle(AUTH_METHODS), strict=False)
    },
    "bad TLS": bad_tls,
    "no TLS": no_tls,
    "a refused connection": refused_connection,
    "a closed session": partial(a_session, closed=True),
    "a session with credentials": partial(a_session, closed=False),
}
