"""open_store finds the store that a URL names, and never repeats a password."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mintonce.errors import UsageError
from mintonce.stores import FileStore, MemoryStore, open_store

# A package that somebody else installed: a module, and what its wheel says about it.
MODULE = """
class Store:
    def __init__(self, url: str) -> None:
        self.url = url
"""
ENTRY_POINTS = """
[mintonce.stores]
shelf = shelf_store:Store
broken = shelf_store_without_its_driver:Store
"""
METADATA = "Metadata-Version: 2.1\nName: shelf-store\nVersion: 1.0\n"


@pytest.mark.parametrize("url", ["memory:", "memory://", "MEMORY:"])
def test_memory(url: str) -> None:
    """Each URL for memory gives a new store."""
    first, second = open_store(url), open_store(url)
    assert isinstance(first, MemoryStore)
    assert first is not second


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///var/lib/tokens", "/var/lib/tokens"),
        ("file:/var/lib/tokens", "/var/lib/tokens"),
        ("file://localhost/var/lib/tokens/", "/var/lib/tokens"),
        ("file:///var/my%20own/100%25/%C3%BC", "/var/my own/100%/ü"),
        ("file:///a%3Fb%23c", "/a?b#c"),
        ("FILE:///tokens", "/tokens"),
        ("file:///", "/"),
    ],
)
def test_file(url: str, path: str) -> None:
    """A file URL names a directory by its absolute path, percent-encoded."""
    store = open_store(url)
    assert isinstance(store, FileStore)
    assert f"FileStore({path!r})" == repr(store)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "needs a URL with a scheme, such as file:///var/lib/tokens"),
        ("/var/lib/tokens", "needs a URL with a scheme, such as file:///var/lib/tokens"),
        ("memory:tokens", "nothing can follow 'memory:'"),
        ("memory://tokens", "nothing can follow 'memory:'"),
        ("file:", "needs an absolute path after two slashes: file:///var/lib/x"),
        ("file:tokens", "needs an absolute path after two slashes: file:///var/lib/x"),
        ("file:~/tokens", "needs an absolute path after two slashes: file:///var/lib/x"),
        ("file://tokens", "needs an absolute path after two slashes: file:///var/lib/x"),
        ("file://host/tokens", "needs an absolute path after two slashes: file:///var/lib/x"),
        ("file:///tokens?a=b", "write ? as %3F and # as %23"),
        ("file:///tokens#a", "write ? as %3F and # as %23"),
        ("file:///a%00b", "the directory of a FileStore must be a path"),
        ("redis://[::1/0", "the URL of the store cannot be read"),
        ("nothing://there", "no installed package offers stores for 'nothing:': install one"),
    ],
)
def test_what_makes_no_sense(url: str, message: str) -> None:
    """A URL that names no store is refused, with what to write instead."""
    with pytest.raises(UsageError) as refused:
        open_store(url)
    assert message in str(refused.value)


def test_how_to_get_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an extra of mintonce brings the store, the error says which."""
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: ())
    for scheme, extra in {
        "rediss": "redis",
        "redis+cluster": "redis",
        "postgresql": "postgres",
    }.items():
        with pytest.raises(UsageError) as refused:
            open_store(f"{scheme}://user:pass-word@host/0")
        assert f"'{scheme}:': pip install 'mintonce[{extra}]'" in str(refused.value)
        assert "pass-word" not in str(refused.value)


@pytest.mark.parametrize("known", ["memory", "file", "shelf"])
def test_the_driver_is_not_part_of_the_scheme(known: str, installed: Path) -> None:
    """Others name a driver after a plus: that is told, and what to write."""
    said = opened(f"{known}+driver://user:hunter2@host/d", installed)
    assert said == (
        f"UsageError no installed package offers stores for '{known}+driver:': write '{known}:'"
    )


def test_a_plus_after_what_nobody_knows() -> None:
    """It is told as any other scheme that nobody offers."""
    with pytest.raises(UsageError, match=r"'nothing\+driver:': install one that does \(entry"):
        open_store("nothing+driver://there")


@pytest.mark.parametrize(
    "url",
    [
        "nothing://user:hunter2@host/0?token=hunter2",
        "nothing:hunter2",
        "//user:hunter2@host/0",
        "memory://user:hunter2@host",
        "file://user:hunter2@host/tokens",
        "file:///tokens?password=hunter2",
        "redis://user:hunter2@[host/0",
        "redis://user:hunter2\u2100@host/0",
    ],
)
def test_no_password_is_repeated(url: str) -> None:
    """Whatever is wrong with a URL, the message holds no part of it that could be a secret."""
    with pytest.raises(UsageError) as refused:
        open_store(url)
    seen: BaseException | None = refused.value
    while seen:
        assert "hunter2" not in str(seen)
        seen = seen.__cause__ or seen.__context__


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder as pip leaves it, with a package that offers a store."""
    (tmp_path / "shelf_store.py").write_text(MODULE)
    information = tmp_path / "shelf_store-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(METADATA)
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    return tmp_path


def opened(url: str, installed: Path) -> str:
    """What a process says of a URL that can import what was installed."""
    code = """
import sys
sys.path.append(sys.argv[2])
from mintonce.stores import open_store
try:
    store = open_store(sys.argv[1])
    print(type(store).__module__, store.url)
except Exception as error:
    print(type(error).__name__, error)
"""
    command = [sys.executable, "-c", code, url, str(installed)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_an_installed_package_is_found(installed: Path) -> None:
    """Any package can offer stores for a scheme, and is handed the URL as it was written."""
    assert "shelf_store shelf://a:b@c/d?e#f" == opened("shelf://a:b@c/d?e#f", installed)
    assert "shelf_store Shelf:x" == opened("Shelf:x", installed)


def test_a_package_that_cannot_be_imported(installed: Path) -> None:
    """A package that misses something says what, and not the URL."""
    said = opened("broken://user:hunter2@host", installed)
    assert said.startswith("UsageError the package that offers stores for 'broken:' cannot be")
    assert "No module named 'shelf_store_without_its_driver'" in said
    assert "hunter2" not in said
