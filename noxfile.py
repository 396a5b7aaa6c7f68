"""The one entry to all checks: ``uv run nox``. A session by its name: ``uv run nox -s typing``."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import nox

SUPPORTED = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
WHEELS = Path(".nox", "wheels").absolute()
BACKENDS = sorted(path.parent for path in Path("backends").glob("*/pyproject.toml"))
# Four at a time even on two cores, because most tests wait for something most of their time.
ALL_TESTS = ("-n4", "tests", *(str(backend / "tests") for backend in BACKENDS))
UV = os.environ.get("UV", "uv")  # `uv run` says which uv it is

# Interpreters are taken as they are found, never fetched.
os.environ["UV_PYTHON_DOWNLOADS"] = "never"


def _show_all_of_pyenv() -> None:
    """Make every version that pyenv has visible, not only the one that is active."""
    if pyenv := shutil.which("pyenv"):
        listing = subprocess.run([pyenv, "versions", "--bare"], capture_output=True, text=True)
        if versions := re.findall(r"^3\.1[1-9]\.\d+$", listing.stdout, re.MULTILINE):
            os.environ["PYENV_VERSION"] = ":".join(versions)


def _is_found(version: str) -> bool:
    command = [UV, "python", "find", "--system", "--no-project", version]
    return subprocess.run(command, capture_output=True).returncode == 0


_show_all_of_pyenv()
FOUND = [version for version in SUPPORTED if _is_found(version)] or [
    "{}.{}".format(*sys.version_info)
]

# The loops that the suite is run on, each with one Python: eager tasks came with 3.12.
LOOPS = {"debug": FOUND[0], "eager": FOUND[len(FOUND) // 2], "uvloop": FOUND[-1]}
if FOUND[-1] < "3.12":
    del LOOPS["eager"]
if sys.platform == "win32":
    del LOOPS["uvloop"]

# One Python suffices for these: they look at source files and at the protocol, or run programs that
# others have made.
ONCE = (
    *("test_house.py", "test_store_recipes.py", "test_workers.py"),
    *("test_model*.py", "test_simulation.py", "test_planted_faults.py", "test_month.py"),
)

# To these, too, it makes little difference on which loop they are run: they start processes, read
# files, or bring a loop of their own.
LOOPLESS = (
    *("test_imports.py", "test_demo.py", "test_docs.py", "test_fixtures.py", "test_cli_*.py"),
    *("test_write_a_store.py", "test_file_store_crashes.py"),
    *("test_chaos_*.py", "test_*_chaos.py"),
)

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "typing", "tests", "torture", "simulation", "docs"]


def _install(session: nox.Session, group: str) -> None:
    """Install the locked dependencies, and mintonce and its stores from wheels, as users do."""
    session.run_install(
        *(UV, "sync", "--locked", "--quiet", "--all-packages", "--all-extras"),
        *("--no-default-groups", "--group", group, "--group", "test", "--no-install-workspace"),
        env={"UV_PROJECT_ENVIRONMENT": session.virtualenv.location},
    )
    session.install("--no-deps", "--reinstall", *map(str, WHEELS.glob("*.whl")))
    session.run(
        *("python", "-c"),
        "import mintonce; assert 'site-packages' in mintonce.__file__, mintonce.__file__",
        silent=True,
    )


def _run(session: nox.Session, program: str, *arguments: str, group: str = "test") -> None:
    """Run a program that stands among the tests."""
    _install(session, group)
    env = {"PYTHONPATH": str(Path("tests").absolute())}
    session.run("python", "-m", program, *arguments, *session.posargs, env=env)


def _without(names: tuple[str, ...]) -> tuple[str, ...]:
    return (*ALL_TESTS, *(f"--ignore-glob=*/{name}" for name in names))


@nox.session(venv_backend="none")
def wheel(session: nox.Session) -> None:
    """Build the wheels that the other sessions install."""
    shutil.rmtree(WHEELS, ignore_errors=True)
    session.run(
        *(UV, "build", "--quiet", "--all-packages", "--wheel", "--out-dir", str(WHEELS)),
        external=True,
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Look for mistakes and for code that is not formatted."""
    session.run_install(
        *(UV, "sync", "--locked", "--quiet", "--only-group", "lint"),
        env={"UV_PROJECT_ENVIRONMENT": session.virtualenv.location},
    )
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(requires=["wheel"])
def typing(session: nox.Session) -> None:
    """Check the types of the code, of the tests, and of a program that uses the public names."""
    _install(session, "typing")
    session.run("mypy")
    session.run("mypy", "tests/typing/api.py")
    for backend in BACKENDS:  # one by one, because files of their tests have the same names
        session.run("mypy", str(backend))
    session.run("pyright")
    for package in ("mintonce", *(f"mintonce_{backend.name}" for backend in BACKENDS)):
        session.run("pyright", "--verifytypes", package, "--ignoreexternal")


