"""The judge: sees every message of a run, knows the truth, and tells which promise was broken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from mintonce import BudgetExhausted, MintonceError, Token, UsageError, codec
from mintonce.record import Record
from mintonce.token import fingerprint
from simulation import protocol, service
from simulation.facts import Claim, Request

if TYPE_CHECKING:
    from simulation.process import Process
    from simulation.run import Run


class Judge:
    """What happened, in truth.

    Attributes:
        violations: The promises that were broken, and how.
        requests: Those that were sent.
        counted: When a token was issued, or may have been.
        expires: When the token that was issued last does.
        expiry: The same of each token.
        dead: Those that the API rejects.
        reports: Those that were reported.
        kept: Those that were in the store, and when they came there.
        record: What is in the store now.
        written: When that was last written.
        served: How often a caller got a token.
        errors: How often one got an error.

    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.violations: list[str] = []
        self.requests: list[Request] = []
        self.counted: list[float] = []
        self.expires = 0.0
        self.expiry: dict[str, float] = {}
        self.dead: set[str] = set()
        self.reports: set[str] = set()
        self.kept: dict[str, float] = {}
        self.record = Record()
        self.written = 0.0
        self.served = self.errors = 0
        self.last_errors: dict[str, MintonceError] = {}
        self.world = run.world  # as it was before all was well
        self.claims: list[Claim] = []
        self.owners: dict[str, Process] = {}
        self.reservations: dict[str, list[str]] = {}
        self._settled: dict[str, Request] = {}
        self._clocks = [0.0, 0.0]
        self._broken = asyncio.Event()

    @property
    def spread(self) -> float:
        """Seconds by which two clocks may ever have differed."""
        return self._clocks[1] - self._clocks[0]

    async def broken(self) -> None:
        """Wait for the first promise to be broken."""
        await self._broken.wait()

    def breaks(self, promise: str, text: str) -> None:
        """Note that a promise was broken."""
        self.run.note("JUDGE", f"{promise}: {text}")
        self.violations.append(f"{promise} at {self.run.now:.3f} s: {text}")
        self._broken.set()

    def demands(self, promise: str, is_kept: bool, text: Callable[[], str]) -> None:  # noqa: FBT001 - as in assert
        """Note that a promise was broken, unless it was kept."""
        if not is_kept:
            self.breaks(promise, text())

    def is_alive(self, value: str) -> bool:
        """Whether the API takes this token."""
        return value not in self.dead and self.expiry.get(value, 0.0) > self.run.now

    def left_for(self, value: str) -> float:
        """Seconds that a token lives on."""
        return self.expiry.get(value, 0.0) - self.run.now

    def known_left(self, token: Token) -> float:
        """Seconds for which a token is known to live: counted from when it was asked for."""
        declared = token.expires_at - self.run.epoch - self.run.now
        return min(declared, self.left_for(token.access_token))

    def sees_clock(self, off: float) -> None:
        """Note how far a clock is off."""
        self._clocks = [min(self._clocks[0], off), max(self._clocks[1], off)]

    # The store.

    def wrote(self, process: Process, key: str, old: bytes | None, new: bytes | None) -> None:
        """See what was swapped."""
        if key == process.key:
            before, after = _record(old), _record(new)
            protocol.on_write(self, process, before, after)
            self._claim(process, before, after)
            if after.token:
                self.kept.setdefault(after.token.access_token, self.run.now)
            self.record, self.written = after, self.run.now
        elif key == process.ledger_key:
            self._reserve(process, _outcomes(old), _outcomes(new))

    def _claim(self, process: Process, before: Record, after: Record) -> None:
        lease = after.lease
        if lease and (before.lease is None or before.lease.holder != lease.holder):
            self.run.note(process, f"claims: {lease.reason}")
            old = before.token.access_token if before.token else None
            claim = Claim(process, self.run.now, lease.reason, old)
            self.claims.append(claim)
            self.owners[lease.holder] = process
            protocol.on_claim(self, claim, before)

    def _reserve(self, process: Process, before: dict[str, str], after: dict[str, str]) -> None:
        for mint, outcome in after.items():
            if mint not in before:
                self.reservations.setdefault(process.name, []).append(mint)
            elif outcome == "refused" != before[mint] and (request := self._settled.get(mint)):
                protocol.on_refund(self, request)

    # The server.

    def sent(self, process: Process) -> Request:
        """See a token request."""
        latest = next((c for c in reversed(self.claims) if c.process is process), None)
        # One request under a lease: without a new one, this process mints for itself alone.
        is_new = all(other.claim is not latest for other in self.requests)
        claim = latest if is_new else None
        reserved = self.reservations.get(process.name, [])
        mint = next((id_ for id_ in reserved[-1:] if id_ not in self._settled), None)
        request = Request(process, self.run.now, claim, mint, secret=process.secret)
        self.run.note(process, "sends a token request")
        protocol.on_request(self, request)
        if mint:
            self._settled[mint] = request
        self.requests.append(request)
        return request

    def counts(self, request: Request) -> None:
        """See that a token may be issued."""
        request.counts = True
        self.counted.append(self.run.now)
        protocol.on_count(self)

    def issued(self, request: Request, value: str, expires: float) -> None:
        """See that a token was issued."""
        self.run.note("server", f"issues {value} to {request.process}")
        request.value = value
        self.expiry[value] = self.expires = expires

    def delivered(self, request: Request) -> None:
        """See that the answer reached who asked."""
        request.delivered = self.run.now
        self.run.later(service.SOON, service.on_looking_back, self, request)

    def given_up(self, request: Request) -> None:
        """See that a request was cancelled."""
        protocol.on_giving_up(self, request)

    # The callers.

    def handed_out(self, process: Process, started: float, need: float, token: Token) -> None:
        """See a caller get a token."""
        if process.is_cut:
            return
        self.served += 1
        self.run.note(process, f"hands out {token.access_token}")
        service.on_token(self, process, need, token)
        service.on_wait(self, process, started)

    def refused(self, process: Process, started: float, need: float, error: MintonceError) -> None:
        """See a caller get an error."""
        if process.is_cut:
            return
        self.errors += 1
        self.last_errors[process.name] = error
        self.run.note(process, f"refuses: {type(error).__name__}: {error}")
        if not (process.is_closing and isinstance(error, UsageError)):
            service.on_error(self, process, started, need, error)
            service.on_wait(self, process, started)

    def left(self, process: Process, started: float, patience: float) -> None:
        """See a caller leave."""
        self.run.note(process, f"was left by a caller after {self.run.now - started:.2f} s")
        is_patient = patience >= service.LONGEST_WAIT and not process.is_cut
        self.demands("G8", not is_patient, lambda: f"{process} kept a caller waiting for ever")
        on_time = self.run.now - started <= patience + 1e-6 or process.stopped_at >= started
        self.demands(
            "G4", on_time or process.is_cut, lambda: f"{process} kept a caller who wanted to leave"
        )

    def reported(self, process: Process, token: Token) -> None:
        """See a caller report a token."""
        self.run.note(process, f"reports {token.access_token}")
        self.reports.add(token.access_token)

    def revoke(self, value: str) -> None:
        """See that the API takes a token no more."""
        self.dead.add(value)

    # The end.

    def is_excused(self, process: Process) -> bool:
        """Whether it is right that a process has no token although all is well."""
        return isinstance(self.last_errors.get(process.name), BudgetExhausted)

    def left_behind(self, process: Process, tasks: set[asyncio.Task[object]]) -> None:
        """See what still ran when an event loop ended."""
        names = sorted(task.get_name() for task in tasks)
        self.demands("G4", not tasks, lambda: f"{process} ended, and {names} did not")

    def closes(self) -> None:
        """Look back on all of it."""
        service.on_end(self)

    def of(self, mark: str) -> str | None:
        """Return the token with this fingerprint."""
        return next((value for value in self.expiry if fingerprint(value) == mark), None)


@lru_cache(maxsize=4)
def _record(raw: bytes | None) -> Record:
    return codec.load(Record, raw) if raw else Record()


@lru_cache(maxsize=4)
def _outcomes(raw: bytes | None) -> dict[str, str]:
    """What became of the requests in a ledger, read without the code under test."""
    mints = json.loads(raw)["mints"] if raw else []
    return {mint["id"]: mint["outcome"] for mint in mints}
