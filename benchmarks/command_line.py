"""What `mintonce token` costs a script when the token is in the file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure
from benchmarks.processes import ENVIRONMENT, Costs, python
from mintonce.testing import AuthorizationServer

_ROUNDS = 30


async def measure() -> Sequence[Figure]:
    """Compare the command with a Python that does nothing."""
    command = (str(Path(sys.executable).with_name("mintonce")), "token")
    with TemporaryDirectory() as directory:
        async with AuthorizationServer() as server:
            environment = {
                **ENVIRONMENT,
                "MINTONCE_TOKEN_URL": server.token_url,
                "MINTONCE_STORE": Path(directory, "tokens").as_uri(),
            }
            costs = await Costs().take(
                _ROUNDS, {"nothing": python("pass"), "ours": command}, environment
            )
            requests = server.requests
    what = "`mintonce token` with a token in the file"
    return [
        Figure(
            f"{what}: CPU time over bare python",
            costs.milliseconds("ours", over="nothing"),
            "ms",
            160,
        ),
        Figure(f"{_ROUNDS + 1} times `mintonce token`: token requests", requests, "", 1),
    ]
