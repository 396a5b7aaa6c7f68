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
        lifetime: As above; may be changed at any time.
        key: As above.
        ledger_key: Under which name its requests are counted.
        requests: How many tokens it was asked for.

    """

    def __init__(self, *, lifetime: float = 3600.0, key: str = "token-fake") -> None:
        self.key = key
        self.lifetime = lifetime
        self.requests: int = 0
        self.ledger_key: str = f"ledger-{key}"
        self._name = "fake"
        self._errors: deque[Exception] = deque()
        self._others: dict[str, FakeSource] = {}

    def fail(self, error: Exception, *, times: int = 1) -> None:
        """Raise `error` instead of answering, for so many requests."""
        self._errors.extend([error] * times)

    def for_(self, **parameters: object) -> FakeSource:
        """Return the source for other parameters, whatever they are; see `TokenManager.for_`.

        The same ones bring the same source, so that it can be told to fail. Its tokens have the
        fingerprint of the parameters in their names.
        """
        mark = fingerprint(repr(sorted(parameters.items())))
        if mark not in self._others:
            other = FakeSource(lifetime=self.lifetime, key=f"{self.key}-{mark}")
            other.ledger_key, other._name = self.ledger_key, f"fake-{mark}"
            self._others[mark] = other
        return self._others[mark]

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
