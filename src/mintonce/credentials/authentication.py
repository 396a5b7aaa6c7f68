"""How a client proves who it is: the secret, and where it goes in the token request."""

from __future__ import annotations

import asyncio
import base64
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from mintonce.errors import TokenRequestError
from mintonce.foreign import stand_in
from mintonce.token import Secret

SecretProvider = Callable[[], str | Awaitable[str]]
"""A function, plain or async, that returns the client secret as it is now."""

SECRET_TIMEOUT = 5.0
"""Seconds that such a function may take, so that a vault that hangs is not taken for a token
request without an answer, which would count against the budget."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What one token request carries to authenticate the client (RFC 6749 section 2.3.1).

    Attributes:
        parameters: What goes into the form.
        authorization: What goes into the ``Authorization`` header, if anything does.

    """

    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    authorization: str | None = field(default=None, repr=False)


def _post(client_id: str, secret: Secret) -> Proof:
    return Proof({"client_id": client_id, "client_secret": secret.reveal()})


def _basic(client_id: str, secret: Secret) -> Proof:
    # Both are form-encoded first. A space as %20 instead of + is understood also by the servers
    # that take this for percent-encoding, such as Authlib's.
    user, password = quote(client_id, safe=""), quote(secret.reveal(), safe="")
    return Proof(authorization="Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())


AUTH_METHODS: Mapping[str, Callable[[str, Secret], Proof]] = {
    "client_secret_post": _post,
    "client_secret_basic": _basic,
}
"""The methods by the names that RFC 7591 section 2 gives them."""


async def read_secret(
    source: Secret | SecretProvider, *, time_limit: float = SECRET_TIMEOUT
) -> Secret:
    """Return the client secret, calling the function that provides it if there is one.

    Raises:
        TokenRequestError: The function failed, took more than `time_limit` seconds, or returned
            what cannot be a secret.

    """
    if isinstance(source, Secret):
        return source
    try:
        async with asyncio.timeout(time_limit):
            value = await _call(source)
    except Exception as error:  # noqa: BLE001 - whatever a function of the user's may raise
        kind, cause = type(error).__name__, stand_in(error)
    else:
        return _checked(value)
    # Raised out here, so that what the function said does not come along as the context.
    raise TokenRequestError(
        f"the client_secret function failed with {kind}, so no token request was sent"
    ) from cause


def _checked(value: Secret) -> Secret:
    if flaw := flaw_of(value.reveal()):
        raise TokenRequestError(f"the client_secret function returned {flaw}")
    return value


def flaw_of(secret: object) -> str | None:
    """Say what keeps `secret` from being a client secret, or None if nothing does."""
    if not isinstance(secret, str):
        return f"{type(secret).__name__}, which is not a str"
    if not secret:
        return "an empty string"
    # RFC 6749 appendix A.2 allows visible characters and the space. To cut the rest off in silence
    # would hide the mistake until somebody uses the same file with another tool.
    if not secret.isprintable():
        return (
            "a str with a line break or another invisible character (files end with one: strip it)"
        )
    return None


async def _call(provider: SecretProvider) -> Secret:
    from anyio import to_thread  # noqa: PLC0415 - only who passes a function waits for it

    # A plain function may read a file or ask a vault, so it must not hold up the loop. It may be
    # abandoned, since nothing depends on its end. An async one is called there, and runs here.
    call = _Call(provider)
    try:
        value = await to_thread.run_sync(call.make, abandon_on_cancel=True)
        return value if isinstance(value, Secret) else Secret(await value)
    finally:
        call.close()


class _Call:
    """A call in a thread that may be abandoned, before or after the function has answered."""

    def __init__(self, provider: SecretProvider) -> None:
        self._provider = provider
        self._value: Secret | Awaitable[str] | None = None
        self._closed = False

    def make(self) -> Secret | Awaitable[str]:
        """Call the function."""
        value = self._value = _hidden(self._provider())
        if self._closed:
            self.close()
        return value

    def close(self) -> None:
        """Drop the answer: a coroutine that nobody is going to await would complain of it."""
        # Each side first leaves word and then looks for the other's, so one of them sees both.
        self._closed = True
        if inspect.iscoroutine(self._value):
            self._value.close()


def _hidden(value: str | Awaitable[str]) -> Secret | Awaitable[str]:
    """Wrap it in the thread already: in its debug mode asyncio logs what is handed over."""
    return value if inspect.isawaitable(value) else Secret(value)
