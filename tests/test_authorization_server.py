"""The authorization server of ``mintonce.testing`` grants, refuses and counts as the RFCs say."""

from __future__ import annotations

import asyncio
import time
from hashlib import sha256
from urllib.parse import quote_plus

import pytest
from multidict import MultiDict, MultiDictProxy

from asking import CLIENT_ID, CLIENTS, GOOD, SECRET, Answer, ask, basic, send
from mintonce.testing import AuthorizationServer, ManualClock
from mintonce.testing.server.requests import TokenRequest
from mintonce.testing.server.tokens import Grant

pytestmark = pytest.mark.asyncio

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = {"grant_type": "client_credentials"}


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and error code."""
    return answer.status, answer.json["error"]


async def test_a_good_request_gets_a_token() -> None:
    """The answer has all that RFC 6749 section 5.1 asks for, and no cache may keep it."""
    async with AuthorizationServer(clients=CLIENTS, lifetime=600) as server:
        answer = await ask(server)
        assert 200 == answer.status
        assert "application/json" == answer.headers["Content-Type"].partition(";")[0]
        assert "no-store" == answer.headers["Cache-Control"]
        expected = {"access_token": answer.token, "token_type": "Bearer", "expires_in": 600}
        assert expected == answer.json
        assert server.is_live(answer.token)


async def test_each_token_is_another() -> None:
    """Two requests, two tokens, both live and both counted."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        tokens = {(await ask(server)).token, (await ask(server)).token}
        assert [True, True] == [server.is_live(token) for token in tokens]
        assert (2, 2) == (server.requests, server.tokens)


async def test_a_server_without_clients_knows_one_for_development() -> None:
    """The smallest server can be used at once."""
    async with AuthorizationServer() as server:
        answer = await ask(server, client_id="development", client_secret="development-secret")
        assert 200 == answer.status


async def test_basic_authentication_is_form_decoded() -> None:
    """Id and secret may hold anything, as RFC 6749 section 2.3.1 has them encoded first."""
    user, secret = "a b:c", "50 % + é&="
    async with AuthorizationServer(clients={user: secret}) as server:
        encoded = basic(quote_plus(user), quote_plus(secret))
        assert 200 == (await send("POST", server.token_url, data=GRANT, headers=encoded)).status
        raw = basic(user, secret)
        assert 401 == (await send("POST", server.token_url, data=GRANT, headers=raw)).status
        assert ["client_secret_basic"] * 2 == [entry.auth_method for entry in server.log]


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic bm8tY29sb24=",
        "Basic //79",
        basic(CLIENT_ID, SECRET)["Authorization"].replace("Basic", "Bearer"),
        *basic("x", "y").values(),
    ],
)
async def test_who_fails_by_a_header_is_challenged(authorization: str) -> None:
    """RFC 6749 section 5.2: 401 with a challenge, when an Authorization header was sent."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        headers = {"Authorization": authorization}
        answer = await send("POST", server.token_url, data=GRANT, headers=headers)
        assert (401, "invalid_client") == refusal(answer)
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "changes", [{"client_secret": "wrong"}, {"client_secret": None}, {"client_id": "stranger"}]
)
async def test_who_fails_in_the_form_is_not_challenged(changes: dict[str, str | None]) -> None:
    """401 as well, but there is no scheme to name."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        answer = await ask(server, **changes)
        assert (401, "invalid_client") == refusal(answer)
        assert "WWW-Authenticate" not in answer.headers
        assert (1, 0) == (server.requests, server.tokens)


@pytest.mark.parametrize(
    ("status", "error", "changes"),
    [
        (400, "invalid_request", {"grant_type": None}),
        (400, "invalid_request", {"grant_type": ""}),
        (400, "unsupported_grant_type", {"grant_type": "password"}),
        (400, "invalid_scope", {"scope": "read admin"}),
        (400, "invalid_target", {"resource": "https://elsewhere.example"}),
        (403, "access_denied", {"audience": "https://elsewhere.example"}),
    ],
)
async def test_what_may_not_be_had(status: int, error: str, changes: dict[str, str | None]) -> None:
    """Each refusal has the code of its RFC."""
    audiences, scopes = ["https://api.example"], ["read", "write"]
    async with AuthorizationServer(clients=CLIENTS, audiences=audiences, scopes=scopes) as server:
        assert (status, error) == refusal(await ask(server, **changes))
        assert (1, 0) == (server.requests, server.tokens)


async def test_what_is_allowed_is_granted() -> None:
    """The lists let pass what they hold, and the scope comes back."""
    api = "https://api.example"
    async with AuthorizationServer(clients=CLIENTS, audiences=[api], scopes=["read"]) as server:
        answer = await ask(server, audience=api, resource=api, scope="read")
        assert (200, "read") == (answer.status, answer.json["scope"])
        assert 200 == (await ask(server)).status


async def test_no_parameter_may_repeat_but_the_resource() -> None:
    """RFC 6749 section 3.2, and the exception of RFC 8707 section 2."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        twice = [*GOOD.items(), ("scope", "a"), ("scope", "b")]
        answer = await send("POST", server.token_url, data=twice)
        assert (400, "invalid_request") == refusal(answer)
        resources = ["https://a.example", "https://b.example"]
        several = [*GOOD.items(), *(("resource", uri) for uri in resources)]
        assert 200 == (await send("POST", server.token_url, data=several)).status
        assert resources == server.log[-1].form.getall("resource")


async def test_two_ways_to_authenticate_at_once_are_refused() -> None:
    """RFC 6749 section 2.3: one method, and one client."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        header, other = basic(CLIENT_ID, SECRET), GRANT | {"client_id": "somebody-else"}
        for form in (GOOD, other):
            answer = await send("POST", server.token_url, data=form, headers=header)
            assert (400, "invalid_request") == refusal(answer)
        same = GRANT | {"client_id": CLIENT_ID}
        assert 200 == (await send("POST", server.token_url, data=same, headers=header)).status


