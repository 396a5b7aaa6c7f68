"""The API behind the authorization server, for which the tokens are meant."""

from __future__ import annotations

from aiohttp import web

from mintonce.testing.server.reply import Reply, send
from mintonce.testing.server.tokens import TokenBook


class Api:
    """Takes live bearer tokens and no others, and counts both (RFC 6750).

    Attributes:
        calls: The calls that have arrived.
        rejections: Those of them that were answered 401.

    """

    def __init__(self, tokens: TokenBook) -> None:
        self.calls: int = 0
        self.rejections: int = 0
        self._tokens = tokens

    async def answer(self, request: web.Request) -> web.Response:
        """Answer one call, once it is here in full."""
        await request.read()
        self.calls += 1
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        if is_bearer and self._tokens.is_live(token.strip()):
            return send(Reply.json({"ok": True}), request)
        self.rejections += 1
        # Who brings no token has made no error (RFC 6750 section 3.1).
        challenge = 'Bearer error="invalid_token"' if is_bearer else "Bearer"
        refusal = Reply.json({"ok": False}, status=401, headers={"WWW-Authenticate": challenge})
        return send(refusal, request)
