"""Names with letters that a terminal does not have, and bytes that are no letters at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest

from commanding import User
from mintonce import FileStore, open_store


def test_a_terminal_without_the_letters_of_a_name(tmp_path: Path) -> None:
    """They are written in another way, and it is no error."""
    store = (tmp_path / "ü").as_uri().replace("%C3%BC", "ü")
    done = User(tmp_path).run("status", "--store", store, PYTHONIOENCODING="ascii")
    assert (0, "") == (done.code, done.err)
    assert "store" in done.out


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are text")
def test_a_directory_whose_name_is_no_text(tmp_path: Path) -> None:
    """The store is there and nowhere else, or there would be another count."""
    name = os.fsencode(tmp_path) + b"/\xff"
    store = open_store("file://" + quote_from_bytes(name))
    assert repr(FileStore(os.fsdecode(name))) == repr(store)
