"""What a server wrote, made fit for an error message: short, printable, and without the secret."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from urllib.parse import quote, quote_plus

from mintonce.token import Secret

_ENTITIES = {name.rstrip(";"): character for name, character in html5.items()}
_LATIN_1 = 256  # characters

MAX_LENGTH = 200
"""Characters of a server's text that are repeated at most."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """Cleans text that comes from outside. Some servers repeat the request in their errors."""

    client_id: str
    secret: Secret

    def __call__(self, text: str) -> str:
        """Return `text` without the secret in any of its usual spellings, on one short line."""
        # First of all, since half a secret would not be recognised.
        text = re.sub("|".join(self._patterns()), "…", text, flags=re.IGNORECASE)
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"

    def _patterns(self) -> Iterator[str]:
        name, secret = self.client_id, self.secret.reveal()
        yield "".join(map(_written, secret))
        yield re.escape(json.dumps(secret)[1:-1])
        yield _base64(secret)
        yield _base64(f"{name}:{secret}")
        for encode in (quote, quote_plus):
            yield _base64(f"{encode(name, safe='')}:{encode(secret, safe='')}")


def _written(character: str) -> str:
    """A pattern for a character as it is, or escaped: not everybody escapes the same ones."""
    # No more than three backslashes: thousands would be looked at again from each of them.
    plain = r"\\{0,3}" + ("[ +]" if character == " " else re.escape(character))
    if character.isascii() and character.isalnum():
        return plain
    number = ord(character)
    ways = [plain, _percent(character, "utf-8"), f"&#0*{number};", f"&#x0*{number:x};"]
    ways += [f"&{name};" for name, meant in _ENTITIES.items() if meant == character]
    if number < _LATIN_1:
        ways.append(_percent(character, "latin-1"))
    return f"(?:{'|'.join(ways)})"


def _percent(character: str, encoding: str) -> str:
    # In a URL within a URL, a % has become %25, perhaps more than once.
    return "".join(f"%(?:25)*{byte:02x}" for byte in character.encode(encoding))


def _base64(text: str) -> str:
    # Without the padding, which some write and some do not.
    return re.escape(base64.b64encode(text.encode()).decode().rstrip("="))
