"""What the server tells of its own allowance is read if it can be, and never a reason to fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import GRANTED, Hostile, http
from mintonce.credentials import ClientCredentials
from mintonce.credentials.quota import Quota, from_headers

CLIENT = "auth0-client-quota-limit"
ORGANIZATION = "auth0-organization-quota-limit"


@pytest.mark.parametrize(
    ("header", "quotas"),
    [
        ("b=per_hour;q=100;r=42;t=1800", (Quota(100, 42, 1800.0),)),
        (
            "b=per_hour;q=100;r=0;t=1800,b=per_day;q=1000;r=512;t=86399",
            (Quota(100, 0, 1800.0), Quota(1000, 512, 86399.0)),
        ),
        ("per_hour;q=10;r=9;t=8", (Quota(10, 9, 8.0),)),
        (" b = per_hour ; q = 10 ; r = 9 ; t = 8 , ", (Quota(10, 9, 8.0),)),
        ("t=8;r=9;q=10;new=x", (Quota(10, 9, 8.0),)),
        ("b=per_hour;q=;r=9;t=8,b=per_day;q=10;r=9;t=8", (Quota(10, 9, 8.0),)),
        ("", ()),
        ("b=per_hour", ()),
        ("b=per_hour;q=10;r=9", ()),
        ("q=-1;r=9;t=8", ()),
        ("q=1.5;r=9;t=8", ()),
        ("q=ten;r=9;t=8", ()),
        ("q=\u0661\u0660;r=9;t=8", ()),
        ("q=" + "9" * 5000 + ";r=9;t=8", ()),
        ("q=10=10;r=9;t=8", ()),
        (";;;,,,===", ()),
    ],
)
def test_one_header(header: str, quotas: tuple[Quota, ...]) -> None:
    """A bucket that is whole is read, whatever stands beside it."""
    assert quotas == from_headers({CLIENT: header})


def test_several_headers() -> None:
    """The client's allowance and the organization's both count."""
    headers = {ORGANIZATION: "q=2;r=1;t=3", CLIENT: "q=20;r=10;t=30"}
    assert (Quota(20, 10, 30.0), Quota(2, 1, 3.0)) == from_headers(headers)


def test_rate_limits_of_another_kind() -> None:
    """These count requests, not tokens, and servers disagree on what a reset is."""
    headers = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}
    assert () == from_headers(headers)


@given(st.text(alphabet="bqrt=;,0123456789 -x"))
def test_any_header_can_be_read(header: str) -> None:
    """Nothing in a header makes the reader fail, and nothing negative comes of it."""
    for quota in from_headers({CLIENT: header}):
        assert min(quota.limit, quota.remaining, quota.resets_in) >= 0


@pytest.mark.asyncio
async def test_quotas_come_with_the_token() -> None:
    """They are beside the members, whose names belong to the server."""
    answer = http(200, **{"Auth0-Client-Quota-Limit": "b=per_day;q=1000;r=999;t=60"})
    async with Hostile(answer) as server:
        source = ClientCredentials(token_url=server.url, client_id="a", client_secret="b")
        minted = await source.mint()
    assert GRANTED == minted
    assert (Quota(1000, 999, 60.0),) == minted.quotas


@pytest.mark.asyncio
async def test_no_quotas_are_the_rule() -> None:
    """Most servers tell nothing."""
    async with Hostile(http()) as server:
        source = ClientCredentials(token_url=server.url, client_id="a", client_secret="b")
        assert () == (await source.mint()).quotas
