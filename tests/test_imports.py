"""An arrow in this house points one way, the protocol is pure, and importing mintonce is cheap."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"

# Imported by `import mintonce`, they would cost every program that finds its token in the store.
LATE = {"aiohttp", "click", "cryptography", "filelock", "joserfc", "rich"}

# The protocol and the budget, and all that they may reach outside of the package: nothing there
# waits, reads or writes.
PROTOCOL = {"budget", "codec", "forecast", "ledger", "outcome", "record", "renewal"}
PURE = {"token", *PROTOCOL}
HARMLESS = {
    *("__future__", "base64", "bisect", "calendar", "collections", "dataclasses", "datetime"),
    *("enum", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math", "operator"),
    *("re", "statistics", "string", "types", "typing", "zlib"),
}

# The part on the left never reaches the parts on the right, by whatever way.
ABOVE_ALL = {"cli", "testing"}
INTEGRATIONS = {"aiohttp", "httpx", "grpc", "opentelemetry"}
NEVER_REACHES = {
    "token": {"manager", "driver", "flight", "stores", "credentials", *PROTOCOL},
    "flight": {"manager", "driver", "stores", "credentials", "token", *PROTOCOL},
    "stores": {"manager", "driver", "flight", "credentials", "token", *PROTOCOL},
    "credentials": {"manager", "driver", "flight", "stores", *PROTOCOL},
    "driver": {"manager", *INTEGRATIONS, *ABOVE_ALL},
    "manager": {*INTEGRATIONS, *ABOVE_ALL},
    **dict.fromkeys(INTEGRATIONS, ABOVE_ALL),
}


def name_of(path: Path) -> str:
    """The dotted name of the module."""
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(SOURCE.glob("mintonce/**/*.py"))}


def part_of(module: str) -> str:
    """The part of the house: the file or directory right below the package."""
    return module.split(".")[1] if module.startswith("mintonce.") else ""


def statements(tree: ast.AST, *, typed: bool) -> Iterator[ast.AST]:
    """Every node of the tree; those that only type checkers see are left out unless `typed`."""
    for node in ast.iter_child_nodes(tree):
        if typed or not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield node
            yield from statements(node, typed=typed)


@cache
def imports(module: str, *, typed: bool) -> frozenset[str]:
    """Every module that this one imports, wherever in the file it does so."""
    found = set[str]()
    for node in statements(ast.parse(MODULES[module].read_text("utf-8")), typed=typed):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found.update(inner or {str(node.module)})
    return frozenset(found)


def ways_from(module: str, *, typed: bool = True) -> list[tuple[str, ...]]:
    """Every module that this one reaches, each with a shortest way to it."""
    ways: list[tuple[str, ...]] = [(name,) for name in sorted(imports(module, typed=typed))]
    seen = {name for (name,) in ways}
    for way in ways:  # grows while it is walked through
        if way[-1] in MODULES:
            new = imports(way[-1], typed=typed) - seen
            ways.extend((*way, name) for name in sorted(new))
            seen |= new
    return ways


def test_importing_mintonce_leaves_heavy_modules_out() -> None:
    """A program that finds its token in the store never pays for the HTTP client."""
    code = "import sys, mintonce; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "mintonce" in loaded
    assert set() == LATE.intersection(loaded)


@pytest.mark.parametrize("pure", sorted(PURE))
def test_the_protocol_is_pure(pure: str) -> None:
    """No clock, no I/O, no asyncio: not here and not in anything that is reached from here."""
    impure = [
        " -> ".join(way)
        for way in ways_from(f"mintonce.{pure}")
        if way[-1] not in MODULES and way[-1].split(".")[0] not in HARMLESS
    ]
    assert [] == impure


@pytest.mark.parametrize("module", MODULES)
def test_an_arrow_points_one_way(module: str) -> None:
    """Integrations and commands know the manager, it knows the driver, which knows the protocol."""
    forbidden = NEVER_REACHES.get(part_of(module), set())
    wrong = [" -> ".join(way) for way in ways_from(module) if part_of(way[-1]) in forbidden]
    assert [] == wrong


@pytest.mark.parametrize("module", MODULES)
def test_no_module_reaches_itself(module: str) -> None:
    """Imports run in no circle, so that it does not matter which comes first."""
    circles = [way for way in ways_from(module, typed=False) if way[-1] == module]
    assert [] == circles
