"""The fixtures for users' own tests work under either plugin, and without one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mintonce import ClientCredentials, TokenManager, TokenRequestError
from mintonce.testing import FakeSource

SUITE = """
import asyncio
import pytest
from mintonce import TokenManager

pytest_plugins = ["mintonce.testing.fixtures"]

async def check(server, credentials):
    async with TokenManager(credentials) as tokens:
        token = await tokens.get()
        assert server.is_live(token.access_token)
    assert 1 == server.requests

@pytest.mark.asyncio
async def test_pytest_asyncio(authorization_server, client_credentials, fake_source, fake_tokens):
    await check(authorization_server, client_credentials)
    assert "fake-1" == (await fake_tokens.get()).access_token
    assert 1 == fake_source.requests

@pytest.mark.anyio
async def test_anyio(authorization_server, client_credentials, fake_tokens, anyio_backend):
    await check(authorization_server, client_credentials)
    assert "fake-1" == (await fake_tokens.get()).access_token

@pytest.fixture
def anyio_backend():
    return "asyncio"

def test_neither(authorization_server, client_credentials, fake_tokens):
    asyncio.run(check(authorization_server, client_credentials))
    assert "fake-1" == asyncio.run(fake_tokens.get()).access_token
"""


def test_a_suite_that_names_them(tmp_path: Path) -> None:
    """In strict mode, with warnings as errors."""
    (tmp_path / "test_service.py").write_text(SUITE, "utf-8")
    options = ("-q", "-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", "test_service.py"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "3 passed" in done.stdout


@pytest.mark.asyncio
async def test_a_fake_source() -> None:
    """It counts, fails as often as it is told to, and its tokens live as long as it says."""
    source = FakeSource(lifetime=60)
    source.fail(TokenRequestError("no", permanent=True), times=2)
    for _ in range(2):
        async with TokenManager(source) as tokens:
            with pytest.raises(TokenRequestError, match="no"):
                await tokens.get()
    async with TokenManager(source) as tokens:
        token = await tokens.get()
    assert ("fake-3", 60) == (token.access_token, token.lifetime)
    assert 3 == source.requests


def test_a_fake_source_has_the_others_that_a_real_one_has() -> None:
    """What is not named stays, None leaves it out, and the same parameters bring the same one."""
    credentials = ClientCredentials(
        token_url="https://auth.test/token", client_id="me", client_secret="s3cret"
    )
    for source in (credentials, FakeSource()):
        tokens = TokenManager(source)
        one = tokens.for_(audience="a")
        assert tokens is tokens.for_() is one.for_(audience=None)
        assert one is one.for_() is one.for_(audience="a") is tokens.for_(audience="a")
        both = one.for_(scope="s")
        assert both not in (tokens, one, tokens.for_(scope="s"))
        assert both is tokens.for_(scope="s", audience="a")


def test_the_lifetime_of_a_fake_source_may_change() -> None:
    """Of the others, too, whenever they were made; but not where it was set by itself."""
    source = FakeSource(lifetime=60)
    one, other = source.for_(audience="a"), source.for_(audience="b")
    further = other.for_(scope="s")
    other.lifetime = 5
    source.lifetime = 70
    assert [70, 70, 5, 5] == [each.lifetime for each in (source, one, other, further)]


@pytest.mark.asyncio
async def test_a_fake_source_for_several_apis() -> None:
    """Each has tokens of its own and fails by itself; all of them are counted in one ledger."""
    source = FakeSource(lifetime=60)
    source.for_(audience="b").fail(TokenRequestError("no", permanent=True))
    async with TokenManager(source) as tokens:
        found = {(await tokens.for_(audience=name).get()).access_token for name in "aca"}
        assert 2 == len(found)
        with pytest.raises(TokenRequestError, match="no"):
            await tokens.for_(audience="b").get()
        await tokens.get()
        assert 4 == len((await tokens.status()).mints)
    assert (1, 1, 1) == (source.requests, *(source.for_(audience=name).requests for name in "ab"))
