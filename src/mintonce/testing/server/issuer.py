"""Decides about a token request: refused, granted, or what a fault makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from mintonce.clock import Clock
from mintonce.testing.server.faults import Fault
from mintonce.testing.server.quota import check_quota, quota_header
from mintonce.testing.server.reply import Reply
from mintonce.testing.server.requests import TokenRequest
from mintonce.testing.server.rules import Refused, Rules
from mintonce.testing.server.tokens import Grant, TokenBook


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a token request has come to.

    Attributes:
        reply: The answer; ``None`` when the connection is to be reset.
        grant: The token, when one was handed out: it may be in the answer, or lost.

    """

    reply: Reply | None
    grant: Grant | None = None


class Issuer:
    """Mints by the rules and into the token book. It knows nothing of connections."""

    def __init__(self, rules: Rules, tokens: TokenBook, clock: Clock) -> None:
        self._rules = rules
        self._tokens = tokens
        self._clock = clock

    def decide(self, asked: TokenRequest, fault: Fault) -> Outcome:
        """Check the request and mint, as far as the fault lets it come to that.

        A request that is refused is refused in the usual way: a fault that changes the answer
        changes the one with a token. Only a lost answer is lost in any case.
        """
        if fault.mint == "none":
            return Outcome(fault.reply_for({}))
        try:
            grant = self._grant(self._rules.check(asked), fault)
        except Refused as refused:
            return Outcome(None if fault.answer is None else self._with_quota(refused.reply))
        reply = fault.reply_for(_members(asked, grant))
        return Outcome(reply and self._with_quota(reply), grant)

    def _grant(self, client_id: str, fault: Fault) -> Grant:
        again = self._tokens.again(client_id) if fault.mint == "same" else None
        if again is not None:
            return again
        check_quota(self._rules.quota, self._tokens.minted, self._clock.wall())
        return self._tokens.mint(client_id, self._rules.lifetime)

    def _with_quota(self, reply: Reply) -> Reply:
        if self._rules.quota is None or not self._rules.quota_headers:
            return reply
        header = quota_header(self._rules.quota, self._tokens.minted, self._clock.wall())
        return reply.with_headers(header)


def _members(asked: TokenRequest, grant: Grant) -> dict[str, object]:
    """The JSON of a token response (RFC 6749 section 5.1)."""
    members: dict[str, object] = {
        "access_token": grant.token,
        "token_type": "Bearer",
        "expires_in": grant.expires_in,
    }
    if "scope" in asked.fields:
        members["scope"] = asked.fields["scope"]
    return members
