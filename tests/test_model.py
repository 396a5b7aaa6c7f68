"""G1, G2, G3, G6 and G8 in every state that a few processes can get into."""

from __future__ import annotations

import pytest

from model.search import search
from model.story import tell
from model.values import World
from model.worlds import SHORT

LEAST = {2: 9_000, 3: 1_900}
"""States that a world has at least, by its number of processes: what a mistake could lock away."""


@pytest.mark.parametrize("world", SHORT.values(), ids=SHORT)
def test_every_interleaving_keeps_the_promises(world: World) -> None:
    """No state breaks a promise, and from each of them every process can come to an end."""
    report = search(world)
    print(f"{report.states} states, {report.transitions} transitions")  # noqa: T201 - shown by `pytest -rP`
    assert None is report.broken, tell(report)
    assert report.states > LEAST[world.processes]
