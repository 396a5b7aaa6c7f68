"""What a 401 asks for (RFC 6750 section 3, RFC 9110 section 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"  # nowhere is there a way back, so that all is read once
_TEXT = r'(?:[^"\\]|\\.)*+'
_ELEMENTS = re.compile(rf'(?:[^,"]|"{_TEXT}"?)++', re.DOTALL)
_SCHEME = re.compile(rf"({_WORD})(?:\s++(?!=)|$)")
_PARAMETER = re.compile(
    rf'(?<![^\s"])({_WORD})\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)|({_WORD}))', re.DOTALL
)


def wants_new_token(status: int, challenges: Iterable[str]) -> bool:
    """Tell whether an answer says that the token is not, or no more, good.

    That is a 401 with ``invalid_token``, or one that says nothing of what is wrong (RFC 6750
    section 3.1). Other errors, and demands for other schemes, are not cured by another token.

    Args:
        status: The HTTP status.
        challenges: The values of all WWW-Authenticate fields.

    """
    if status != 401:  # noqa: PLR2004 - Unauthorized (RFC 9110 section 15.5.2)
        return False
    found = [challenge for value in challenges for challenge in _challenges(value)]
    return not found or any(
        scheme == "bearer" and error in (None, "invalid_token") for scheme, error in found
    )


def _challenges(value: str) -> Iterator[tuple[str, str | None]]:
    """Read the challenges of one field (RFC 9110 section 11.6.1): schemes, and their errors.

    Commas stand between challenges and between the parameters of one; some servers forget those of
    parameters. What begins a challenge is a word that is followed by a space, or by nothing.
    """
    scheme, error = "", None
    for element in map(str.strip, _ELEMENTS.findall(value)):
        if begins := _SCHEME.match(element):
            if scheme:
                yield scheme, error
            scheme, error = begins[1].lower(), None
        for name, quoted, word in _PARAMETER.findall(element):
            if name.lower() == "error":
                error = re.sub(r"\\(.)", r"\1", quoted or word)
    if scheme:
        yield scheme, error
