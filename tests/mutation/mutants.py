"""Writes a copy of the package whose modules hold every mutant beside the original function."""

from __future__ import annotations

import ast
import difflib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mutmut.mutation.file_mutation import mutate_file_contents

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Mutant(NamedTuple):
    """One small change.

    Attributes:
        name: What mutmut calls it; a number at its end tells it from others of the function.
        module: Where it is.
        function: The function that it changes, as mutmut calls it.
        change: What it changes, for people: the line before and after. It stays the same when
            others come and go.

    """

    name: str
    module: str
    function: str
    change: str


def write(source: Path, target: Path, modules: list[str]) -> list[Mutant]:
    """Copy `source` to `target`, and put the mutants of `modules` in."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    return [mutant for module in modules for mutant in _mutate(target, module)]


def _mutate(package: Path, module: str) -> Iterator[Mutant]:
    path = package / f"{module}.py"
    mutated = mutate_file_contents(str(path), path.read_text("utf-8"))
    path.write_text(mutated.code, "utf-8")
    texts = _functions(mutated.code)
    for name in mutated.mutant_names:
        function = name.partition("__mutmut_")[0]
        readable = function.removeprefix("x").lstrip("ǁ").replace("ǁ", ".")
        readable = readable.removeprefix("_") if function.startswith("x_") else readable
        before, after = texts[f"{function}__mutmut_orig"], texts[name]
        change = f"{module}.{readable}: {_difference(before, after)}"
        yield Mutant(f"{package.name}.{module}.{name}", module, function, change)


def _functions(code: str) -> dict[str, list[str]]:
    lines = code.splitlines()
    return {
        node.name: _text(lines, node)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, Function)
    }


def _text(lines: list[str], node: Function) -> list[str]:
    first, *rest = lines[node.lineno - 1 : node.end_lineno]
    return [first.replace(node.name, "", 1), *rest]


def _difference(before: list[str], after: list[str]) -> str:
    lines = [
        line
        for line in difflib.unified_diff(before, after, n=0, lineterm="")
        if not line.startswith(("---", "+++", "@@"))
    ]
    old = " ".join(line[1:].strip() for line in lines if line.startswith("-"))
    new = " ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return f"{old} -> {new}"
