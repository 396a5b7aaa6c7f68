"""Tells what happens: to the log, to those who listen, and in numbers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mintonce.clock import Clock
from mintonce.errors import MintonceError
from mintonce.stats import Stats
from mintonce.token import Token

if TYPE_CHECKING:
    from mintonce.events import Event

logger: logging.Logger = logging.getLogger("mintonce")

Listener = Callable[["Event"], object]
"""Called with each event, in a thread of its own."""

Teller = Callable[["Event"], None]
"""What the parts of a manager call when something happens."""


def log(event: Event) -> None:
    """Write it to the log. Handlers find the event itself in the arguments of the log record."""
    try:
        logger.log(event.level, "%s", event)
    except Exception:  # noqa: BLE001 - a handler may raise anything, and a token is worth more
        if logging.raiseExceptions:  # as the handlers of the standard library do
            from traceback import print_exc  # noqa: PLC0415 - told seldom

            with suppress(Exception):  # where it would be printed may be broken, too
                print_exc()


class Herald:
    """Tells the events of one manager.

    Args:
        source: The key of its source.
        clock: Tells when something happened.
        listeners: Who wants to know.

    Attributes:
        listeners: The same.
        stats: What was told, in numbers.

    """

    __slots__ = ("_clock", "_source", "listeners", "stats")

    def __init__(self, source: str, clock: Clock, listeners: Sequence[Listener]) -> None:
        self._source = source
        self._clock = clock
        self.listeners: Sequence[Listener] = listeners
        self.stats: Stats = Stats()

    def tell(self, event: Event) -> None:
        """Say who tells it, and when it happened; write it to the log, and pass it on."""
        event = replace(event, source=self._source, at=self._clock.wall())
        log(event)
        if self.listeners:
            from mintonce.courier import courier  # noqa: PLC0415 - few listen

            for listener in self.listeners:
                courier.deliver(partial(listener, event))

    def obtained(self, token: Token, *, minted: bool, waited: float) -> None:
        """Count a token, and tell if it was found, after so many seconds."""
        self.stats.minted += minted
        self.stats.adopted += not minted
        if minted or not (self.listeners or logger.isEnabledFor(logging.DEBUG)):
            return  # what every process does is not worth an import for nobody
        from mintonce.events import TokenAdopted  # noqa: PLC0415 - as above

        self.tell(
            TokenAdopted(
                fingerprint=token.fingerprint,
                lifetime=token.lifetime,
                expires_at=token.expires_at,
                age=self._clock.wall() - token.issued_at,
                waited=waited,
            )
        )

    def rejected(self, fingerprint: str) -> None:
        """Count and tell that the API rejected a token."""
        from mintonce.events import TokenRejected  # noqa: PLC0415 - told seldom

        self.stats.rejected += 1
        self.tell(TokenRejected(fingerprint=fingerprint))

    def failed(self, error: MintonceError, *, early: bool) -> None:
        """Count and tell that no token was obtained; `early` if one at hand is good still."""
        from mintonce.events import RenewalFailed  # noqa: PLC0415 - told seldom

        self.stats.failed += 1
        self.tell(RenewalFailed(early=early, kind=type(error).__name__, message=str(error)))

    async def aclose(self) -> None:
        """Let those who listen hear the last of it; who takes too long is not waited for."""
        if self.listeners:
            from mintonce.courier import courier  # noqa: PLC0415 - as above

            await courier.emptied()
