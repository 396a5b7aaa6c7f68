"""The rules of the house: how long the code may be, what it must explain, what tests may do."""

from __future__ import annotations

import ast
import inspect
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import mintonce

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("src/**/*.py"), *ROOT.glob("backends/*/src/**/*.py")])
TESTS = sorted([*ROOT.glob("tests/**/*.py"), *ROOT.glob("backends/*/tests/**/*.py")])
FILES = [*SOURCES, *TESTS, ROOT / "noxfile.py", *sorted(ROOT.glob("benchmarks/**/*.py"))]
LONGEST_FILE = 250
LONGEST_FUNCTION = 40

SUPPRESSION = re.compile(
    r"# *(?:type: *ignore|pyright: *ignore|mypy:|noqa|ruff:|fmt:|pragma:|nosec)"
    r"(?: *no (?:cover|branch)| *(?:off|skip))?(?:\[[^]]*\]|: *[A-Z]+[0-9]+(?:, *[A-Z]+[0-9]+)*)?"
)
SLEEP = re.compile(r"\bsleep\((?!0\))")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def short(path: Path) -> str:
    """The file as the repository knows it."""
    return path.relative_to(ROOT).as_posix()


def functions_in(path: Path) -> Iterator[Function]:
    """Every function and method of the file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, Function):
            yield node


def length_of(function: Function) -> int:
    """The lines of its body, without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def comments_in(path: Path) -> Iterator[tuple[int, str]]:
    """Every comment of the file, with its line."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def public_names() -> dict[str, object]:
    """What a reader sees in the package, apart from its modules."""
    return {
        name: value
        for name, value in vars(mintonce).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }


def is_documented(thing: object) -> bool:
    """Whether it has a docstring that somebody wrote: a dataclass gets its signature for one."""
    text, name = inspect.getdoc(thing) or "", getattr(thing, "__name__", "")
    return bool(text) and not text.startswith(f"{name}(")


@pytest.mark.parametrize("path", FILES, ids=short)
def test_no_file_is_long(path: Path) -> None:
    """A file that holds two ideas is split before it gets long."""
    lines = path.read_text("utf-8").count("\n")
    assert lines <= LONGEST_FILE


@pytest.mark.parametrize("path", FILES, ids=short)
def test_no_function_is_long(path: Path) -> None:
    """A function fits on the screen."""
    long = [f"{f.name}:{f.lineno}" for f in functions_in(path) if length_of(f) > LONGEST_FUNCTION]
    assert [] == long


@pytest.mark.parametrize("path", FILES, ids=short)
def test_every_suppression_says_why(path: Path) -> None:
    """A rule is set aside with a reason on the same line, or not at all."""
    silent = [
        f"{line}: {comment}"
        for line, comment in comments_in(path)
        for found in SUPPRESSION.finditer(comment)
        if len(re.findall(r"\w+", comment[found.end() :])) < 2
    ]
    assert [] == silent


@pytest.mark.parametrize("path", TESTS, ids=short)
def test_every_test_says_what_it_shows(path: Path) -> None:
    """A test begins with a sentence."""
    mute = [
        f"{f.name}:{f.lineno}"
        for f in functions_in(path)
        if f.name.startswith("test_") and not (ast.get_docstring(f) or "").endswith(".")
    ]
    assert [] == mute


@pytest.mark.parametrize("path", TESTS, ids=short)
def test_no_test_sleeps_or_mocks(path: Path) -> None:
    """A test waits for what it waits for, and the code under test is the real one."""
    text = path.read_text("utf-8")
    assert [] == SLEEP.findall(text)
    assert "unittest" + ".mock" not in text


def test_the_facade_lists_what_is_public() -> None:
    """``__all__`` is sorted, and holds what the package shows."""
    assert sorted(public_names()) == list(mintonce.__all__)


def test_every_public_name_is_documented() -> None:
    """Each public name, and each public method below it, has a docstring."""
    things = public_names()
    for name, value in public_names().items():
        if inspect.isclass(value) and value.__module__.startswith("mintonce."):
            things |= {f"{name}.{key}": member for key, member in public_methods(value)}
    assert [] == [name for name, thing in things.items() if not is_documented(thing)]


def public_methods(owner: type) -> Iterator[tuple[str, object]]:
    """The methods and properties that the class defines itself."""
    for name, member in vars(owner).items():
        inner = getattr(member, "__func__", getattr(member, "fget", member))
        if not name.startswith("_") and inspect.isfunction(inner):
            yield name, inner