async def test_a_request_is_a_form_in_the_body() -> None:
    """JSON is refused, and so is a secret in the URL; a GET is no token request at all."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        answer = await send("POST", server.token_url, json=GOOD)
        assert (400, "invalid_request") == refusal(answer)
        in_url = {"client_secret": SECRET}
        answer = await send("POST", server.token_url, data=GOOD, params=in_url)
        assert (400, "invalid_request") == refusal(answer)
        assert 405 == (await send("GET", server.token_url)).status
        assert 2 == server.requests


async def test_the_log_tells_what_was_asked_and_what_came_of_it() -> None:
    """One entry for each request, in order."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        before = time.time()
        token = (await ask(server, audience="https://api.example")).token
        await ask(server, client_secret="wrong")
        granted, refused = server.log
        assert before <= granted.at <= refused.at <= time.time()
        assert (CLIENT_ID, "client_secret_post") == (granted.client_id, granted.auth_method)
        assert "https://api.example" == granted.form["audience"]
        assert (200, True) == (granted.status, granted.issued)
        assert sha256(token.encode()).hexdigest()[:12] == granted.fingerprint
        assert (401, False, None) == (refused.status, refused.issued, refused.fingerprint)


async def test_neither_secret_nor_token_can_be_read_from_the_server() -> None:
    """Whatever is printed, by accident or on purpose, gives nothing away."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        token = (await ask(server, client_assertion="signed")).token
        await send("POST", server.token_url, data=GRANT, headers=basic(CLIENT_ID, SECRET))
        shown = f"{server!r} {server} {server.rules!r} {server.log!r} {server.stats()}"
        assert [] == [word for word in (SECRET, token, "signed") if word in shown]
        assert "requests=2 tokens=2" in repr(server)


async def test_a_request_in_hand_does_not_show_its_secret() -> None:
    """A traceback that prints the locals of the server gives nothing away either."""
    fields, query = MultiDictProxy(MultiDict(GOOD)), MultiDictProxy(MultiDict(token=SECRET))
    request = TokenRequest(
        content_type="", authorization=f"Basic {SECRET}", fields=fields, query=query
    )
    assert SECRET not in f"{request!r} {Grant(SECRET, 60, minted=True)!r}"


async def test_beyond_the_quota_there_are_no_tokens() -> None:
    """429 says when to come again, and the refused request counts as a request only."""
    clock = ManualClock(wall=1_700_000_000.0)  # 22:13:20 UTC
    async with AuthorizationServer(clients=CLIENTS, quota=2, clock=clock) as server:
        assert [200, 200] == [(await ask(server)).status for _ in range(2)]
        answer = await ask(server)
        assert (429, "too_many_requests") == refusal(answer)
        assert "6400" == answer.headers["Retry-After"]
        assert "Auth0-Client-Quota-Limit" not in answer.headers
        assert (3, 2) == (server.requests, server.tokens)


async def test_what_is_left_of_the_quota_is_told_as_auth0_does() -> None:
    """A bucket with its quota, the rest and the seconds until it fills again."""
    clock = ManualClock(wall=1_700_000_000.0)
    async with AuthorizationServer(
        clients=CLIENTS, clock=clock, quota=1, quota_headers=True
    ) as server:
        told = [(await ask(server)).headers["Auth0-Client-Quota-Limit"] for _ in range(2)]
        assert ["b=per_day;q=1;r=0;t=6400"] * 2 == told
        server.rules.quota = None
        answer = await ask(server)
        assert 200 == answer.status
        assert "Auth0-Client-Quota-Limit" not in answer.headers


async def test_the_rules_may_change_while_it_runs() -> None:
    """A secret is rotated, tokens get shorter."""
    async with AuthorizationServer(clients=CLIENTS) as server:
        server.rules.clients[CLIENT_ID] = "rotated"
        server.rules.lifetime = 5
        assert 401 == (await ask(server)).status
        assert 5 == (await ask(server, client_secret="rotated")).json["expires_in"]


async def test_latency_lies_between_the_mint_and_the_answer() -> None:
    """A slow answer takes its time, and its token counts before it arrives."""
    async with AuthorizationServer(clients=CLIENTS, latency=0.05) as server:
        started = time.monotonic()
        asking = asyncio.create_task(ask(server))
        await asyncio.wait_for(server.arrived(1), 5)
        assert (1, False) == (server.tokens, asking.done())
        assert 200 == (await asking).status
        assert time.monotonic() - started >= 0.05


async def test_several_servers_know_nothing_of_each_other() -> None:
    """Each has its own address, counts and tokens."""
    async with AuthorizationServer(clients=CLIENTS) as one, AuthorizationServer() as other:
        token = (await ask(one)).token
        assert one.url != other.url
        assert (1, 0) == (one.requests, other.requests)
        assert (True, False) == (one.is_live(token), other.is_live(token))
