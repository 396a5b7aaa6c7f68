"""Answers of a token endpoint that nobody would believe: any bytes, told as those of a server."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

from hypothesis import strategies as st

from marks import SECRET, SPELLINGS, TOKEN

Then = Literal["close", "reset", "hang"]


@dataclass(frozen=True)
class Wire:
    """What a server does with a connection.

    Attributes:
        answer: All that it sends.
        cuts: Where it sends that in pieces.
        pause: Seconds before each of them.
        then: What it does after that.
        refuses: Whether the content is that of a refusal, before it was compressed.

    """

    answer: bytes
    cuts: Sequence[int] = ()
    pause: float = 0.0
    then: Then = "close"
    refuses: bool = False


T = TypeVar("T")


@st.composite
def mostly(
    draw: st.DrawFn, usual: st.SearchStrategy[T], odd: st.SearchStrategy[T], *, share: int = 4
) -> T:
    """One thing `share` times as often as the other, since most servers are mostly well."""
    return draw(usual if draw(st.integers(0, share)) else odd)


def echoes(mark: str) -> st.SearchStrategy[str]:
    """What the server has heard or handed out, in one of the spellings."""
    return st.sampled_from(list(SPELLINGS)).map(lambda way: f"x {SPELLINGS[way](mark)} y")


ECHOES = echoes(SECRET)
TEXTS = st.one_of(
    ECHOES,
    st.text(max_size=40),
    st.sampled_from(
        ["", "\r\nX-Evil: 1", "\x00\x1b[2J\x7f", "\ud800", "x" * 70_000, "\\" * 3000, "&#0" * 900]
    ),
)

CODES = st.sampled_from(
    ["invalid_client", "invalid_request", "temporarily_unavailable", "slow_down", "server_error"]
)

_RAW = ["null", "true", "-0", "1e999", "-1e999", "NaN", "Infinity", "9" * 4400, "1e-400", "[]"]
_DEEP = ["[" * deep + "]" * deep for deep in (500, 900, 5000)] + ['{"a":' * 900 + "1" + "}" * 900]
JSON = st.one_of(
    st.sampled_from([*_RAW, *_DEEP]),
    st.integers().map(str),
    st.floats().map(json.dumps),
    TEXTS.map(json.dumps),
    st.builds(lambda text: json.dumps([text, {text: text}]), TEXTS),
)
"""A value as JSON spells it, or as it does not."""

_TOKENS = st.just(json.dumps(TOKEN))
_USUAL = {
    "access_token": mostly(_TOKENS, JSON),
    "token_type": mostly(st.just('"Bearer"'), JSON),
    "expires_in": mostly(st.integers(-10, 10**7).map(str), JSON),
    "scope": st.one_of(st.just('"read"'), JSON),
    "error": mostly(CODES.map(json.dumps), JSON, share=1),
    "error_description": JSON,
    "error_uri": JSON,
    "refresh_token": _TOKENS,
}


@st.composite
def objects(draw: st.DrawFn) -> bytes:
    """A JSON object, perhaps with a member twice."""
    names = draw(
        st.one_of(
            st.just(["access_token", "token_type", "expires_in"]),
            st.just(["error", "error_description"]),
            st.lists(st.sampled_from(list(_USUAL)), max_size=7),
        )
    )
    members = ",".join(f'"{name}":{draw(_USUAL[name])}' for name in names)
    return f"{{{members}}}".encode()


@st.composite
def telling(draw: st.DrawFn) -> bytes:
    """A token, and the same again where it does not belong."""
    names = draw(st.lists(st.sampled_from(["scope", "error", "error_description", "token_type"])))
    members = {"access_token": TOKEN, "token_type": "Bearer"}
    return json.dumps(members | {name: draw(echoes(TOKEN)) for name in names}).encode()


_ODD_BODIES = st.one_of(
    objects().map(lambda body: b"\xef\xbb\xbf" + body),
    objects().map(lambda body: body.decode().encode("utf-16")),
    objects().map(lambda body: b")]}'\n" + body),
    objects().map(lambda body: body + body),
    st.builds(lambda body, at: body[:at], objects(), st.integers(0, 200)),
    JSON.map(str.encode),
    TEXTS.map(lambda text: f"<html>{text}</html>".encode(errors="replace")),
    TEXTS.map(lambda text: f"access_token={text}&error={text}".encode(errors="replace")),
    st.binary(max_size=60),
    st.sampled_from([b"", b" \r\n", b" " * 70_000]),
)
BODIES = mostly(mostly(objects(), telling()), _ODD_BODIES, share=2)

_STATUS = st.one_of(
    st.sampled_from([*[200] * 12, 400, 401, 401, 429, 503, 302, 500, 408, 204, 304, 101]),
    st.integers(0, 999),
)

_BROKEN = st.text(max_size=30).map(lambda text: "".join(text.split()) or "x")
_HEADERS = {
    "Retry-After": st.one_of(
        st.integers(-5, 10**6).map(str),
        st.sampled_from(["9" * 400, "1e9", "Wed, 21 Oct 2099 07:28:00 GMT", "' '", "soon", "0.5"]),
        _BROKEN,
    ),
    "Date": st.one_of(st.sampled_from(["Mon, 01 Jan 0001 00:00:00 +2359", "0", "' '"]), _BROKEN),
    "Content-Type": st.sampled_from(["application/json", "text/html;charset=klingon", ";", "é"]),
    "Location": st.one_of(TEXTS, TEXTS.map(lambda text: f"https://b.example/{text}?{text}")),
    "Set-Cookie": st.one_of(TEXTS, TEXTS.map(lambda text: f"{text}={text}; Path={text}")),
    "WWW-Authenticate": TEXTS,
    "Connection": st.sampled_from(["keep-alive", "close"]),
    "Auth0-Client-Quota-Limit": st.one_of(
        st.builds("b=per_day;q={};r={};t={}".format, *[st.integers(-1, 10**18)] * 3),
        st.builds("b=a;q=9;r={};t={}".format, st.integers(0, 2), st.integers(0, 10**7)),
        _BROKEN,
    ),
    "X-Odd": TEXTS,
}


_CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": partial(gzip.compress, mtime=0),
    "deflate": zlib.compress,
    "identity": bytes,
}


@st.composite
def _coded(draw: st.DrawFn, body: bytes) -> tuple[list[str], bytes]:
    """A body as it goes over the wire, and the headers that say how."""
    coding = draw(st.sampled_from([*[""] * 4, *_CODINGS]))
    body = _CODINGS[coding](body)
    headers = [f"Content-Encoding: {coding}"] * bool(coding)
    framing = draw(st.sampled_from(["length", "length", "none", "chunked"]))
    if framing == "chunked":
        pieces = (body[:9], body[9:])
        chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece]
        return [*headers, "Transfer-Encoding: chunked"], b"".join([*chunks, b"0\r\n\r\n"])
    return [*headers, *[f"Content-Length: {len(body)}"] * (framing == "length")], body


@st.composite
def _miscoded(draw: st.DrawFn, body: bytes) -> tuple[list[str], bytes]:
    """A body that is not what its headers say."""
    size = draw(st.sampled_from([f"{len(body):x}", f"{len(body):X};x=y", "f" * 20, "-1", "zz"]))
    end = draw(st.sampled_from([b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"-1\r\n\r\n", b""]))
    chunked = f"{size}\r\n".encode() + body + b"\r\n" + end
    length = draw(st.sampled_from(["-1", "0", "1", "9" * 30, "1, 2", "0x10", str(len(body) + 7)]))
    coding = draw(st.sampled_from(["gzip", "deflate", "br", "zstd", SECRET]))
    return draw(
        st.sampled_from(
            [
                (["Transfer-Encoding: chunked"], chunked),
                ([f"Content-Length: {length}"], body),
                ([f"Content-Length: {length}", "Transfer-Encoding: chunked"], chunked),
                ([f"Content-Encoding: {coding}", f"Content-Length: {len(body)}"], body),
                ([f"Content-Length: {len(body)}", f"Content-Length: {length}"], body),
            ]
        )
    )


@st.composite
def responses(draw: st.DrawFn, body: bytes, *, sound: bool) -> bytes:
    """An HTTP response, as it should be or only more or less."""
    version = "HTTP/1.1" if sound else draw(st.sampled_from(["HTTP/1.0", "HTTP/2", "ICY", ""]))
    reason = draw(st.one_of(st.just("X"), ECHOES))
    headers, body = draw(_coded(body) if sound else _miscoded(body))
    for name in draw(st.lists(st.sampled_from(list(_HEADERS)), max_size=3)):
        value = draw(_HEADERS[name])
        if sound:
            value = "".join(filter(str.isprintable, value[:7000]))
        headers.append(f"{name}: {value}")
    lines = [f"{version} {draw(_STATUS):03} {reason}", *headers, "", ""]
    return "\r\n".join(lines).encode(errors="replace") + body


@st.composite
def wires(draw: st.DrawFn) -> Wire:
    """All that a server may do: answer, stop in the middle, send rubbish before or after it."""
    body = draw(BODIES)
    odd = st.one_of(responses(body, sound=False), st.binary())
    answer = draw(mostly(responses(body, sound=True), odd))
    first = st.sampled_from([b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"SSH-2.0\r\n"])
    last = st.sampled_from([b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n{}", b"\xff" * 99])
    answer = draw(mostly(st.just(b""), first, share=9)) + answer
    answer += draw(mostly(st.just(b""), last, share=9))
    if draw(st.integers(0, 5)) == 5:
        answer = answer[: draw(st.integers(0, len(answer)))]
    cuts = draw(st.one_of(st.just([]), st.lists(st.integers(0, len(answer)), max_size=3)))
    pause = draw(mostly(st.just(0.0), st.sampled_from([0.4, 2.0, 20.0])))
    then: Then = draw(mostly(st.just("close"), st.sampled_from(["reset", "hang"])))
    return Wire(answer, cuts, pause, then, refuses=b"error" in body.replace(b"\0", b""))
