"""A line: one connection to a server, over which all tasks of an event loop talk at once.

Commands go out as they come, each exactly once. Nothing here sends anything again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from redis.asyncio.connection import AbstractConnection

from mintonce_redis.hearing import Hearing
from mintonce_redis.questions import Question, Questions
from mintonce_redis.reasons import Late, Lost
from mintonce_redis.ticks import Ticks
from mintonce_redis.wire import Push, Wire

ANSWER = 2.0
"""Seconds after which a server that says nothing, though it was asked, is given up."""

IDLE = 2.0
"""Seconds after which a line that nobody uses is closed."""

_DOUBTFUL = 1.0  # seconds after which a line that nobody used may be dead without knowing
_ELSEWHERE = 1.0  # seconds after which a new line may lead elsewhere
_QUICK = 2  # lines before that which are given up all the same
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 2.0  # seconds between two attempts to connect
_DOUBLED = 16  # times at most, since numbers end somewhere

Opener = Callable[[], Awaitable[AbstractConnection]]


class Held(Late):
    """A swap was among what was not answered: the server may hold it back, and answer others."""


class Line:
    """Opens by itself when made, and closes by itself when nobody has used it for a while.

    Args:
        where: Where it leads, as people write it.
        open_: Makes a connection that is ready for commands.
        failures: How many such lines in a row have ended before a good answer.

    Attributes:
        where: Where it leads.
        hearing: What the server tells over this line.
        is_open: Whether it was opened.
        is_good: Whether what was asked was answered as it should be. A proxy may let in whom it
            can lead nowhere.
        lost: Why it has ended.

    """

    def __init__(self, where: str, open_: Opener, *, failures: int = 0) -> None:
        self.where = where
        self.hearing: Hearing = Hearing()
        self.is_open: bool = False
        self.is_good: bool = False
        self.lost: Exception | None = None
        self._failures = failures
        self._retry_at = 0.0
        self._questions = Questions()
        self._wire: Wire | None = None
        self._sending: asyncio.Task[None] | None = None
        self._check: asyncio.Future[None] | None = None
        self._time = asyncio.get_running_loop().time
        self._heard = self._time()
        self._ticks = Ticks(self._look_after)
        self._used = self._alive = self._ticks.now
        self._running: asyncio.Task[None] = asyncio.create_task(
            self._run(open_), name="mintonce-redis line"
        )

    @property
    def quiet(self) -> float:
        """Seconds since the server was last heard."""
        return self._time() - self._heard

    @property
    def failures(self) -> int:
        """How many lines in a row have ended before a good answer."""
        return 0 if self.is_good else self._failures + 1

    @property
    def pause(self) -> float:
        """Seconds to wait until the next attempt."""
        return self._retry_at - self._time()

    async def ask(
        self,
        *command: bytes,
        asking: bool = False,
        heed: Callable[[Any], None] | None = None,
        within: float = ANSWER,
    ) -> Any:
        """Send a command, and return what the server answers.

        Args:
            command: The command.
            asking: Another node of a cluster says that it has to be said here.
            heed: Sees the answer, in the order in which the server says and tells things.
            within: Seconds of silence after which the line counts as dead.

        Raises:
            RedisError: The server refused, or nobody can know whether it did as it was told.

        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def take(reply: Any) -> None:
            if heed:
                heed(reply)
            if answer.done():
                return  # whoever asked has left
            if isinstance(reply, BaseException):
                answer.set_exception(reply)
            else:
                self.is_good = True
                answer.set_result(reply)

        if asking:
            self.post(lambda _: None, b"ASKING")
        self.post(take, *command, answer=answer, within=within)
        return await answer

    def post(
        self,
        take: Callable[[Any], None],
        *command: bytes,
        answer: asyncio.Future[Any] | None = None,
        within: float = ANSWER,
    ) -> None:
        """Send a command, and have its answer taken by `take`, in the order of the server."""
        question = Question(command, take, answer, within, asked=self._ticks.now)
        if self.lost:
            question.end(self.lost.with_traceback(None))
            return
        self._used = self._ticks.now
        self._questions.add(question)
        self._send_soon()

    async def check(self) -> None:
        """Have the server say something, if it may be gone without anybody having noticed.

        What is sent over a line that was cut is lost, and whether a swap was done then unknown.
        """
        check = self._check
        if not check:
            if self._questions or self.quiet < _DOUBTFUL:
                return
            self._check = check = asyncio.get_running_loop().create_future()
            self.post(self._checked, b"PING", within=_DOUBTFUL / 2)
        await asyncio.wait({check})

    async def aclose(self) -> None:
        """Close it; those who wait for an answer get an error."""
        self.end(Lost("closed by this program"))
        self._running.cancel()  # if it was lost before, it may not have heard of that
        await asyncio.wait({task for task in (self._running, self._sending) if task})

    def end(self, why: Exception) -> None:
        """Give it up; those who wait for an answer are told why."""
        if not self.lost:
            self._lose(why)
            self._running.cancel()

    def refused(self, why: Exception) -> None:
        """Give it up, since it leads to a replica; unless the next one would lead there, too."""
        is_quick = self._ticks.now < _ELSEWHERE
        if not is_quick or self._failures < _QUICK:
            self.is_good = self.is_good and not is_quick
            self.end(why)

    def _lose(self, why: Exception) -> None:
        if self.lost:
            return
        self.lost = why
        self._ticks.stop()
        self.hearing.forget()
        for question in self._questions.end():
            question.end(why)
        if not self.is_good:  # jitter needs no cryptography
            longest = min(_FIRST_PAUSE * 2 ** min(self._failures, _DOUBLED), _LONGEST_PAUSE)
            self._retry_at = self._time() + longest * random.uniform(0.5, 1.0)  # noqa: S311 - as said

    async def _run(self, open_: Opener) -> None:
        try:
            self._wire = Wire(await open_())
            self.is_open = True
            self._send_soon()
            while not self.lost:
                self._hear(await self._wire.heard())
        except Exception as error:  # noqa: BLE001 - whatever it is, those who asked are told
            self._lose(error)
        finally:
            with suppress(RuntimeError):  # its loop is closed, and nobody is left to be told
                self._lose(Lost("closed, since its event loop ended"))
                if self._wire:
                    await self._wire.hang_up()

    def _hear(self, reply: Any) -> None:
        self._heard, self._alive = self._time(), self._ticks.now
        match reply:
            case [b"message", bytes() as channel, bytes() as digest]:
                self.hearing.note(channel, digest)
            case Push() if not reply.is_answer:
                pass
            case _ if question := self._questions.answered():
                question.end(reply)
                self._send_soon()
            case _:
                raise Lost("the server answers what nobody asked")

    def _send_soon(self) -> None:
        is_sending = self._sending and not self._sending.done()  # an eager task may be done at once
        if self._wire and self._questions.are_due and not is_sending:
            self._sending = asyncio.create_task(self._send(self._wire))

    async def _send(self, wire: Wire) -> None:
        while wire.is_whole and (commands := self._questions.next()):
            await wire.send(commands)

    def _checked(self, _: Any) -> None:
        if self._check:
            self._check.set_result(None)
            self._check = None

    def _look_after(self) -> None:
        now = self._ticks.now
        if self._questions or self.hearing.waiting:
            self._used = now
        within = self._questions.overdue(now, heard=self._alive)
        if within:
            kind = Held if self._questions.hold_a_swap else Late
            self.end(kind(f"no answer within {within:g} s"))
        elif now - self._used >= IDLE:
            self.end(Lost("closed, since nobody used it"))
