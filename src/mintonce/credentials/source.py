"""What a source of tokens has to do: name itself, and send one token request when asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, runtime_checkable


class TokenSource(Protocol):
    """Where new tokens come from. `ClientCredentials` is one; any object like this is another.

    A source decides nothing: when to mint, whether the budget allows it, how long it may take and
    whether to try again is the business of whoever calls it. It is never called twice at once by
    the same manager. It may be cancelled at any await.
    """

    @property
    def key(self) -> str:
        """The name of the token in the store: ``[a-z0-9-]``, at most 90 characters.

        Two sources with the same key share one token, so it must cover everything that changes
        what the token is good for. It must hold no secret, not even hashed: keys are logged.
        """
        ...

    async def mint(self) -> Mapping[str, Any]:
        """Send one token request, and never a second one.

        Returns:
            The members of the token response (RFC 6749 section 5.1), read by
            `mintonce.token.from_response`.

        Raises:
            TokenRequestError: No token came of it. Its `may_have_issued` must be True unless it is
                certain that none exists, because a budget counts on it.

        """
        ...


@runtime_checkable
class MeteredSource(Protocol):
    """A source whose requests are counted together with those of other sources."""

    @property
    def ledger_key(self) -> str:
        """The name of the ledger in the store, made like `TokenSource.key`.

        Sources without this property are counted one by one, each under its `key`.
        """
        ...


@runtime_checkable
class DerivableSource(Protocol):
    """A source of which there are others: for other audiences, scopes or tenants."""

    def for_(self, *args: Any, **parameters: Any) -> TokenSource:
        """Return the source for these parameters, with a `TokenSource.key` of its own.

        Called by `TokenManager.for_` each time, so it should be quick. What is not named stays as
        it is. Where the authorization server counts their requests together, all of them have the
        same `MeteredSource.ledger_key`. Which parameters there are is up to the source.

        Raises:
            UsageError: They make no sense.

        """
        ...


@runtime_checkable
class RotatingSource(Protocol):
    """A source whose credentials can change while the program runs."""

    async def fingerprint(self) -> str:
        """A few characters that change when the credentials do, and tell nothing else of them.

        A permanent refusal is remembered together with it; another fingerprint clears it.

        Raises:
            TokenRequestError: The present credentials could not be read.

        """
        ...


@runtime_checkable
class PreparingSource(Protocol):
    """A source that has slow things to do before it sends, such as imports or reading a secret."""

    async def prepare(self, *, timeout: float) -> Callable[[], Awaitable[Mapping[str, Any]]]:
        """Do all that comes before the token request, and return what sends it, as `mint` does.

        Called when this process may be the one that mints, and again for each request. If it takes
        so long that another process takes over, that is noticed, and nothing is sent.

        Args:
            timeout: Seconds after which what was returned will be cancelled, so that it can give
                up in time to tell that it sent nothing.

        Raises:
            TokenRequestError: It could not be done, so nothing will be sent.

        """
        ...
