"""A store that was set up wrong, or holds what nobody can read: nobody mints in silence for it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from managing import Handmade
from mintonce import Budget, FileStore, MemoryStore, StoreError, TokenManager, UsageError

pytestmark = pytest.mark.asyncio

BUDGET = Budget(10, per="day")

Damage = Callable[[bytes], bytes]


def a_file(path: Path) -> None:
    """Something else at the place of the directory."""
    path.write_text("", "utf-8")


def a_link(path: Path) -> None:
    """A symbolic link to a good directory."""
    path.with_name("elsewhere").mkdir(mode=0o700)
    path.symlink_to(path.with_name("elsewhere"))


def open_to_all(path: Path) -> None:
    """A directory that others can read."""
    path.mkdir()
    path.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="modes and links mean something else elsewhere")
@pytest.mark.parametrize("make", [a_file, a_link, open_to_all])
@pytest.mark.parametrize("budget", [None, BUDGET])
async def test_a_directory_that_is_set_up_wrong(
    make: Callable[[Path], None], budget: Budget | None, tmp_path: Path
) -> None:
    """It is an error at the first use, not a flood of tokens that nobody shares."""
    make(tmp_path / "tokens")
    source = Handmade()
    for _ in range(3):
        async with TokenManager(source, store=FileStore(tmp_path / "tokens"), budget=budget) as t:
            with pytest.raises(StoreError, match=str(tmp_path / "tokens")):
                await t.get()
    assert 0 == source.requests


DAMAGES: dict[str, Damage] = {
    "truncated": lambda whole: whole[:-10],
    "empty": lambda whole: whole[:0],
    "not JSON": lambda whole: b"\x00" * len(whole),
    "newer": lambda whole: whole.replace(b'"version":1', b'"version":99'),
    "foreign": lambda whole: whole.replace(whole, b"[1, 2, 3]"),
}


async def damaged(source: Handmade, directory: Path, kind: str, damage: Damage) -> Path:
    """A store with a token and a ledger, one of them damaged; the path of that."""
    async with TokenManager(source, store=FileStore(directory)) as tokens:
        await tokens.get()
    return spoil(directory, kind, damage)


def spoil(directory: Path, kind: str, damage: Damage) -> Path:
    """Damage the file of this kind."""
    (path,) = directory.glob(f"{kind}*[!k]")
    path.write_bytes(damage(path.read_bytes()))
    return path


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_a_record_that_cannot_be_read(damage: Damage, tmp_path: Path) -> None:
    """It is put aside, and one token is minted for all in its place."""
    source = Handmade()
    path = await damaged(source, tmp_path / "tokens", "token", damage)
    there = path.read_bytes()
    for _ in range(3):
        async with TokenManager(source, store=FileStore(path.parent), budget=BUDGET) as tokens:
            assert "handmade-2" == (await tokens.get()).access_token
    assert 2 == source.requests
    assert there == path.with_name(f"{path.name}-corrupt").read_bytes()


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_a_ledger_that_cannot_be_read(damage: Damage, tmp_path: Path) -> None:
    """With a budget it is an error that names the file; the token that is there is used."""
    source = Handmade()
    path = await damaged(source, tmp_path / "tokens", "ledger", damage)
    there = path.read_bytes()
    async with TokenManager(source, store=FileStore(path.parent), budget=BUDGET) as tokens:
        token = await tokens.get()
        await tokens.invalidate(token)
        with pytest.raises(StoreError, match=path.name) as caught:
            await tokens.get()
        assert "restore it, or remove it" in str(caught.value)
    assert 1 == source.requests
    assert there == path.read_bytes()
    path.unlink()
    async with TokenManager(source, store=FileStore(path.parent), budget=BUDGET) as tokens:
        assert token != await tokens.get()


async def test_a_ledger_that_cannot_be_read_and_no_budget(tmp_path: Path) -> None:
    """There is nothing to count for: tokens are shared all the same."""
    source = Handmade()
    path = await damaged(source, tmp_path / "tokens", "ledger", DAMAGES["truncated"])
    async with TokenManager(source, store=FileStore(path.parent)) as tokens:
        await tokens.invalidate(await tokens.get())
    for _ in range(3):
        async with TokenManager(source, store=FileStore(path.parent)) as tokens:
            assert "handmade-2" == (await tokens.get()).access_token
    assert 2 == source.requests


@pytest.mark.parametrize("key", ["k" * 90, "a"])
async def test_the_shortest_and_the_longest_key(key: str, tmp_path: Path) -> None:
    """A source may use all that a key may hold; also its ledger and what is put aside fit."""
    source, store = Handmade(key=key), FileStore(tmp_path / "tokens")
    for _ in range(2):
        async with TokenManager(source, store=store, budget=BUDGET) as tokens:
            await tokens.get()
    assert 1 == source.requests
    (tmp_path / "tokens" / key).write_text("damaged", "utf-8")
    async with TokenManager(source, store=store, budget=BUDGET) as tokens:
        await tokens.get()
    assert 2 == source.requests


@pytest.mark.parametrize("key", ["", "k" * 91, "Key", "a/b", "..", "a\n"])
async def test_a_key_that_no_store_can_take(key: str) -> None:
    """The manager of such a source cannot be made."""
    rule = r"^the key of a token source must be 1 to 90 characters of \[a-z0-9-\]$"
    with pytest.raises(UsageError, match=rule):
        TokenManager(Handmade(key=key), store=MemoryStore())
