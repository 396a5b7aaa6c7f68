"""What is asked over a line: some of it waits for its turn, and some for an answer."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

_AHEAD = 64
"""Commands under way at a time.

A server cuts off who listens to channels and has 32 MB of answers to take. Valkey 9 counts each of
them until all are taken, so when there were so many the next ones go out when none is under way.
"""
_SWAPS = (b"EVALSHA", b"EVAL")


@dataclass(eq=False, slots=True)
class Question:
    """A command, and who takes its answer: a value or an exception.

    Attributes:
        command: The command.
        take: Takes the answer.
        answer: Where somebody waits for it, if anybody does.
        within: Seconds of silence that are allowed.
        asked: When that was, in seconds.

    """

    command: tuple[bytes, ...]
    take: Callable[[Any], None]
    answer: asyncio.Future[Any] | None
    within: float
    asked: float

    def end(self, reply: Any) -> None:
        """Have the answer taken. Whatever that raises is no reason to lose those of others."""
        try:
            self.take(reply)
        except Exception:  # noqa: BLE001 - as said: it may write to the log, where anything may fail
            if logging.raiseExceptions:  # as the handlers of the standard library do
                from traceback import print_exc  # noqa: PLC0415 - told seldom

                with suppress(Exception):  # where it would be printed may be broken, too
                    print_exc()


class Questions:
    """All that is not answered yet, in order."""

    def __init__(self) -> None:
        self._waiting: deque[Question] = deque()
        self._under_way: deque[Question] = deque()
        self._is_full = False

    def __len__(self) -> int:
        return len(self._waiting) + len(self._under_way)

    @property
    def are_due(self) -> bool:
        """Whether any can be sent now."""
        return bool(self._waiting) and not self._is_full

    @property
    def hold_a_swap(self) -> bool:
        """Whether there is a swap under way."""
        return any(each.command[0] in _SWAPS for each in self._under_way)

    def add(self, question: Question) -> None:
        """Have it wait for its turn."""
        self._waiting.append(question)

    def next(self) -> list[tuple[bytes, ...]]:
        """Return the commands to send now. What nobody waits for any more is left out."""
        commands: list[tuple[bytes, ...]] = []
        while self.are_due:
            question = self._waiting.popleft()
            if not (question.answer and question.answer.done()):
                commands.append(question.command)
                self._under_way.append(question)
                self._is_full = len(self._under_way) >= _AHEAD
        return commands

    def answered(self) -> Question | None:
        """Return what the server answers now, if anything was asked."""
        question = self._under_way.popleft() if self._under_way else None
        self._is_full = self._is_full and bool(self._under_way)
        return question

    def overdue(self, now: float, *, heard: float) -> float | None:
        """Return the patience that came to its end, if nothing was heard since `heard`."""
        for question in chain(self._under_way, self._waiting):
            if now - max(question.asked, heard) > question.within:
                return question.within
        return None

    def end(self) -> list[Question]:
        """Return what will never be answered."""
        ended = [*self._under_way, *self._waiting]
        self._under_way.clear()
        self._waiting.clear()
        return ended
