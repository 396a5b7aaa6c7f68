"""An authorization server that counts, to test against.

In the process, with as many of them as a test needs::

    async with AuthorizationServer(clients={"orders": "s3cret"}, lifetime=600) as server:
        server.fail(Fault.status(503, retry_after=2))
        ...
        assert (2, 1) == (server.requests, server.tokens)

or alone, for any program in any language: ``python -m mintonce.testing.server --port 8080``.
"""

from mintonce.testing.server.alone import run
from mintonce.testing.server.authorization import DEVELOPMENT_CLIENT, AuthorizationServer
from mintonce.testing.server.faults import Fault
from mintonce.testing.server.reply import OMIT, RawJson, Reply
from mintonce.testing.server.requests import LoggedRequest
from mintonce.testing.server.rules import Rules

__all__ = [
    "DEVELOPMENT_CLIENT",
    "OMIT",
    "AuthorizationServer",
    "Fault",
    "LoggedRequest",
    "RawJson",
    "Reply",
    "Rules",
    "run",
]
