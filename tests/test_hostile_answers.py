"""Whatever bytes a token endpoint sends: a documented outcome, in time, and nothing given away."""

from __future__ import annotations

import asyncio
import re

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

import forwarding
from forwarding import LoopClock, passes
from hostile import GRANTED, Hostile, http
from hostile_answers import Wire, wires
from listening import Ear, listening
from marks import SECRET, marks_in
from mintonce import Budget, BudgetExhausted, ClientCredentials, TokenManager, TokenRequestError
from mintonce.credentials.authentication import AUTH_METHODS
from mintonce.driver import PATIENCE
from mintonce.token import MAX_LIFETIME, Token

LIMIT = 2
MINT_TIMEOUT = 6.0
A_SECOND, A_WHILE = 1.0, 40.0
ALL_OVER = 41 * 86_400.0
"""Seconds after which nothing that a server said is believed any more."""

FAR_QUOTA = http(200, GRANTED, auth0_client_quota_limit="b=per_day;q=9;r=0;t=3542401")
"""It seemed to end too late to be true, until a day had passed."""

_STATUS = re.compile(rb"HTTP/1\.[01] +([0-9]{3})")

EXAMPLES = max(200, settings.default.max_examples)  # type: ignore[union-attr]  # there is one


class Case:
    """One manager that asks one hostile server."""

    def __init__(self, server: Hostile, method: str, ear: Ear) -> None:
        self.server = server
        self.ear = ear
        self.source = ClientCredentials(
            token_url=server.url, client_id="orders", client_secret=SECRET, auth_method=method
        )
        self.clock = LoopClock()
        self.tokens = TokenManager(
            self.source,
            budget=Budget(LIMIT, per="day"),
            mint_timeout=MINT_TIMEOUT,
            clock=self.clock,
        )

    async def outcome(self) -> Token | TokenRequestError | BudgetExhausted:
        """Get a token, or an error that is documented for this, before callers lose patience."""
        started = asyncio.get_running_loop().time()
        try:
            found: Token | TokenRequestError | BudgetExhausted = await self.tokens.get()
        except (TokenRequestError, BudgetExhausted) as error:
            found = error
        took = asyncio.get_running_loop().time() - started
        assert took < MINT_TIMEOUT + PATIENCE + A_SECOND
        status = await self.tokens.status()
        self.ear.note(found, status, self.tokens.stats, self.tokens, self.source)
        return found


def certain(wire: Wire) -> bool:
    """Whether there is a status in it that says that no token was issued."""
    for status in map(int, _STATUS.findall(wire.answer)):
        if status // 100 in {3, 4} or status == 503 or (status // 100 == 2 and wire.refuses):
            return True
    return False


def check_meaning(wire: Wire, found: Token | TokenRequestError | BudgetExhausted) -> None:
    """The outcome is what the documentation says of it."""
    if isinstance(found, Token):
        assert 0 < found.lifetime <= MAX_LIFETIME + 1
        assert found.access_token.isascii()
        assert found.access_token.isprintable()
    elif isinstance(found, TokenRequestError):
        assert found.may_have_issued or certain(wire)
        assert not (found.permanent and found.may_have_issued)
        assert len(str(found)) < 600
        assert str(found).isprintable()
    else:
        # Spent, or the server said that it is.
        assert found.used >= LIMIT or b"quota" in wire.answer.lower()


async def ordeal(wire: Wire, method: str, ear: Ear) -> None:
    """Ask a server that answers with this, and once more when it is well again."""
    server = Hostile(wire.answer, wire.then, cuts=wire.cuts, pause=wire.pause)
    async with server:
        case = Case(server, method, ear)
        for _ in range(2):
            found = await case.outcome()
            event(type(found).__name__)
            check_meaning(wire, found)
            await passes(A_WHILE)
        mints = (await case.tokens.status()).mints
        assert len(mints) == len(server.requests)
        refused = [mint for mint in mints if mint.outcome == "refused"]
        assert certain(wire) or refused == []
        assert len(mints) - len(refused) <= LIMIT
        server.answer, server.then, server.cuts, server.pause = http(200, GRANTED), "close", (), 0
        await passes(ALL_OVER)
        healed = await case.outcome()
        assert isinstance(healed, Token)
        assert GRANTED["access_token"] == healed.access_token
        await case.tokens.aclose()


@settings(max_examples=EXAMPLES)
@given(wires(), st.sampled_from(list(AUTH_METHODS)))
@example(Wire(FAR_QUOTA), "client_secret_post")
@example(Wire(b""), "client_secret_post")
def test_whatever_a_server_answers(wire: Wire, method: str) -> None:
    """A token that can be used or a documented error; and a manager that is as good as before."""
    with listening() as ear:
        forwarding.run_surely(lambda: ordeal(wire, method, ear))
    assert [] == marks_in("\n".join(ear.said))
