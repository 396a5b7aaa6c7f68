"""Try the mutants of all modules of the plan, or those that begin as given.

``python -m mutation budget "driver.Driver._mint: return"``
"""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from mutation.mutants import Mutant, write
from mutation.running import Runner

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
JOBS = 3 * (os.cpu_count() or 1)  # more than there are processors: tests wait a lot

PLAN = tomllib.loads((HERE / "plan.toml").read_text("utf-8"))


def main(names: list[str]) -> int:
    """Report on each module; 1 where a mutant survives that is not known to do no harm."""
    modules = sorted({name.partition(".")[0] for name in names})
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        every = write(ROOT / "src/mintonce", scratch / "src/mintonce", modules)
        mutants = [mutant for mutant in every if mutant.change.startswith(tuple(names))]
        sys.path.insert(0, str(scratch / "src"))
        runner = Runner(mutants, JOBS, scratch)
        options = ["-q", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=0"]
        options += ["-k", f"not ({' or '.join(PLAN['slow'])})"]
        files = [str(ROOT / f"tests/test_{name}.py") for name in PLAN["tests"]]
        code = pytest.main([*options, *files], plugins=[runner])
    if runner.failed:
        return say(f"{test} fails without any change\n{how}" for test, how in runner.failed.items())
    if code:
        return code
    return report(Tried(tuple(names), mutants, runner.survived, runner.hung))


class Tried(NamedTuple):
    """What was tried, and what came of it."""

    names: tuple[str, ...]
    mutants: list[Mutant]
    survived: list[Mutant]
    hung: list[Mutant]


def report(tried: Tried) -> int:
    """Print the figures, and which survivors are new."""
    reasons = tomllib.loads((HERE / "survivors.toml").read_text("utf-8"))
    listed = {change for changes in reasons.values() for change in changes}
    known = [mutant for mutant in tried.survived if mutant.change in listed]
    counts = (tried.mutants, tried.survived, known)
    figures = [Counter(mutant.module for mutant in mutants) for mutants in counts]
    for name in [*figures[0], "together"]:
        number, left, explained = (count[name] or 0 for count in figures)
        if name == "together":
            number, left, explained = map(len, counts)
        sys.stdout.write(
            f"{name:10}{number:5} mutants{number - left:5} noticed{left:4} left,"
            f" {explained} of them with a reason\n"
        )
    for mutant in tried.hung:
        sys.stdout.write(f"a test hangs with {mutant.change}\n")
    return say(complaints(tried, listed))


def complaints(tried: Tried, listed: set[str]) -> Iterator[str]:
    """Say what is not as it has to be."""
    changes = {mutant.change for mutant in tried.mutants}
    for mutant in tried.survived:
        if mutant.change not in listed:
            yield f"nobody notices {mutant.change}"
    for change in sorted(listed - changes):
        if change.startswith(tried.names):
            yield f"survivors.toml names what is no change any more: {change}"
    # Of a few mutants that are tried by themselves, most may do no harm.
    few = 1 - len(tried.survived) / max(len(tried.mutants), 1) < PLAN["enough"]
    if few and tried.names == tuple(PLAN["modules"]):
        yield "too few are noticed"


def say(lines: Iterable[str]) -> int:
    """Print what there is to complain about, and return whether there was anything."""
    said = [sys.stdout.write(f"{line}\n") for line in lines]
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PLAN["modules"]))
