"""What `import mintonce` costs."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Figure
from benchmarks.processes import Costs, python

_ROUNDS = 40


async def measure() -> Sequence[Figure]:
    """Compare the CPU time of processes that only import."""
    costs = await Costs().take(
        _ROUNDS,
        {
            "nothing": python("pass"),
            "asyncio": python("import asyncio"),
            "mintonce": python("import mintonce"),
        },
    )
    ours = costs.milliseconds("mintonce", over="asyncio")
    base = costs.milliseconds("asyncio", over="nothing")
    return [
        Figure("`import mintonce` over `import asyncio`", ours, "ms", 25),
        Figure("beside: `import asyncio` over bare python", base, "ms"),
    ]
