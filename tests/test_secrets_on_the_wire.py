"""G7 silent: neither the secret nor the token shows in anything that is printed on the way."""

from __future__ import annotations

import asyncio
import base64
import copy
import dataclasses
import html
import json
import logging
import pickle
import pprint
import re
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest

import marks
from hostile import GRANTED, TOKEN, Hostile, http
from mintonce.credentials import ClientCredentials
from mintonce.credentials.authentication import AUTH_METHODS
from mintonce.credentials.endpoint import TokenRequest
from mintonce.credentials.redaction import Redactor
from mintonce.errors import TokenRequestError
from mintonce.token import Secret

SECRET = 'm4rked "s3cr3t" <&> 100%/+~'


def base64_of(text: str) -> str:
    """The text in Base64."""
    return base64.b64encode(text.encode()).decode()


def in_html(character: str, form: str) -> str:
    """A character as a number, if it is neither a letter nor a digit."""
    return character if character.isalnum() else form.format(ord(character))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "percent-encoded in lower case": lambda secret: quote(secret, safe="").lower(),
    "form-encoded": quote_plus,
    "the form": lambda secret: urlencode({"client_secret": secret, "x": "y"}),
    "HTML": html.escape,
    "HTML in numbers": lambda secret: "".join(in_html(c, "&#{};") for c in secret),
    "HTML in hexadecimal numbers": lambda secret: "".join(in_html(c, "&#x{:X};") for c in secret),
    "percent-encoded as Latin-1": lambda secret: quote(secret, safe="", encoding="latin-1"),
    "with backslashes": lambda secret: re.sub(r"(\W)", r"\\\1", secret),
    "JSON": lambda secret: json.dumps({"client_secret": secret}),
    "Base64": base64_of,
    "Basic": lambda secret: base64_of(f"{quote('o r')}:{quote(secret, safe='')}"),
    "Basic without encoding": lambda secret: base64_of(f"o r:{secret}"),
}


def source(url: str = "https://auth.example.com/token?q=1", **options: Any) -> ClientCredentials:
    """Credentials with a marked secret."""
    return ClientCredentials(token_url=url, client_id="o r", client_secret=SECRET, **options)


def leaks(text: str) -> list[str]:
    """The spellings of the secret that are in a text, and the token."""
    found = [name for name, spell in SPELLINGS.items() if spell(SECRET) in text]
    return found + ["token"] * (TOKEN in text) + ["part"] * ("m4rked" in text)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("method", AUTH_METHODS)
@pytest.mark.asyncio
async def test_an_error_does_not_repeat_the_secret(spelling: str, method: str) -> None:
    """Some servers repeat the request in their errors; what they repeat of the secret is cut."""
    echo = SPELLINGS[spelling](SECRET)
    answers = [
        http(401, {"error": "invalid_client", "error_description": f"not {echo} here"}),
        http(400, {"error": echo}),
        http(200, {"error": echo, "error_description": "x" * 190 + echo}),
        http(302, b"", Location=f"https://b.example/{quote(quote(SECRET))}/{echo}"),
    ]
    for answer in answers:
        async with Hostile(answer) as server:
            with pytest.raises(TokenRequestError, match="…") as caught:
                await source(server.url, auth_method=method).mint()
            printed = "".join(traceback.format_exception(caught.value))
            assert [] == leaks(printed + repr(vars(caught.value)))


def test_a_text_is_made_fit_for_a_message() -> None:
    """One short line of printable characters, and no secret that was cut in two."""
    clean = Redactor(Secret("s3cr3t"))
    assert "a b c" == clean(" a\r\n\x1b\u202e b\x00c ")
    assert "Zugang verweigert: ä" == clean("Zugang verweigert: ä")
    assert 200 == len(clean("x" * 1000))
    assert "s3" not in clean("x" * 197 + "s3cr3t")


@pytest.mark.parametrize("spelling", marks.SPELLINGS)
@pytest.mark.parametrize("around", ["{}", "a{}", "/=ab{}cd", "%25{}%25", "&amp;{}\\"])
def test_an_odd_spelling_is_not_repeated(spelling: str, around: str) -> None:
    """Not with each letter by its number either, nor in Base64 together with what was around it."""
    spell = marks.SPELLINGS[spelling]
    clean = Redactor(Secret("other"), (Secret(marks.SECRET), Secret(marks.TOKEN)))
    for mark in (marks.SECRET, marks.TOKEN):
        text = clean(around.format(spell(mark)))
        assert "…" in text
        assert [] == marks.marks_in(text)


def test_a_text_without_the_secret_stays_as_it_is() -> None:
    """What only looks like it does not keep anybody from learning what is wrong."""
    clean = Redactor(Secret("s3cr3t"), (Secret("t"), Secret("abc")))
    for text in ("s3cr3", "400 %41 &#65; \\u0041", "c2VjcmV0LXNlY3JldA==", "5ecre7" * 9, "&#9"):
        assert text == clean.hide(text)


