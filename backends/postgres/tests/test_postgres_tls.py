"""Mistakes in the settings for TLS: no waiting mends them, and the message says what will."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from mintonce import StoreError, StoreUnavailable
from postgres_server import PostgresServer
from postgres_using import opened

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A port where everybody gets the same answer, and then the end."""

    async def answer_all(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(8)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answer_all, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def told(url: str, kind: type[StoreError] = StoreError) -> str:
    """What a store says of the settings."""
    async with opened(url) as store:
        with pytest.raises(StoreError) as caught:
            await store.read("key")
    assert kind is caught.type
    return str(caught.value)


@pytest.mark.parametrize("option", ["sslrootcert", "sslcrl", "sslcert"])
@pytest.mark.parametrize("content", [None, "junk"])
async def test_a_file_that_is_of_no_use(
    postgres: PostgresServer, tmp_path: Path, option: str, content: str | None
) -> None:
    """The option is named whose file is missing, or holds something else."""
    file = tmp_path / "s3cr3t.pem"
    if content:
        file.write_text(content, "ascii")
    said = await told(f"{postgres.url(sslmode='require')}&{option}={file}")
    assert f"the file of {option}" in said
    assert "s3cr3t" not in said


async def test_a_file_may_be_named_by_the_environment(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then that is the one which is missing."""
    monkeypatch.setenv("PGSSLROOTCERT", "/nowhere")
    assert "the file of sslrootcert" in await told(postgres.url(sslmode="verify-full"))


async def test_files_that_are_of_use(own: PostgresServer, tmp_path: Path) -> None:
    """They are not to blame if the socket of the server is missing, nor if nobody looks at them."""
    authority, files = trustme.CA(), [tmp_path / "ca.pem", tmp_path / "mine.pem"]
    authority.cert_pem.write_to_path(files[0])
    authority.issue_cert("orders.example").private_key_and_cert_chain_pem.write_to_path(files[1])
    own.kill()
    url = own.url(sslmode="require", sslrootcert=str(files[0]), sslcert=str(files[1]))
    assert "cannot be reached" in await told(url, StoreUnavailable)
    url = own.url(sslmode="prefer", sslrootcert="/nowhere")
    assert "cannot be reached" in await told(url, StoreUnavailable)


async def test_a_server_without_tls() -> None:
    """It says so, and another setting is needed; if it only hangs up, it may be back soon."""
    async with answering(b"N") as port:
        said = await told(f"postgresql://user@127.0.0.1:{port}/db?sslmode=require")
        assert "it speaks no TLS: have it do so, or mend sslmode" in said
    async with answering(b"") as port:
        await told(f"postgresql://user@127.0.0.1:{port}/db?sslmode=require", StoreUnavailable)
