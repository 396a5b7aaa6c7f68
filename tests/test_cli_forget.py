"""``mintonce forget``: the next caller mints, and what was spent stays spent."""

from __future__ import annotations

from commanding import User, wait_for_expiry
from mintonce.testing import AuthorizationServer


def test_the_next_caller_mints(user: User, server: AuthorizationServer) -> None:
    """It says what it did, needs no secret and sends nothing."""
    server.rules.lifetime = 1830
    first = user.call("token").out
    done = user.call("forget", MINTONCE_CLIENT_SECRET=None)
    assert 0 == done.code
    assert done.out.startswith("forgot the token ")
    assert "it was good for another 30 min" in done.out
    assert first.strip() not in done.out
    assert 1 == server.requests
    assert first != user.call("token").out
    assert 2 == server.requests


def test_the_ledger_stays(user: User, server: AuthorizationServer) -> None:
    """Forgetting is no way around the budget."""
    codes = list[int | None]()
    for _ in range(3):
        codes.append(user.call("token", "--budget", "2/month").code)
        user.call("forget")
    assert [0, 0, 3] == codes
    assert 2 == server.requests


def test_the_ledger_goes_when_that_is_said(user: User, server: AuthorizationServer) -> None:
    """Then the budget begins anew, and this says so."""
    assert [0, 0] == [user.call(name, "--budget", "1/month").code for name in ("token", "forget")]
    done = user.call("forget", "--ledger", MINTONCE_BUDGET="1/month")
    assert "there was nothing to forget\ndropped the ledger: each budget begins anew\n" == done.out
    assert 0 == user.call("token", "--budget", "1/month").code
    assert 2 == server.requests


def test_the_environment_cannot_drop_the_ledger(user: User) -> None:
    """A variable that is left set somewhere never costs a budget."""
    user.call("token")
    assert "ledger" not in user.call("forget", MINTONCE_LEDGER="1").out


def test_a_ledger_that_cannot_be_read_can_be_dropped(user: User) -> None:
    """It is an error for everybody who has a budget until then, and this is the way out."""
    user.call("token")
    (ledger,) = (file for file in user.store.glob("ledger-*") if file.suffix != ".lock")
    ledger.write_bytes(b"{")
    user.call("forget")
    refused = user.call("token", "--budget", "9/day")
    assert 4 == refused.code
    assert ledger.name in refused.err
    assert 0 == user.call("forget", "--ledger").code
    assert 0 == user.call("token", "--budget", "9/day").code


def test_a_cool_down_is_forgotten(user: User, server: AuthorizationServer) -> None:
    """After a wrong secret was refused nobody asks again for a while, unless told so."""
    assert [1, 1] == [user.call("token", MINTONCE_CLIENT_SECRET="wrong").code for _ in range(2)]
    assert 1 == server.requests
    assert "forgot a record without a token\n" == user.call("forget").out
    assert 1 == user.call("token", MINTONCE_CLIENT_SECRET="wrong").code
    assert 2 == server.requests


def test_other_tokens_are_left_alone(user: User, server: AuthorizationServer) -> None:
    """Only what these options mean is forgotten."""
    user.call("token", "--audience", "a")
    assert "there was nothing to forget\n" == user.call("forget", "--audience", "b").out
    user.call("token", "--audience", "a")
    assert 1 == server.requests


def test_an_expired_token(user: User, server: AuthorizationServer) -> None:
    """It is told that it had expired."""
    server.rules.lifetime = 1
    user.call("token")
    wait_for_expiry(user)
    assert user.call("forget").out.endswith(": it had expired\n")