@pytest.mark.asyncio
async def test_an_error_does_not_repeat_an_assertion() -> None:
    """What proves something among the further parameters is a secret, too; the rest is not."""
    extra = {"client_assertion": "jwt.m4rked", "client_assertion_type": "urn:x", "tenant": "shop"}
    echo = {"error": "odd", "error_description": " ".join(extra.values())}
    async with Hostile(http(400, echo)) as server:
        mine = source(server.url, extra=extra)
        with pytest.raises(TokenRequestError, match="odd: … urn:x shop"):
            await mine.mint()
        assert "m4rked" not in repr([mine, await mine.prepare()])


@pytest.mark.parametrize(
    "scope", ["read {}", "{}", json.dumps({"scope": "{}"}), "https://api.example.com/{}"]
)
@pytest.mark.parametrize("word", [SECRET, TOKEN])
@pytest.mark.asyncio
async def test_a_scope_that_gives_something_away_is_dropped(scope: str, word: str) -> None:
    """The scope is shown wherever a token is: by its repr, and by ``mintonce status``."""
    told = scope.replace("{}", word)
    async with Hostile(http(200, GRANTED | {"scope": told})) as server:
        assert GRANTED == await source(server.url).mint()


@pytest.mark.asyncio
async def test_an_error_does_not_repeat_a_token_that_came_with_it() -> None:
    """A status of 500 with a token in the body, and once more in the words."""
    content = GRANTED | {"error": "odd", "error_description": f"{TOKEN} is for nobody"}
    async with Hostile(http(500, content)) as server:
        with pytest.raises(TokenRequestError, match="odd: … is for nobody") as caught:
            await source(server.url).mint()
    assert [] == leaks(str(caught.value))


def test_a_long_text_is_cleaned_at_once() -> None:
    """No text of a server's, however it looks like the secret, keeps the process busy."""
    clean = Redactor(Secret("a/%25\\ " * 20))
    assert 200 == len(clean("a%2F%2525\\\\+" * 5000))
    assert 200 == len(clean("\\" * 60_000))
    assert 200 == len(clean("&#0000" * 10_000))
    assert 200 == len(clean("%25" * 20_000))
    assert len(clean("&#" + "9" * 60_000)) <= 200
    assert len(clean("YS8l" * 15_000)) <= 200


def test_many_tokens_are_not_looked_for_one_by_one() -> None:
    """Nor a huge one: the event loop would wait for seconds, and the lease die."""
    text = "-" * 30_000
    assert "…" == Redactor(Secret("s3cr3t"), (Secret("-" * 29_000 + "t"),))(text)
    assert "…" == Redactor(Secret("s3cr3t"), tuple(map(Secret, ["-----t0k"] * 1300)))(text)


def test_a_short_text_is_not_searched_for_a_long_token() -> None:
    """No spelling of it would fit in, and a pattern of it would take long to make."""
    clean = Redactor(Secret("s3cr3t"), (Secret("t0k3n" * 2**20),))
    assert "read write" == clean.hide("read write")


@pytest.mark.parametrize("method", AUTH_METHODS)
@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (http(), "close"),
        (http(500, GRANTED), "close"),
        (http(401, b"no"), "close"),
        (b"", "reset"),
        (b"", "close"),
        (b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n", "close"),
    ],
)
@pytest.mark.asyncio
async def test_nothing_in_tracebacks_and_logs(
    method: str, answer: bytes, then: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the text of an exception and its causes, and not in a log at its most talkative."""
    caplog.set_level(logging.DEBUG)
    asyncio.get_running_loop().set_debug(True)
    printed = ""
    async with Hostile(answer, then) as server:
        try:
            printed += repr(await source(server.url, auth_method=method).mint())
        except TokenRequestError as error:
            printed += "".join(traceback.TracebackException.from_exception(error).format())
            printed += repr(vars(error)) + repr(error.__cause__) + repr(error.__context__)
            frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
            printed += repr([frame.f_locals for frame in frames[1:]])
    assert "TokenRe" in printed
    assert [] == leaks(printed + caplog.text)


def test_nothing_in_the_credentials_themselves() -> None:
    """Whatever prints an object shows where it is for, and not what it holds."""
    mine = source(audience="a", scope="b")
    assert (
        "ClientCredentials(token_url='https://auth.example.com/token', client_id='o r',"
        " audience='a', scope='b')"
    ) == repr(mine)
    fields = {field.name: getattr(mine, field.name) for field in dataclasses.fields(mine)}
    request = TokenRequest("https://a/", (), "orders", Secret(SECRET))
    shown = [mine, fields, dataclasses.asdict(mine), request, request.proof]
    assert [] == leaks("".join(f"{s} {s!r} {pprint.pformat(s)}" for s in shown))
    assert not hasattr(mine, "__dict__")


def test_credentials_go_to_another_process_whole() -> None:
    """They can be copied and pickled, which is the one way to see the secret."""
    for twin in (
        copy.copy(source()),
        copy.deepcopy(source()),
        pickle.loads(pickle.dumps(source())),
    ):
        assert source().key == twin.key
        assert repr(source()) == repr(twin)
