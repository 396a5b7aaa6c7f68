"""The contract, third part: many tasks, two handles, and one truth."""

from __future__ import annotations

import asyncio

from mintonce.stores.protocol import TokenStore
from mintonce.testing.contract_checks import (
    PATIENCE,
    TTL,
    Contract,
    check,
    fresh_key,
    must_refuse,
    must_swap,
    same,
    together,
    under_way,
)

_TURNS = 8


class SharingChecks(Contract):
    """What many callers may rely on who use the same data at the same time."""

    @check
    async def test_a_change_is_seen_at_once(self, one: TokenStore, two: TokenStore) -> None:
        """What one handle confirmed, the other reads next, time and again."""
        key, old = fresh_key(), None
        for number in range(20):
            writer, reader = (one, two) if number % 2 else (two, one)
            new = b"%d" % number
            await must_swap(writer, key, old, new)
            same(new, await reader.read(key), "what the other handle reads")
            old = new
        await must_swap(one, key, old, None)
        same(None, await two.read(key), "what the other handle reads in the end")

    @check
    async def test_a_handle_does_not_trust_its_memory(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """A handle that wrote a value is refused once the other has replaced it."""
        key = fresh_key()
        await must_swap(one, key, None, b"mine")
        await must_swap(two, key, b"mine", b"theirs")
        await must_refuse(one, key, b"mine", b"mine again")
        await must_swap(two, key, b"theirs", None)
        await must_refuse(one, key, b"theirs", b"mine again")

    def test_values_survive_closing(self) -> None:
        """What was confirmed is there after all handles are closed, in another event loop."""
        key = fresh_key()
        asyncio.run(self._write_and_close(key))
        same(b"replaced", asyncio.run(self._read_once(key)), "after closing")
        asyncio.run(self._delete_and_close(key))
        same(None, asyncio.run(self._read_once(key)), "after deleting and closing")

    async def _write_and_close(self, key: str) -> None:
        async with self.open() as one, self.open() as two:
            await must_swap(one, key, None, b"value")
            await must_swap(two, key, b"value", b"replaced")

    async def _delete_and_close(self, key: str) -> None:
        async with self.open() as store:
            await must_swap(store, key, b"replaced", None)

    async def _read_once(self, key: str) -> bytes | None:
        async with self.open() as store:
            return await store.read(key)

    @check
    async def test_closing_one_handle_leaves_the_others(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """A handle that is closed takes nothing away from those that are open."""
        key = fresh_key()
        async with self.open() as third:
            await must_swap(third, key, None, b"value")
        same(b"value", await one.read(key), "first handle")
        await must_swap(two, key, b"value", b"new")

    @check
    async def test_one_of_many_creates(self, one: TokenStore, two: TokenStore) -> None:
        """Of many that create at once, exactly one is told True, and its value is there."""
        await _one_wins(one, two, old=None)

    @check
    async def test_one_of_many_replaces(self, one: TokenStore, two: TokenStore) -> None:
        """Of many that replace the same value at once, exactly one is told True."""
        await _one_wins(one, two, old=b"old")

    @check
    async def test_one_of_many_deletes(self, one: TokenStore, two: TokenStore) -> None:
        """Of many that delete the same value at once, exactly one is told True."""
        key = fresh_key()
        await must_swap(one, key, None, b"value")
        swaps = (store.swap(key, b"value", None, ttl=TTL) for store in [one, two] * 8)
        same(1, (await together(*swaps)).count(True), "how many deleted it")
        same(None, await one.read(key), "the value")

    @check
    async def test_nobody_is_refused_what_is_there(self, one: TokenStore, two: TokenStore) -> None:
        """Where the old value is there all the time, all who write it again are told True."""
        key = fresh_key()
        await must_swap(one, key, None, b"value")
        await together(*(must_swap(store, key, b"value", b"value") for store in [one, two] * 8))
        same(b"value", await two.read(key), "the value")

    @check
    async def test_no_increment_is_lost(self, one: TokenStore, two: TokenStore) -> None:
        """A counter that many raise through both handles ends at their number."""
        key = fresh_key()
        await together(*(_raise_counter(store, key) for store in [one, two] * 8))
        same(b"16", await one.read(key), "the counter")

    @check
    async def test_writers_of_other_keys_are_left_alone(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """Nobody is refused because of what happens at the same time under another key."""
        keys = [fresh_key() for _ in range(8)]
        create = (must_swap(one, key, None, key.encode()) for key in keys)
        await together(*create)
        await together(*(must_swap(two, key, key.encode(), b"new") for key in keys))
        same([b"new"] * 8, await together(*map(one.read, keys)), "the values")

    @check
    async def test_readers_see_whole_values(self, one: TokenStore, two: TokenStore) -> None:
        """Who reads while somebody writes sees the old value or the new one, never a mixture."""
        key, first, second = fresh_key(), b"a" * (64 << 10), b"b" * (48 << 10)
        await must_swap(one, key, None, first)
        async with under_way(_alternate(one, key, first, second)) as [writer]:
            # Readers of different paces: one alone might look at always the same point of a write.
            readers = (_watch(two, key, {first, second}, writer, pause) for pause in range(4))
            await together(*readers)
            await writer

    @check
    async def test_readers_never_go_back(self, one: TokenStore, two: TokenStore) -> None:
        """Who starts to read after a swap was confirmed sees that value or a later one."""
        key, confirmed = fresh_key(), 0
        await must_swap(one, key, None, b"0")

        async def write() -> None:
            nonlocal confirmed
            for number in range(20):
                await must_swap(one, key, b"%d" % number, b"%d" % (number + 1))
                confirmed = number + 1

        async with under_way(write()) as [writer]:
            while not writer.done():
                at_least = confirmed
                if int(await two.read(key) or b"-1") < at_least:
                    raise AssertionError(f"a value older than number {at_least} was read after it")
                await asyncio.sleep(0)
            await writer

    @check
    async def test_a_cancelled_swap_is_done_or_not(self, one: TokenStore, two: TokenStore) -> None:
        """A swap that is cancelled at any moment leaves the old value or the new one."""
        for step in range(16):
            key = fresh_key()
            await must_swap(one, key, None, b"old")
            await _cancel_after(step, asyncio.create_task(one.swap(key, b"old", b"new", ttl=TTL)))
            if await two.read(key) not in (b"old", b"new"):
                raise AssertionError(f"cancelled at step {step}: neither old nor new is there")

    @check
    async def test_a_cancelled_swap_blocks_nobody(self, one: TokenStore, two: TokenStore) -> None:
        """After a swap was cancelled, both handles go on swapping under the same key."""
        for step in range(16):
            key = fresh_key()
            await _cancel_after(step, asyncio.create_task(one.swap(key, None, b"0", ttl=TTL)))
            before = int(await two.read(key) or b"0")
            await _raise_counter(two, key)
            await _raise_counter(one, key)
            after = int(await two.read(key) or b"0")
            same(before + 2, after, "the counter")

    @check
    async def test_a_cancelled_read_harms_nobody(self, one: TokenStore, two: TokenStore) -> None:
        """After reads were cancelled, both handles still read and swap."""
        key = fresh_key()
        await must_swap(one, key, None, b"value")
        for step in range(16):
            await _cancel_after(step, asyncio.create_task(one.read(key)))
        same(b"value", await one.read(key), "the value")
        await must_swap(one, key, b"value", b"new")
        same(b"new", await two.read(key), "the value")


async def _one_wins(one: TokenStore, two: TokenStore, *, old: bytes | None) -> None:
    key = fresh_key()
    await must_swap(one, key, None, old)
    swaps = (
        store.swap(key, old, b"%d" % number, ttl=TTL)
        for number, store in zip(range(16), [one, two] * 8, strict=True)
    )
    answers = await together(*swaps)
    same(1, answers.count(True), "how many were told True")
    same(b"%d" % answers.index(True), await one.read(key), "the value of the one who was told True")


async def _raise_counter(store: TokenStore, key: str) -> None:
    for _ in range(PATIENCE):
        old = await store.read(key)
        if await store.swap(key, old, b"%d" % (int(old or b"0") + 1), ttl=TTL):
            return
    raise AssertionError("a counter cannot be raised: each swap of what was read is refused")


async def _alternate(store: TokenStore, key: str, old: bytes, new: bytes) -> None:
    for _ in range(10):
        await must_swap(store, key, old, new)
        old, new = new, old


async def _watch(
    store: TokenStore, key: str, known: set[bytes], writer: asyncio.Task[None], pause: int
) -> None:
    while not writer.done():
        if await store.read(key) not in known:
            raise AssertionError("somebody read a value that nobody wrote")
        for _ in range(1 + pause):
            await asyncio.sleep(0)


async def _cancel_after(step: int, task: asyncio.Task[bool] | asyncio.Task[bytes | None]) -> None:
    # The first steps are turns of the event loop, the later ones reach into slow input and output.
    for _ in range(min(step, _TURNS)):
        await asyncio.sleep(0)
    if step > _TURNS:
        await asyncio.wait([task], timeout=(step - _TURNS) / 2_000)
    task.cancel()
    await asyncio.wait([task])
