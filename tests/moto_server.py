"""S3 and DynamoDB on this machine, as moto plays them: what the recipes of stores are tried on.

As a program, it is the server.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NAME = "orders-tokens"
"""The bucket, and the table, of the examples."""

_REGION = "us-east-1"
_TABLE = {
    "TableName": NAME,
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@contextmanager
def moto_server() -> Iterator[str]:
    """Start it on a port that the system chooses, with a bucket and a table; yields its URL."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            url = _url_told_in(process.stderr)
            # It goes on to write a line for each request, and must not be kept waiting.
            threading.Thread(target=deque, args=[process.stderr, 0]).start()
            _prepare(url)
            yield url
        finally:
            process.terminate()


def environment(url: str) -> dict[str, str]:
    """The variables by which AWS clients find the server, and are let in."""
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_ALLOW_HTTP": "true",
        "AWS_DEFAULT_REGION": _REGION,
        "AWS_ENDPOINT_URL": url,
        "AWS_SECRET_ACCESS_KEY": "testing",
    }


def _url_told_in(log: IO[str]) -> str:
    told = []
    for line in log:
        if found := re.search(r"http://127\.0\.0\.1:\d+", line):
            return found.group()
        told.append(line)
    raise RuntimeError(f"moto did not start:\n{''.join(told)}")


def _prepare(url: str) -> None:
    create_table = {
        # Nobody checks the signature, but where the table is made is read from it.
        "Authorization": f"AWS4-HMAC-SHA256 Credential=testing/20260101/{_REGION}/dynamodb/x",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.CreateTable",
    }
    for request in (
        Request(f"{url}/{NAME}", method="PUT"),
        Request(url, json.dumps(_TABLE).encode(), create_table),
    ):
        with urlopen(request, timeout=30) as answer:
            assert 200 == answer.status


def _serve() -> None:
    """Serve, one request at a time: moto's threads look first, and write what they like later."""
    server, lock = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        with lock:
            return [*server(environ, start)]

    run_simple("127.0.0.1", 0, answer, threaded=True)


if __name__ == "__main__":
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import run_simple

    _serve()
