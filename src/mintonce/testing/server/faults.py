"""What can go wrong with a token request, as values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mintonce.testing.server.reply import OMIT, Reply

Mint = Literal["new", "same", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that the authorization server does wrong: ``server.fail(Fault.status(503))``.

    A fault says three things, in the order in which they happen. The class methods name those that
    are met in the wild; the constructor makes any other: ``Fault(delay=2, answer=None)`` mints
    a token, waits two seconds and resets the connection.

    Attributes:
        mint: Whether a token is minted. ``"new"``: yes, if the request is as it should be.
            ``"same"``: the client's last token is handed out once more, revoked or not, unless it
            has expired. ``"none"``: no, and nothing is checked.
        delay: Seconds that the answer then takes, on top of the server's latency; ``math.inf``
            for ever.
        answer: What is answered. A mapping changes members of the server's own JSON, a ``Reply``
            stands in its place, and with ``None`` the connection is reset.

    """

    mint: Mint = "new"
    delay: float = 0.0
    answer: Reply | Mapping[str, object] | None = field(default_factory=dict[str, object])

    def after(self, seconds: float) -> Fault:
        """The same fault with an answer that takes so many seconds."""
        return replace(self, delay=seconds)

    def reply_for(self, members: Mapping[str, object]) -> Reply | None:
        """What becomes of the JSON that the server would have answered."""
        if self.answer is None or isinstance(self.answer, Reply):
            return self.answer
        return Reply.json({**members, **self.answer})

    @classmethod
    def status(
        cls,
        status: int,
        *,
        json: Mapping[str, object] | None = None,
        retry_after: float | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Fault:
        """A status code, with JSON or an empty body; nothing is minted.

        ``retry_after`` is a number of seconds or an HTTP date (RFC 9110 section 10.2.3).
        """
        reply = Reply(status=status) if json is None else Reply.json(json, status=status)
        if retry_after is not None:
            reply = reply.with_headers({"Retry-After": str(retry_after)})
        return cls(mint="none", answer=reply.with_headers(headers or {}))

    @classmethod
    def body(
        cls, content: bytes | str, content_type: str = "application/json", *, status: int = 200
    ) -> Fault:
        """Any body at all; nothing is minted."""
        raw = content.encode() if isinstance(content, str) else content
        return cls(mint="none", answer=Reply(status=status, body=raw, content_type=content_type))

    @classmethod
    def html(cls, status: int = 200) -> Fault:
        """A web page, as from a proxy that stands in the way; nothing is minted."""
        return cls.body("<!doctype html><title>Please log in</title>", "text/html", status=status)

    @classmethod
    def empty(cls) -> Fault:
        """A 200 with nothing in it; nothing is minted."""
        return cls.body(b"")

    @classmethod
    def oversized(cls, size: int = 1_000_000) -> Fault:
        """A 200 that would do, but for an access token of ``size`` bytes; nothing is minted."""
        token = {"access_token": "x" * size, "token_type": "Bearer", "expires_in": 3600}
        return cls(mint="none", answer=Reply.json(token))

    @classmethod
    def redirect(cls, location: str, status: int = 307) -> Fault:
        """A redirect, which no client may follow with its secret; nothing is minted."""
        return cls(mint="none", answer=Reply(status=status, headers={"Location": location}))

    @classmethod
    def latency(cls, seconds: float) -> Fault:
        """A slow answer, otherwise as it should be; the token is minted before the wait."""
        return cls().after(seconds)

    @classmethod
    def hang(cls) -> Fault:
        """No answer until the client goes or the server closes; nothing is minted."""
        return cls(mint="none", answer=None, delay=math.inf)

    @classmethod
    def reset(cls) -> Fault:
        """The connection is reset before anything is minted."""
        return cls(mint="none", answer=None)

    @classmethod
    def lose_answer(cls) -> Fault:
        """A token is minted and counted, and then the connection is reset."""
        return cls(answer=None)

    @classmethod
    def same_token(cls) -> Fault:
        """The client's last token once more, with the lifetime that it has left."""
        return cls(mint="same")

    @classmethod
    def expires_in(cls, value: object = OMIT) -> Fault:
        """A token whose ``expires_in`` is this; left out, if there is none.

        ``RawJson("1e999")`` writes what Python would not.
        """
        return cls(answer={"expires_in": value})

    @classmethod
    def members(cls, **changes: object) -> Fault:
        """A token in an answer with members changed, added or, with ``OMIT``, left out."""
        return cls(answer=changes)
