"""What can go wrong, under one root.

::

    MintonceError
    ├── UsageError            the program has to change: what it asked for makes no sense
    ├── BudgetExhausted       the budget is spent; says the limit, the count and when it resets
    ├── TokenRequestError     the authorization server refused, or gave no usable answer
    │   └── TokenRejected     the API refuses the tokens that the server hands out
    └── StoreError            a store could not do, or cannot know that it did
        └── StoreUnavailable  it cannot be reached at present, and no token is at hand

No message holds a client secret or a token. Every error survives ``copy`` and ``pickle``, because
each of the callers that wait for one mint gets a copy of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime

_LAST = 253_402_300_799.0  # the last second that a calendar date can tell, at the end of 9999


class MintonceError(Exception):
    """The root: catch it to catch whatever `TokenManager` raises."""


class UsageError(MintonceError):
    """The program asks for something that makes no sense; the message says what to change."""


class BudgetExhausted(MintonceError):
    """The budget allows no further token request before `resets_at`.

    Attributes:
        limit: The token requests that the budget allows in one window.
        used: The token requests that count in this window.
        resets_at: When the next one will be allowed, in Unix seconds.

    """

    limit: int = 0
    used: int = 0
    resets_at: float = 0.0

    @classmethod
    def of(
        cls, window: str, *, limit: int, used: int, resets_at: float, spare: int = 0
    ) -> BudgetExhausted:
        """Tell which window of which budget is spent, but for `spare` that others may need more."""
        kept = f", {spare} kept for those who have no token" if spare else ""
        error = cls(
            f"the budget of {limit} token requests per {window} is spent ({used} used{kept});"
            f" the next one is allowed at {utc(resets_at)}"
        )
        error.limit, error.used, error.resets_at = limit, used, resets_at
        return error


class TokenRequestError(MintonceError):
    """The token request was refused, or brought no usable answer.

    Attributes:
        permanent: Asking again with the same credentials cannot help (RFC 6749 section 5.2).
        may_have_issued: A token may exist at the server although nobody received it, so the
            request counts against the budget.
        status: The HTTP status, where there was one.
        error: The error code of RFC 6749 section 5.2, where there was one.
        retry_after: Seconds to wait: what the server asked for (RFC 9110 section 10.2.3), and in
            what callers get, those until it is asked again.
        retry_at: When the server will be asked again, in Unix seconds, once that is decided.

    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        may_have_issued: bool = False,
        status: int | None = None,
        error: str | None = None,
        retry_after: float | None = None,
        retry_at: float | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.may_have_issued = may_have_issued
        self.status = status
        self.error = error
        self.retry_after = retry_after
        self.retry_at = retry_at


class TokenRejected(TokenRequestError):
    """The API answers 401 to newly minted tokens, so minting more would only drain the budget."""


class StoreError(MintonceError):
    """A store could not do what it was asked, or cannot know whether it did."""


class StoreUnavailable(StoreError):
    """The store cannot be reached at present: no connection, no answer, no space.

    What has to be mended by an operator (a wrong mode, an unreadable ledger) is a plain
    `StoreError`. The difference matters where there is no budget: a manager then mints for itself
    while the store is away, but a wrong setting must not turn into a flood of tokens.
    """


def utc(seconds: float) -> str:
    """Write a time (Unix seconds) for people."""
    return datetime.fromtimestamp(min(seconds, _LAST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
