"""``mintonce status``: what the store knows, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

from asking import SECRET
from commanding import User, wait_for_expiry
from mintonce.testing import AuthorizationServer, Fault

WITHOUT_SECRET: dict[str, str | None] = {"MINTONCE_CLIENT_SECRET": None}


def test_where_nothing_is_known(user: User) -> None:
    """An empty store is no error; it is told where it was looked for."""
    done = user.call("status", **WITHOUT_SECRET)
    assert (0, "") == (done.code, done.err)
    store, token, budget = done.out.splitlines()
    assert [["store", user.store.as_uri()], ["token", "none"]] == [store.split(), token.split()]
    assert "budget     none (--budget or MINTONCE_BUDGET)" == budget
    assert not user.store.exists()


def test_people_see_the_token_the_budget_and_the_mints(
    user: User, server: AuthorizationServer
) -> None:
    """Age, expiry, who minted and why, what is left and whether it lasts; no token, no secret."""
    server.rules.lifetime = 1830
    token = user.call("token", "--scope", "read").out.strip()
    done = user.call("status", "--scope", "read", "--budget", "100/day", "--budget", "2/8h")
    for part in (
        "good for 30 min",
        "(in 30 min",
        "there was none",
        "read",
        "100 per day: 1 used, 99 left",
        "it lasts",
        "2 per 8:00:00 (rolling): 1 used, 1 left",
        "it runs out",
        "last mints",
        "cold",
        "minted",
    ):
        assert part in done.out
    assert token not in done.out
    assert SECRET not in done.out
    assert 1 == server.requests


def test_the_budget_of_those_who_mint_is_shown(user: User) -> None:
    """Also to somebody who names none; and no reset where the next request is allowed now."""
    user.call("token", "--budget", "2/8h")
    told = user.call("status").out
    assert "2 per 8:00:00 (rolling): 1 used, 1 left" in told
    assert "resets" not in told
    assert "resets" in user.call("status", "--budget", "1/8h").out
    assert "resets" in user.call("status", "--budget", "2/month").out


def test_programs_get_the_same(user: User) -> None:
    """The members have stable names; moments are in UTC, spans in seconds."""
    user.call("token")
    done = user.call("status", "--json", "--budget", "1000/month", **WITHOUT_SECRET)
    told = json.loads(done.out)
    assert ["store", "token", "lease", "cool_down", "budgets", "mints"] == list(told)
    assert "cold" == told["token"]["reason"]
    assert 3500 < told["token"]["remaining"] <= 3600
    assert told["token"]["issued_at"] < told["token"]["expires_at"]
    (budget,) = told["budgets"]
    assert (1000, "month", 1, 999) == tuple(budget[k] for k in ("limit", "per", "used", "left"))
    assert {"needed", "left", "runs_out_at"} == set(budget["forecast"])
    (mint,) = told["mints"]
    assert ("minted", 3600.0, "cold") == (mint["outcome"], mint["lifetime"], mint["reason"])
    assert mint["at"].endswith("Z")


def test_a_cool_down_is_shown(user: User, server: AuthorizationServer) -> None:
    """Why nobody asks, and until when."""
    server.fail(Fault.status(503, retry_after="3000"))
    assert 1 == user.call("token").code
    assert "cool-down" in (out := user.call("status").out)
    assert "(in 49 min" in out or "(in 50 min" in out
    told = json.loads(user.call("status", "--json").out)
    assert 503 == told["cool_down"]["status"]
    assert told["cool_down"]["until"].endswith("Z")


def test_what_an_expired_token_looks_like(user: User, server: AuthorizationServer) -> None:
    """It is shown all the same, with the time since when."""
    server.rules.lifetime = 1
    user.call("token")
    wait_for_expiry(user)
    assert "expired since" in user.call("status").out


def test_a_password_in_the_url_of_the_store_is_not_shown(user: User, tmp_path: Path) -> None:
    """Only the scheme is, where the URL may hold one; a path is shown."""
    site = offer_stores(tmp_path / "site", scheme="vault")
    url = "vault://:pass-word@host"
    for name in ("status", "forget"):
        done = user.run(name, "--store", url, PYTHONPATH=str(site))
        assert (0, "") == (done.code, done.err)
        assert "pass-word" not in done.out
        assert ("closed" in done.out, "vault:" in done.out) == (True, name == "status")
    elsewhere = (tmp_path / "elsewhere").as_uri()
    assert elsewhere in user.call("status", "--store", elsewhere).out


def test_a_store_of_our_own_says_where_it_is(user: User, tmp_path: Path) -> None:
    """In its own words, which name no password; so that two servers can be told apart."""
    site = offer_stores(tmp_path / "site", scheme="vault", module="mintonce_offer")
    store = ["--store", "vault://:pass-word@host"]
    for option in ([], ["--json"]):
        done = user.run("status", *store, *option, PYTHONPATH=str(site))
        assert (0, "") == (done.code, done.err)
        assert "<MemoryStore of 0 values>" in done.out
        assert "pass-word" not in done.out
        assert 1 == done.out.count("closed")


def offer_stores(site: Path, scheme: str, module: str = "offer") -> Path:
    """Put a package there that offers stores, which say when they are closed."""
    package = site / "offer-1.dist-info"
    package.mkdir(parents=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: offer\nVersion: 1\n", "utf-8")
    offers = f"[mintonce.stores]\n{scheme} = {module}:Store\n"
    (package / "entry_points.txt").write_text(offers, "utf-8")
    (site / f"{module}.py").write_text(
        "from mintonce import MemoryStore\n"
        "class Store(MemoryStore):\n"
        "    def __init__(self, url): super().__init__()\n"
        "    async def aclose(self): print('closed')\n",
        "utf-8",
    )
    return site


def test_a_terminal_gets_a_table(user: User) -> None:
    """There it has lines and bold letters, elsewhere it is plain."""
    user.call("token")
    done = user.run_on_a_terminal("status")
    assert 0 == done.code
    assert "\x1b[1m" in done.out
    assert "─" in done.out
    assert set("\x1b─").isdisjoint(user.call("status").out)
