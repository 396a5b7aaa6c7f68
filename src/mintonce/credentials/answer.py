"""What the answer of a token endpoint means: a token response, or which error. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus as Http
from typing import Any, cast
from urllib.parse import urljoin

from mintonce.credentials.parameters import address
from mintonce.credentials.quota import Quota, from_headers
from mintonce.credentials.redaction import Redactor
from mintonce.credentials.retry_after import retry_after
from mintonce.errors import TokenRequestError
from mintonce.token import Secret

# RFC 6749 section 5.2 has no code for "later". These are from sections 4.1.2.1 and RFC 8628, and
# what servers made up. Some hide a rate limit behind invalid_request and say it in words only.
_LATER = re.compile(
    r"temporarily|server_error|rate.?limit|too.?many.?(requests|tokens)|slow.?down|throttl",
    re.IGNORECASE,
)
_BUSY = {Http.TOO_EARLY, Http.TOO_MANY_REQUESTS, Http.SERVICE_UNAVAILABLE}
_EXPLAINS = ("error", "error_description")
_SUCCESS, _REDIRECT, _CLIENT_ERROR = 2, 3, 4
"""The first digit of a status."""


class TokenResponse(dict[str, Any]):
    """The members of a token response (RFC 6749 section 5.1), and what came with them.

    Attributes:
        quotas: What the server says of the tokens that it will still issue.

    """

    quotas: tuple[Quota, ...] = ()

    def __repr__(self) -> str:
        return f"TokenResponse(<{len(self)} members>)"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, as far as it was received.

    Attributes:
        status: The HTTP status.
        headers: The headers, their names in lower case.
        body: The content.
        flaw: What is wrong with the content if it is not all there.

    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the answers of one token endpoint.

    Attributes:
        url: The token endpoint.
        clean: Makes what the server wrote fit for a message.
        now: Unix seconds, for an answer without a date.

    """

    url: str
    clean: Redactor
    now: float

    def read(self, answer: Answer) -> TokenResponse:
        """Return the members of the token response.

        Raises:
            TokenRequestError: There is none. Says whether a token may exist all the same, and
                whether it makes sense to ask again.

        """
        kind = answer.status // 100
        if kind == _REDIRECT:
            raise self._redirect(answer)
        content = _content(answer)
        members = content if isinstance(content, TokenResponse) else TokenResponse()
        if kind != _SUCCESS or _is_refusal(members):
            raise self._failure(answer, members)
        if isinstance(content, str):
            message = f"{address(self.url)} answered {answer.status}, but the answer {content}"
            raise TokenRequestError(message, may_have_issued=True, status=answer.status)
        members.quotas = from_headers(answer.headers)
        scope = members.get("scope")
        if isinstance(scope, str) and self._with(members).hide(scope) != scope:
            del members["scope"]  # it is shown wherever the token is told of
        return members

    def _with(self, members: Mapping[str, Any]) -> Redactor:
        return replace(self.clean, tokens=(*self.clean.tokens, *_tokens(members)))

    def _redirect(self, answer: Answer) -> TokenRequestError:
        # Not followed: the secret would go wherever the answer says.
        # Cleaned first: what is cut off of a URL may leave half a secret.
        location = self.clean(answer.headers.get("location", ""))
        target = self.clean(_target(self.url, location))
        return TokenRequestError(
            f"{address(self.url)} redirects ({answer.status}) to {target or 'nowhere'};"
            " set token_url to the address that answers token requests",
            permanent=True,
            status=answer.status,
        )

    def _failure(self, answer: Answer, members: Mapping[str, Any]) -> TokenRequestError:
        clean = self._with(members)
        code, description = (_text(members, name, clean) for name in _EXPLAINS)
        wait = retry_after(answer.headers, now=self.now)
        refused = _is_certain(answer.status)
        later = answer.status in _BUSY or wait or _LATER.search(f"{code} {description}")
        says = f"{code}: {description}".strip(": ") or _hint(answer.status)
        return TokenRequestError(
            f"{address(self.url)} answered {answer.status} {says}".rstrip(),
            permanent=refused and not later,
            may_have_issued=not refused,
            status=answer.status,
            error=code or None,
            retry_after=wait,
        )


def _content(answer: Answer) -> TokenResponse | str:
    """The JSON object that the answer holds, or what is there in its place."""
    body = answer.body.strip()
    if answer.flaw or not body:
        return answer.flaw or "is empty"
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "is HTML, perhaps from a proxy" if body.startswith(b"<") else "is not JSON"
    if not isinstance(value, dict):
        return "is not a JSON object"
    return TokenResponse(cast("dict[str, Any]", value))


def _text(members: Mapping[str, Any], name: str, clean: Redactor) -> str:
    value = members.get(name)
    return clean(value) if isinstance(value, str) else ""


def _tokens(members: Mapping[str, Any]) -> tuple[Secret, ...]:
    """What the answer holds of tokens, also where it is an error."""
    values = [value for name, value in members.items() if name.endswith("_token")]
    return tuple(Secret(value) for value in values if isinstance(value, str) and value)


def _is_refusal(members: Mapping[str, Any]) -> bool:
    # Some servers refuse with 200. Others send an empty or null error along with the token.
    error = members.get("error")
    return isinstance(error, str) and error != "" and not members.get("access_token")


def _is_certain(status: int) -> bool:
    """Whether no token was issued. A gateway that gave up knows nothing of the server behind it."""
    answered = status // 100 in {_SUCCESS, _CLIENT_ERROR} and status != Http.REQUEST_TIMEOUT
    return answered or status in _BUSY


def _hint(status: int) -> str:
    misses = _is_certain(status) and status not in _BUSY
    return "without an OAuth error: is token_url right?" if misses else ""


def _target(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
        return address(target) if location else ""
    except ValueError:
        return ""
