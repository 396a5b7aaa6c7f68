"""A secret and a token that are marked, and what finds them in a text, however it spells them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from functools import partial
from urllib.parse import quote, quote_plus

SECRET = 'm4rk-s3cr3t "of" <the> client & 100%/+~'
TOKEN = 'm4rk-t0k3n/of+the=server&"<1>"'
"""Signs that are escaped everywhere, and the words "s3cr3t" and "t0k3n", which nobody escapes."""
ASSERTION = "jwt.m4rk-s3cr3t.of-an-assertion"

Spell = Callable[[str], str]


def in_base64(text: str, offset: int = 0) -> str:
    """The text in Base64, as it looks behind so many other bytes, without what depends on them."""
    padded = base64.b64encode(b"\0" * offset + text.encode()).decode()
    return padded[-(-offset * 4 // 3) : (offset + len(text.encode())) * 4 // 3]


def urlsafe_base64(text: str, offset: int = 0) -> str:
    """The same with the letters that may stand in a URL."""
    return in_base64(text, offset).translate(str.maketrans("+/", "-_"))


def in_both(text: str, offset: int = 0) -> str:
    """What Basic authentication makes of it (RFC 6749 section 2.3.1)."""
    return in_base64(quote(text, safe=""), offset)


SPELLINGS: dict[str, Spell] = {
    "plain": str,
    "in capitals": str.upper,
    "url-encoded": lambda mark: quote(mark, safe=""),
    "url-encoded but for slashes": quote,
    "form-encoded": quote_plus,
    "url-encoded twice": lambda mark: quote(quote(mark)),
    "each byte url-encoded": lambda mark: "".join(f"%{byte:02X}" for byte in mark.encode()),
    "HTML": html.escape,
    "HTML in numbers": lambda mark: "".join(f"&#{ord(letter)};" for letter in mark),
    "HTML in hexadecimal numbers": lambda mark: "".join(f"&#x{ord(letter):X};" for letter in mark),
    "JSON": lambda mark: json.dumps(mark)[1:-1],
    "JSON for HTML": lambda mark: re.sub(
        "[<>&]", lambda found: f"\\u{ord(found[0]):04x}", json.dumps(mark)[1:-1]
    ),
    "JSON in numbers": lambda mark: "".join(f"\\u{ord(letter):04x}" for letter in mark),
    "hexadecimal": lambda mark: mark.encode().hex(),
    **{f"Base64 at {at}": partial(in_base64, offset=at) for at in range(3)},
    **{f"Base64 for URLs at {at}": partial(urlsafe_base64, offset=at) for at in range(3)},
    **{f"Base64 of what is url-encoded at {at}": partial(in_both, offset=at) for at in range(3)},
}


def _spellings(word: str, *marks: str) -> dict[str, str]:
    """How each mark may be spelled, and the word in them that hardly any spelling hides."""
    known = {f"{m}, {name}": spell(m).lower() for m in marks for name, spell in SPELLINGS.items()}
    return {**known, f"the word {word}": word}


_OF_THE_SECRET, _OF_THE_TOKEN = _spellings("s3cr3t", SECRET, ASSERTION), _spellings("t0k3n", TOKEN)


def secrets_in(text: str) -> list[str]:
    """The spellings in which a text gives a secret away."""
    small = text.lower()
    return [name for name, spelling in _OF_THE_SECRET.items() if spelling in small]


def marks_in(text: str) -> list[str]:
    """The spellings in which a text gives a secret or the token away."""
    small = text.lower()
    return secrets_in(text) + [name for name, one in _OF_THE_TOKEN.items() if one in small]
