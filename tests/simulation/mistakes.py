"""Common mistakes: each function takes the place of a right one, or makes a wrong one of it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from typing import Any

from mintonce import Token, TokenRequestError, cell, minting, outcome
from mintonce.record import Record
from simulation.process import pause


def believes_it_won(right: Any) -> Any:
    """Take a lost race for a won one."""

    async def swap(self: Any, seen: Any, value: Any) -> Any:
        return await right(self, seen, value) or cell.Seen(seen.raw, value)

    return swap


async def reserves_after_sending(self: Any, held: Any) -> Any:
    """Send, and count after that."""
    send = await self._prepared(held)
    try:
        answer = await self._asking.send(send, old=held.record.token)
    except Exception as error:
        await self._cool_down(held, error)
        raise
    return await self._reserve(held), answer


def drops_any_lease(record: Record, lease: object) -> Record:  # noqa: ARG001 - that is the fault
    """Drop the lease, whose ever it is."""
    return replace(record, lease=None)


def lands_on_any_lease(right: Any) -> Any:
    """Put a token in as if the lease were still held."""

    def landed(record: Record, lease: Any, token: Token) -> Any:
        return right(replace(record, lease=lease), lease, token)

    return landed


async def no_heartbeat(self: Any) -> None:
    """Do not renew the lease."""


def watches_the_wall_clock(self: Any, raw: bytes | None) -> float:
    """Measure by a clock that anybody may set."""
    wall: float = self._clock.wall()
    if raw != self._raw:
        self._raw, self._looked = raw, wall
    return wall - float(self._looked)


async def cancels_the_call(self: Any, name: str, call: Any) -> Any:
    """Wait for the task itself, so that to cancel the one cancels the other."""
    return await self._call(name, call).task


async def stores_after_handing_out(self: Any, held: Any, token: Token) -> Any:
    """Hand the token out, and store it a second later."""

    async def later() -> None:
        await pause(1)
        await held.update(lambda record, lease: outcome.landed(record, lease, token))

    self._later = asyncio.create_task(later())
    record = outcome.landed(held.record, held.lease, token) or held.record
    return minting.Minted(token, record, saved=True)


async def refunds_a_lost_answer(self: Any, send: Any, mint: Any, old: Any) -> Any:
    """Give back what was reserved, whatever the error was."""
    try:
        return await self._asking.send(send, old=old)
    except Exception:
        await self._books.settle(mint, "refused")
        raise


def rejects_by_time(right: Any) -> Any:
    """Reject the token that is there now, whichever was meant."""

    def rejected(record: Record, fingerprint: str, now: float) -> Any:  # noqa: ARG001 - that is the fault
        return record.token and right(record, record.token.fingerprint, now)

    return rejected


def stores_how_long_it_lives(right: Any) -> Any:
    """Count the lifetime from when the token was found."""

    async def obtain(self: Any, need: Any) -> Any:
        obtained = await right(self, need)
        token = replace(obtained.token, expires_at=self._clock.wall() + obtained.token.lifetime)
        return obtained._replace(token=token)

    return obtain


def lives_from_the_answer(right: Any) -> Any:
    """Count the lifetime from later than the request."""
    return lambda response, *, requested_at: right(response, requested_at=requested_at + 3.0)


def ignores_the_need(right: Any) -> Any:
    """Take any token that is not expired."""
    return lambda record, now, need: right(record, now, need._replace(min_validity=0.0))


def shares_no_cool_down(record: Record, lease: Any, *_: Any, **__: Any) -> Any:
    """Give the lease back, and say nothing of the refusal."""
    return outcome.released(record, lease)


def counts_nothing(right: Any) -> Any:
    """Write a request down, and do not count it."""

    def reserve(ledger: Any, budgets: Any, mint: Any) -> Any:
        changed = right(ledger, budgets, mint)
        return changed and replace(changed, counts=(), told=())

    return reserve


def takes_an_error_for_success(right: Any) -> Any:
    """Believe that a swap was done although its answer was lost."""

    async def swap(self: Any, seen: Any, value: Any) -> Any:
        try:
            return await right(self, seen, value)
        except Exception:  # noqa: BLE001 - that is the fault
            return cell.Seen(seen.raw, value)

    return swap


async def waits_for_nothing(self: Any) -> None:
    """Close without a look at what is under way."""
    self._closed = True


async def forgets_other_flights(self: Any, min_validity: float) -> Any:
    """Pass on what a flight raised, whatever came meanwhile."""
    for _ in range(4):
        if token := self._at_hand(min_validity):
            return token
        await self._flights.join(f"get {min_validity:g}", lambda: self._renew(min_validity))
    raise AssertionError("there was no token after four flights")


def never_cools_down(right: Any) -> Any:
    """Take no note that a token was minted because of a rejection."""

    def rejected(record: Record, fingerprint: str, now: float) -> Any:
        return right(replace(record, reason=None), fingerprint, now)

    return rejected


def ignores_retry_after(right: Any) -> Any:
    """Make a pause of the usual length, whatever the server asked for."""

    def failed(record: Record, lease: Any, error: Any, now: float, **options: Any) -> Any:
        return right(record, lease, TokenRequestError(str(error)), now, **options)

    return failed


def remaining_by_the_wall_clock(self: Any, now: Any) -> float:
    """Forget what the steady clock says."""
    return float(self.token.remaining(now.wall))


def remaining_until_due(self: Any, now: Any) -> float:
    """Take the moment of early renewal for the end."""
    return float(min(self.due - now.steady, self.token.remaining(now.wall)))


def impatient(right: Any) -> Any:
    """Take a lease after a third of a second."""

    def decide(*args: Any, unchanged_for: float = 0.0, **options: Any) -> Any:
        patience = math.inf if unchanged_for > 0.3 else 0.0
        return right(*args, unchanged_for=patience, **options)

    return decide