@nox.session(python=FOUND, requires=["wheel"])
def tests(session: nox.Session) -> None:
    """Run the tests against the wheel: all on the oldest Python, which measures their coverage."""
    _install(session, "test")
    if session.posargs or session.python != FOUND[0]:
        session.run("pytest", *(session.posargs or _without(ONCE)))
        return
    env = {"COVERAGE_FILE": str(Path(session.create_tmp()) / "coverage")}
    session.run("coverage", "erase", env=env)
    session.run("coverage", "run", "-m", "pytest", *ALL_TESTS, env=env)
    session.run("coverage", "combine", "--quiet", env=env)
    session.run("coverage", "report", "--fail-under=98", env=env)


@nox.session(requires=["wheel"])
def simulation(session: nox.Session) -> None:
    """Run twenty thousand fleets in made-up time; ``-- --seed 7`` runs one, and shows it all."""
    _run(session, "simulation")


@nox.session(requires=["wheel"])
def soak(session: nox.Session) -> None:
    """Run fleets that no other run has seen, for an hour, or for ``-- --seconds`` as many."""
    first = str(secrets.randbelow(10**9))
    _run(session, "simulation", "--first", first, "--seconds", "3600")


@nox.session(requires=["wheel"])
def month(session: nox.Session) -> None:
    """Let a hundred workers live for a month of made-up time, and count what they mint."""
    _run(session, "simulation.month")


@nox.session(requires=["wheel"])
@nox.parametrize("loop,python", [nox.param(*pair, id=pair[0]) for pair in LOOPS.items()])
def torture(session: nox.Session, loop: str) -> None:
    """Run the tests on another event loop: asyncio in debug mode or with eager tasks, or uvloop."""
    _install(session, "test")
    env = {"MINTONCE_TEST_LOOP": loop}
    session.run("pytest", *(session.posargs or _without(ONCE + LOOPLESS)), env=env)


@nox.session(requires=["wheel"])
def hostile(session: nox.Session) -> None:
    """Try 100 000 hostile answers, and as many stored values; not part of the checks.

    ``HOSTILE_EXAMPLES`` is another number. It takes about an hour on a machine that is idle.
    """
    _install(session, "test")
    session.run(
        *("pytest", "tests/test_hostile_answers.py", "tests/test_hostile_stores.py"),
        *("--hypothesis-profile=hostile", "--hypothesis-show-statistics"),
        *("-o", "faulthandler_timeout=0"),  # a test takes as long as it takes
        *session.posargs,
    )


@nox.session(requires=["wheel"])
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning, or a name that leads nowhere, is an error."""
    _install(session, "docs")
    trees = Path(session.create_tmp()) / "doctrees"
    session.run(
        "sphinx-build", "-W", "-n", "--keep-going", "-q", "-d", str(trees), "docs", "docs/_build"
    )


@nox.session(requires=["wheel"])
def bench(session: nox.Session) -> None:
    """Measure mintonce beside its peers; not part of the checks."""
    _install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session(requires=["wheel"])
def model(session: nox.Session) -> None:
    """Explore every interleaving of a few processes, also in the worlds too large for the tests."""
    _run(session, "model")


@nox.session(requires=["wheel"])
def chaos(session: nox.Session) -> None:
    """Kill, stop and starve processes by the hundred, and print figures; not part of the checks."""
    _install(session, "test")
    env = {"MINTONCE_CHAOS": "full"}
    places = ("tests/test_chaos_*.py", "backends/*/tests/test_*_chaos.py")
    tests = [str(path) for place in places for path in sorted(Path().glob(place))]
    patience = ("-o", "faulthandler_timeout=1800")
    session.run("pytest", *patience, *tests, *session.posargs, env=env)


@nox.session(requires=["wheel"])
def mutation(session: nox.Session) -> None:
    """Change the code in every small way: a test has to notice. Not part of the checks."""
    _run(session, "mutation", group="mutation")
