"""The authorization server of a simulated fleet: it issues tokens, and knows which are alive."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mintonce import TokenRequestError

if TYPE_CHECKING:
    from simulation.facts import Request
    from simulation.process import Process
    from simulation.run import Run

Answer = Mapping[str, Any] | TokenRequestError | None


class Server:
    """Answers token requests.

    Attributes:
        secret: The number of the secret that is valid now.

    """

    def __init__(self, run: Run) -> None:
        self.secret = 0
        self._run = run
        self._last: tuple[str, float] = ("", 0.0)
        self._issued = 0

    async def mint(self, process: Process) -> Mapping[str, Any]:
        """Send a token request for `process`."""
        run = self._run
        await process.meets_its_fate()
        request = run.judge.sent(process)
        reply: asyncio.Future[Mapping[str, Any]] = process.loop.create_future()
        delay = run.chance.uniform(0.0, run.world.latency / 2)
        run.later(delay, self._arrive, request, process.secret, reply)
        try:
            return await reply
        except asyncio.CancelledError:
            run.judge.given_up(request)
            raise
        finally:
            request.ended = run.now

    def _arrive(
        self, request: Request, secret: int, reply: asyncio.Future[Mapping[str, Any]]
    ) -> None:
        run = self._run
        if request.process.is_cut:
            answer: Answer = TokenRequestError("cut")
        else:
            answer = self._answer(request, secret)
        request.process.meets()
        if answer is not None:
            delay = run.chance.uniform(0.0, run.world.latency / 2)
            run.later(delay, self._deliver, request, answer, reply)

    def _answer(self, request: Request, secret: int) -> Answer:
        run, world = self._run, self._run.world
        if refusal := self._refusal(secret):
            return refusal
        run.judge.counts(request)
        if run.fails(world.breaks):
            return TokenRequestError("500", status=500, may_have_issued=True)
        answer = self._issue(request)
        if run.fails(world.loses):
            return None if run.chance.random() < 0.5 else _RESET
        return answer

    def _refusal(self, secret: int) -> TokenRequestError | None:
        """Return the error after which no token can exist, if it is time for one."""
        run, world = self._run, self._run.world
        if run.server_is_down:
            return TokenRequestError("no connection")
        if secret != self.secret:
            code = "invalid_client"
            return TokenRequestError(code, permanent=True, status=401, error=code)
        if run.fails(world.refuses):
            return TokenRequestError("503", status=503)
        if run.fails(world.limits):
            wait = run.chance.uniform(1.0, 20.0)
            return TokenRequestError("429", status=429, retry_after=wait)
        return None

    def _issue(self, request: Request) -> Mapping[str, Any]:
        run = self._run
        value, expires = self._last
        left = int(expires - run.now)
        if not (run.world.reissues and left > 0 and run.judge.is_alive(value)):
            self._issued += 1
            value, left = f"token-{self._issued}", int(run.world.lifetime)
            self._last = value, run.now + left
        run.judge.issued(request, value, self._last[1])
        return {"access_token": value, "token_type": "Bearer", "expires_in": left}

    def _deliver(
        self, request: Request, answer: Answer, reply: asyncio.Future[Mapping[str, Any]]
    ) -> None:
        if reply.done():
            return
        if isinstance(answer, TokenRequestError):
            request.is_refused = True
            request.wait = answer.retry_after or 0.0
            reply.set_exception(answer)
        elif answer is not None:
            self._run.judge.delivered(request)
            reply.set_result(answer)


_RESET = TokenRequestError("the connection was reset", may_have_issued=True)
