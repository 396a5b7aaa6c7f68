"""Try the mutants of all modules of the plan, or those that begin as given.

``python -m mutation budget "driver.Driver._mint: return"``
"""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path

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
    return code or report(modules, mutants, runner)


def report(modules: list[str], mutants: list[Mutant], runner: Runner) -> int:
    """Print the figures, and which survivors are new."""
    harmless = {
        change
        for changes in tomllib.loads((HERE / "survivors.toml").read_text("utf-8")).values()
        for change in changes
    }
    number = Counter(mutant.module for mutant in mutants)
    left = Counter(mutant.module for mutant in runner.survived)
    few = [name for name in modules if left[name] > (1 - PLAN["enough"]) * number[name]]
    news = [mutant.change for mutant in runner.survived if mutant.change not in harmless]
    lines = [
        f"{name:10}{number[name]:5} mutants{number[name] - left[name]:5} noticed{left[name]:4} left"
        for name in modules
    ]
    lines += [f"a test hangs with {mutant.change}" for mutant in runner.hung]
    lines += [f"too many are left in {name}" for name in few]
    lines += [f"nobody notices {change}" for change in news]
    sys.stdout.write("\n".join([*lines, ""]))
    return 1 if news or few else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PLAN["modules"]))
