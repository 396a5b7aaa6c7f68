"""Connections that are cut at any byte, and a server that is killed while processes mint."""

from __future__ import annotations

import asyncio
from pathlib import Path

import chaos
from backing.cutting import cut_mints, cut_swaps
from backing.simulated import broken_promises
from valkey_server import ValkeyServer


def test_a_swap_that_is_cut_at_any_byte_is_done_or_not(valkey: ValkeyServer, place: Path) -> None:
    """The answer is true, or there is none; and it is sent once, whatever happens to it."""
    came = asyncio.run(cut_swaps(valkey, place))
    assert {("unknown", "old"), ("unknown", "new"), ("done", "new")} == came


def test_a_mint_that_is_cut_at_any_byte_breaks_no_promise(
    valkey: ValkeyServer, place: Path
) -> None:
    """Nobody loses a token, no lease is stuck, and the ledger knows of every request."""
    came = asyncio.run(cut_mints(valkey, place, range(1, 6000, chaos.times(250, 7))))
    assert {"served", "unavailable"} <= {*came}


def test_simulated_fleets_find_no_fault(valkey: ValkeyServer) -> None:
    """What the judge of the simulation knows of holds on a real server too."""
    assert [] == broken_promises(valkey.url(), range(chaos.times(3, 300)))
