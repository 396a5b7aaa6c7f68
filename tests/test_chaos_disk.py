"""A real disk of 64 KiB that fills up, runs out of files or turns read-only, at the worst moments.

The same by limits on the size of files, which every system has, is in ``test_store_fails.py`` and
``test_file_store_crashes.py``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import chaos
from filing import unmeasured

PROGRAM = Path(chaos.__file__).with_name("small_disk.py")
RUNS = chaos.times(1, 10)

# In a mount namespace of its own, in which anybody may mount, where the system allows that at all.
ALONE = ("unshare", "--user", "--map-root-user", "--mount", "--propagation", "private")
ALONE_AS_ROOT = ("unshare", "--mount", "--propagation", "private")

NO_ROOM = "StoreUnavailable: No space left on device"
READ_ONLY = (
    "StoreError: Read-only file system;"
    " this process needs a directory on a file system that it may write"
)

KEPT = {
    "stored at once": False,
    "half written": [],
    "handed out again": True,
    "found by another": True,
    "requests": 1,
}


def refused(error: str) -> dict[str, Any]:
    """Nobody gets a token, and nobody asks for one, until the disk is mended."""
    return {"came": [error], "requests": 0, "then": "well"}


SCENES: list[tuple[list[Any], dict[str, Any]]] = [
    (["in_mid_mint", "full", 10], KEPT),
    (["in_mid_mint", "full", None], KEPT),
    (["in_mid_mint", "no more files", 10], KEPT),
    (["in_mid_mint", "read-only", 10], KEPT),
    (["in_mid_mint", "read-only", None], KEPT),
    (["from_the_start", "full", 10], refused(NO_ROOM)),
    (["from_the_start", "no more files", 10], refused(NO_ROOM)),
    (["from_the_start", "read-only", 10], refused(READ_ONLY)),
    # Where no budget could break, a full disk makes this process mint alone, once. One that is
    # set up wrong does not: each process would do so, and nobody would mend it.
    (["from_the_start", "full", None], {"came": ["well"], "requests": 1, "then": "well"}),
    (["from_the_start", "read-only", None], refused(READ_ONLY)),
    (["found_on_a_read_only_disk"], {"found": True, "requests": 1}),
    (
        ["in_mid_save"],
        {
            "came": NO_ROOM,
            "is whole": True,
            "files": ["key"],
            "small one": True,
            "then": ["key"],
        },
    ),
]


def alone() -> tuple[str, ...]:
    """The command by which another may mount disks that only it sees."""
    for command in (ALONE, ALONE_AS_ROOT):
        there = shutil.which(command[0])
        mount = ("mount", "-t", "tmpfs", "none", str(PROGRAM.parent))
        if (
            there
            and not subprocess.run([*command, *mount], check=False, capture_output=True).returncode
        ):
            return command
    pytest.skip("this system lets this user mount no disk, not even one that only it would see")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[list[dict[str, Any]]]:
    """What happened in each scene, in each run; all scenes of a run are played at once."""
    command = (*alone(), sys.executable, "-P", str(PROGRAM))
    scenes = json.dumps([scene for scene, _ in SCENES])
    facts = [
        json.loads(
            subprocess.run(
                [*command, str(tmp_path_factory.mktemp("disk")), scenes],
                check=True,
                stdout=subprocess.PIPE,  # what else it says is shown if it fails
                env=unmeasured(),
                timeout=60,
            ).stdout
        )
        for _ in range(RUNS)
    ]
    chaos.tell(f"{RUNS * len(SCENES)} disks that failed: no token lost, no file half written")
    return facts


def called(number: int) -> str:
    """The name of a scene."""
    return "-".join(map(str, SCENES[number][0])).replace(" ", "-")


@pytest.mark.parametrize("number", range(len(SCENES)), ids=called)
def test_a_disk_that_fails(runs: list[list[dict[str, Any]]], number: int) -> None:
    """What was minted is handed out and stored later; what cannot be counted is not sent."""
    _, expected = SCENES[number]
    for facts in runs:
        assert expected == facts[number]
