"""A listener of the tests."""

from __future__ import annotations

from typing import TypeVar

from mintonce.events import Event

E = TypeVar("E", bound=Event)


class Heard(list[Event]):
    """A listener that keeps what it hears."""

    def __call__(self, event: Event) -> None:
        """Listen."""
        self.append(event)

    def the(self, kind: type[E]) -> E:
        """The one event of this kind."""
        (event,) = self.all(kind)
        return event

    def all(self, kind: type[E]) -> list[E]:
        """The events of exactly this kind, in order."""
        return [event for event in self if type(event) is kind]
