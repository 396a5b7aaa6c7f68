"""The store that the documentation shows does what it says, with real processes."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from examples import ROOT, blocks_of
from filing import unmeasured
from mintonce import StoreError, StoreUnavailable
from mintonce.testing import PushingStoreContract, StoreContract
from shown import code_of, names_in, swapped

WRITE_A_STORE = ROOT / "docs/how-to/write-a-store.md"

# Two stores and two tests beside: the second store is held to the contract of those that push, too.
CHECKS = 2 + sum(
    name.startswith("test_")
    for contract in (StoreContract, StoreContract, PushingStoreContract)
    for name in dir(contract)
)
COUNT = """
async def count():
    while True:
        old = await store.read("counter")
        if await store.swap("counter", old, b"%d" % (int(old or 0) + 1), ttl=60):
            print("one more", flush=True)

import sys
store = SqliteStore(sys.argv[1])
asyncio.run(count())
"""


def test_the_store_and_its_tests_pass_as_a_file(tmp_path: Path) -> None:
    """Whoever puts the code of the page into a file has tests that pytest finds, and they pass."""
    (tmp_path / "test_store.py").write_text(code_of(WRITE_A_STORE), "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")  # or it may look for ours
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_store.py"],
        check=False,
        cwd=tmp_path,
        env=unmeasured(),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert 0 == done.returncode, done.stdout
    assert f"{CHECKS} passed" in done.stdout


def test_the_store_is_short() -> None:
    """The complete store that the page promises has fifty lines at most, and its test eleven."""
    store, contract = [block.body.count("\n") for block in blocks_of(WRITE_A_STORE)][:2]
    assert 50 >= store
    assert 11 >= contract


def test_killed_processes_lose_nothing(tmp_path: Path) -> None:
    """What was confirmed to processes that are killed at any moment is there, and others go on."""
    place, script = tmp_path / "tokens.sqlite", tmp_path / "count.py"
    script.write_text(blocks_of(WRITE_A_STORE)[0].body + COUNT, "utf-8")
    confirmed = killed = 0
    for lines in (1, 3):
        command = [sys.executable, str(script), str(place)]
        counting = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        for process in counting:
            assert process.stdout is not None
            confirmed += sum("one more\n" == process.stdout.readline() for _ in range(lines))
        for process in counting:
            process.kill()
            confirmed += process.communicate()[0].count("one more\n")
            killed += 1
    store = names_in(WRITE_A_STORE)["SqliteStore"](str(place))
    assert confirmed <= int(asyncio.run(store.read("counter"))) <= confirmed + killed
    assert swapped(nullcontext(store))


def test_a_locked_database_is_unavailable(tmp_path: Path) -> None:
    """A database that others keep locked is unavailable, before the manager has lost patience."""
    place = tmp_path / "tokens.sqlite"
    impatient = names_in(WRITE_A_STORE, "timeout=3,", "timeout=0.05,")["SqliteStore"]
    with closing(sqlite3.connect(place)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match=r"tokens\.sqlite: database is locked"):
            swapped(nullcontext(impatient(str(place))))


@pytest.mark.parametrize("kind", ["directory", "text"])
def test_what_is_no_database_has_to_be_mended(kind: str, tmp_path: Path) -> None:
    """Something else in the place of the database is an error that does not pass by itself."""
    place = tmp_path / "tokens.sqlite"
    if kind == "directory":
        place.mkdir()
    else:
        place.write_text("no database " * 100, "utf-8")
    with pytest.raises(StoreError) as caught:
        swapped(nullcontext(names_in(WRITE_A_STORE)["SqliteStore"](str(place))))
    assert StoreError is type(caught.value)


def test_a_directory_is_made_for_its_owner(tmp_path: Path) -> None:
    """Nobody else can enter the directory of the database, where there was none."""
    place = tmp_path / "private" / "tokens.sqlite"
    assert swapped(nullcontext(names_in(WRITE_A_STORE)["SqliteStore"](str(place))))
    assert 0o700 == place.parent.stat().st_mode & 0o777
