"""What a server wrote, made fit for an error message: short, printable, and without a secret."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from urllib.parse import quote, quote_plus, unquote

from mintonce.token import Secret

_ENTITIES: dict[str, set[str]] = {}
for _name, _character in html5.items():
    _ENTITIES.setdefault(_character, set()).add(_name.rstrip(";"))
_LATIN_1 = 256  # characters

MAX_LENGTH = 200
"""Characters of a server's text that are repeated at most."""

_SHORT = 4
"""Characters of a secret, or of its Base64, that may stand in any text by chance."""

_MOST = 2**24
"""Characters of a text, times those that are looked for in it: the event loop waits meanwhile."""

_ROUNDS = 3  # a text in a text in a text
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{6,}")  # Base64 or hexadecimal digits, perhaps
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True, slots=True)
class Redactor:
    """Cleans text that comes from outside. Some servers repeat the request in their errors.

    Attributes:
        secret: That of the client.
        tokens: What else must not be repeated.

    """

    secret: Secret
    tokens: tuple[Secret, ...] = ()

    def __call__(self, text: str) -> str:
        """Return `text` without the secret in any of its usual spellings, on one short line."""
        # First of all, since half a secret would not be recognised.
        text = self.hide(text)
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"

    def hide(self, text: str) -> str:
        """Return `text` without the secret and the tokens, and otherwise as it is."""
        words = [word.reveal() for word in (self.secret, *self.tokens)]
        # No spelling is shorter than the word. A pattern of a whole token takes long to make.
        fitting = [word for word in words if len(word) <= len(text)]
        if len(text) * sum(map(len, fitting)) > _MOST:
            return "…"  # nobody explains anything at such length
        if fitting:
            text = re.sub("|".join(map(_spelled, fitting)), "…", text, flags=re.IGNORECASE)
        long = [word for word in words if len(word) >= _SHORT]
        coded = [code for word in long for code in _codes(word)]
        text = _RUN.sub(lambda run: "…" if _is_coded(run[0], coded) else run[0], text)
        # Who spells it in yet another way, each letter by its number, is not repeated at all.
        return "…" if _is_shown(text, long, coded) else text


def _spelled(word: str) -> str:
    return f"{''.join(map(_written, word))}|{re.escape(json.dumps(word)[1:-1])}"


def _written(character: str) -> str:
    """A pattern for a character as it is, or escaped: not everybody escapes the same ones."""
    # No more than three backslashes: thousands would be looked at again from each of them.
    plain = r"\\{0,3}" + ("[ +]" if character == " " else re.escape(character))
    if character.isascii() and character.isalnum():
        return plain
    number = ord(character)
    ways = [plain, _percent(character, "utf-8"), f"&#0*{number};", f"&#x0*{number:x};"]
    ways += [f"&{name};" for name in sorted(_ENTITIES.get(character, ()))]
    if number < _LATIN_1:
        ways.append(_percent(character, "latin-1"))
    return f"(?:{'|'.join(ways)})"


def _percent(character: str, encoding: str) -> str:
    # In a URL within a URL, a % has become %25, perhaps more than once.
    return "".join(f"%(?:25)*{byte:02x}" for byte in character.encode(encoding))


def _codes(word: str) -> Iterator[str]:
    """The hexadecimal digits of a word, and its Base64 wherever in a longer text it stands."""
    yield word.encode().hex()
    for text in {word, quote(word, safe=""), quote_plus(word)}:
        for before in range(3):
            # Digits that its neighbours have a part in are left out.
            digits = base64.b64encode(b"\0" * before + text.encode()).decode().rstrip("=")
            code = digits[-(-before * 4 // 3) : (before + len(text.encode())) * 4 // 3]
            if len(code) >= _SHORT:
                yield code


def _is_coded(text: str, codes: list[str]) -> bool:
    hexadecimal, usual = text.lower(), text.translate(str.maketrans("-_", "+/"))
    return any(code in usual or code in hexadecimal for code in codes)


def _is_shown(text: str, words: list[str], codes: list[str]) -> bool:
    """Whether one of the words comes out when a text is decoded, again and again."""
    sought = [_bare(word) for word in words]
    for _ in range(_ROUNDS):
        bare = _bare(text)
        if any(word in bare for word in sought) or _is_coded(text, codes):
            return True
        try:
            text = html.unescape(unquote(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)))
        except ValueError:  # thousands of digits, which stand for no letter
            return True
    return False


def _bare(text: str) -> str:
    return text.replace("\\", "").replace("+", " ").casefold()
