"""What all integrations do with a token, whichever HTTP client they know (RFC 6750)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from mintonce.challenges import wants_new_token
from mintonce.errors import MintonceError, UsageError
from mintonce.manager import TokenManager
from mintonce.origins import Origins
from mintonce.token import Token

AUTHORIZATION = "Authorization"


class Bearer:
    """The tokens of a manager, on their way to the origins of an API.

    Args:
        tokens: Where they come from.
        origins: Where they may go; see `Origins`.

    Raises:
        UsageError: Something else was given.

    """

    def __init__(self, tokens: TokenManager, origins: str | Iterable[str] | None) -> None:
        if not isinstance(tokens, TokenManager):
            raise UsageError(f"BearerAuth needs a TokenManager, not {type(tokens).__name__}")
        self._tokens = tokens
        self.origins: Origins = Origins(origins)

    async def token(self) -> Token:
        """Return a token for one call; see `token_for_a_call`."""
        return await token_for_a_call(self._tokens)

    async def is_rejected(self, token: Token, status: int, challenges: Iterable[str]) -> bool:
        """Tell whether the API rejected this token; if so, the manager is told as well."""
        if not wants_new_token(status, challenges):
            return False
        with suppress(MintonceError):  # it is closed by now; the answer goes to the caller
            await self._tokens.invalidate(token)
        return True

    async def another(self) -> Token | None:
        """Return another token than one that was rejected; None if there is none.

        Callers understand the API's 401 better than an error of ours.
        """
        with suppress(MintonceError):
            return await self._tokens.get()
        return None


async def token_for_a_call(tokens: TokenManager) -> Token:
    """Return a token; see `TokenManager.get`.

    While there is no good one, that is the newest one all the same, if it has not expired: the API
    has rejected it, but perhaps not all of it does, and where it does, its own answer says more
    than an error of ours.

    Raises:
        MintonceError: There is none.

    """
    try:
        return await tokens.get()
    except UsageError:
        raise
    except MintonceError:
        if token := tokens.newest:
            return token
        raise


def header(token: Token) -> str:
    """Return the value of the Authorization field (RFC 6750 section 2.1)."""
    return f"Bearer {token.access_token}"
