"""The documentation tells the truth: its code runs, as printed, against a real server.

CONTRIBUTING.md says how to write examples. The addresses and the directory that they show are
exchanged for those of this run, and nothing else is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import ROOT, World, blocks_of, escaping, name_of

# Not those that a build has made of the READMEs of the backends, which run them themselves.
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted(ROOT.glob("docs/**/*.md")) if page.parent.name != "stores"),
]
NEED_A_SERVER = {ROOT / "docs/how-to/store-recipes.md"}  # and get it in test_store_recipes.py
SKIPS_AT_MOST = 5


@pytest.mark.parametrize("page", [page for page in PAGES if page not in NEED_A_SERVER], ids=name_of)
def test_the_examples_of_a_page_run(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python block and every ``$ mintonce`` line of the page does its work."""
    World(tmp_path, monkeypatch).run(page)


def test_no_code_escapes_the_runner() -> None:
    """Every fence says what it holds, in a word of which it is known whether it runs."""
    assert [] == [code for page in PAGES for code in escaping(page)]


def test_few_blocks_are_skipped_and_each_says_why() -> None:
    """A block that cannot run is the exception, and gives its reason."""
    reasons = [block.skip for page in PAGES for block in blocks_of(page) if block.skip is not None]
    assert all(len(reason.split()) >= 3 for reason in reasons), reasons
    assert len(reasons) <= SKIPS_AT_MOST
