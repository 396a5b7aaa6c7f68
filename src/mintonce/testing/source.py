"""A source that needs no server: for tests of code that uses tokens, whatever they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from mintonce.token import fingerprint


class FakeSource:
    """Hands out ``fake-1``, ``fake-2`` and so on, or fails when told to.

    ::

        tokens = TokenManager(FakeSource())

    Args:
        lifetime: Seconds that its tokens live.
        key: Under which name they are stored.

    Attributes:
        key: As above.
        ledger_key: Under which name its requests are counted.
        requests: How many tokens it was asked for.

    """

    def __init__(self, *, lifetime: float = 3600.0, key: str = "token-fake") -> None:
        self.key = key
        self.requests: int = 0
        self.ledger_key: str = f"ledger-{key}"
        self._name = "fake"
        self._errors: deque[Exception] = deque()
        self._lifetime: float | FakeSource = lifetime
        self._parameters: dict[str, object] = {}
        # All that come from one another, by their parameters. The first of them has none.
        self._first: FakeSource = self
        self._family: dict[str, FakeSource] = {_mark({}): self}

    @property
    def lifetime(self) -> float:
        """Seconds that its tokens live; may be changed at any time.

        A change reaches the sources that `for_` made of this one, but for those whose lifetime was
        set by itself.
        """
        own = self._lifetime
        return own.lifetime if isinstance(own, FakeSource) else own

    @lifetime.setter
    def lifetime(self, seconds: float) -> None:
        self._lifetime = seconds

    def fail(self, error: Exception, *, times: int = 1) -> None:
        """Raise `error` instead of answering, for so many requests."""
        self._errors.extend([error] * times)

    def for_(self, **parameters: object) -> FakeSource:
        """Return the source for other parameters, whatever they are; see `TokenManager.for_`.

        What is not named stays as it is here; None leaves a parameter out. The same ones bring the
        same source, so that it can be told to fail. Its tokens have the fingerprint of the
        parameters in their names.
        """
        named = {**self._parameters, **parameters}
        kept = {name: value for name, value in named.items() if value is not None}
        mark = _mark(kept)
        if mark not in self._family:
            self._family[mark] = self._other(mark, kept)
        return self._family[mark]

    def _other(self, mark: str, parameters: dict[str, object]) -> FakeSource:
        other = FakeSource(key=f"{self._first.key}-{mark}")
        other.ledger_key, other._name = self.ledger_key, f"fake-{mark}"
        other._lifetime, other._parameters = self, parameters
        other._first, other._family = self._first, self._family
        return other

    async def mint(self) -> Mapping[str, str | float]:
        """Answer as an authorization server would (RFC 6749 section 5.1)."""
        self.requests += 1
        if self._errors:
            raise self._errors.popleft()
        return {
            "access_token": f"{self._name}-{self.requests}",
            "token_type": "Bearer",
            "expires_in": self.lifetime,
        }


def _mark(parameters: Mapping[str, object]) -> str:
    return fingerprint(repr(sorted(parameters.items())))
