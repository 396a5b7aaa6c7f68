"""What a manager takes of the memory, where a service has a thousand of them."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Figure
from benchmarks.processes import Program
from mintonce.testing import AuthorizationServer

_MANAGERS = 1000
_BAR = 4096
_FORMS = {"for_": "`for_` one", "alone": "each made by itself"}


async def measure() -> Sequence[Figure]:
    """Make a thousand managers in one process, have them mint, and leave them alone."""
    figures: list[Figure] = []
    async with AuthorizationServer() as server:
        for form, name in _FORMS.items():
            program = await Program.start("tenants", server.token_url, form, f"{_MANAGERS}")
            program.go()
            made, holding, idle = [await program.heard() for _ in range(3)]
            await program.end()
            what = f"{_MANAGERS} managers, {name}: memory of each"
            figures += [
                Figure(f"{what}, just made", made, "bytes", _BAR),
                Figure(f"{what}, with its token", holding, "bytes", _BAR),
                Figure(f"beside: {what}, left alone", idle, "bytes"),
            ]
    return figures
