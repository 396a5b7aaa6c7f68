"""The contract, first part: one value is created, replaced and deleted, on exact conditions."""

from __future__ import annotations

from mintonce.stores.protocol import TokenStore
from mintonce.testing.contract_checks import (
    TTL,
    Contract,
    check,
    fresh_key,
    must_refuse,
    must_swap,
    same,
)

ODD_VALUES = (
    b"\0",
    b"\0tail",
    b"line\n",
    b"\r\nlines\r\n",
    b"  blanks \t",
    b"\xff\xfe not UTF-8",
    "\u00fcml\u00e4ut".encode(),
    b'"quoted" \\ %s {} $1 \x1b[0m',
    b"None",
    b"nil",
    bytes(range(256)),
)


class ValueChecks(Contract):
    """What a single caller may rely on."""

    @check
    async def test_what_nobody_wrote_is_absent(self, one: TokenStore, two: TokenStore) -> None:
        """A key under which nothing was put is read as None."""
        key = fresh_key()
        same(None, await one.read(key), "first handle")
        same(None, await two.read(key), "second handle")

    @check
    async def test_create_puts_the_value_there(self, one: TokenStore, two: TokenStore) -> None:
        """A swap with nothing as the old value creates, for both handles to read."""
        key = fresh_key()
        await must_swap(one, key, None, b"value")
        same(b"value", await one.read(key), "read by its writer")
        same(b"value", await two.read(key), "read by the other")

    @check
    async def test_create_refuses_what_exists(self, one: TokenStore, two: TokenStore) -> None:
        """Where a value is, nothing can be created, not even the same value."""
        key = fresh_key()
        await must_swap(one, key, None, b"first")
        await must_refuse(two, key, None, b"second")
        await must_refuse(one, key, None, b"first")

    @check
    async def test_replace_needs_the_old_value(self, one: TokenStore, two: TokenStore) -> None:
        """Whoever believes that something else is there is refused."""
        key = fresh_key()
        await must_swap(one, key, None, b"right")
        await must_refuse(one, key, b"wrong", b"new")
        await must_refuse(two, key, b"wrong", b"new")

    @check
    async def test_replace_compares_all_bytes(self, one: TokenStore, two: TokenStore) -> None:
        """An old value that is nearly right is wrong: a prefix, another case, a blank more."""
        key, long = fresh_key(), b"x" * 200_000
        await must_swap(one, key, None, b"Value-1")
        for nearly in (
            b"",
            b"Value",
            b"Value-",
            b"value-1",
            b"Value-1\n",
            b"Value-1 ",
            b" Value-1",
            b"Value-1\0",
        ):
            await must_refuse(two, key, nearly, b"new")
        await must_swap(two, key, b"Value-1", long + b"1")
        await must_refuse(one, key, long + b"2", b"new")

    @check
    async def test_replace_refuses_absence(self, one: TokenStore, two: TokenStore) -> None:
        """Where nothing is, nothing can be replaced, not even something empty."""
        key = fresh_key()
        await must_refuse(one, key, b"old", b"new")
        await must_refuse(two, key, b"", b"new")

    @check
    async def test_an_earlier_value_counts_no_more(self, one: TokenStore, two: TokenStore) -> None:
        """A value that was replaced is not an old value that a swap may name."""
        key = fresh_key()
        await must_swap(one, key, None, b"first")
        await must_swap(two, key, b"first", b"second")
        await must_refuse(one, key, b"first", b"third")

    @check
    async def test_the_same_bytes_count_again(self, one: TokenStore, two: TokenStore) -> None:
        """Values are compared, not versions: what returned to earlier bytes can be replaced."""
        key = fresh_key()
        for old, new in ((None, b"first"), (b"first", b"second"), (b"second", b"first")):
            await must_swap(one, key, old, new)
        await must_swap(two, key, b"first", b"third")

    @check
    async def test_a_value_can_replace_itself(self, one: TokenStore, two: TokenStore) -> None:
        """A swap of a value for the same value is done, and changes nothing that can be read."""
        key = fresh_key()
        await must_swap(one, key, None, b"value")
        await must_swap(two, key, b"value", b"value")
        same(b"value", await one.read(key), "the value")

    @check
    async def test_delete_removes_the_value(self, one: TokenStore, two: TokenStore) -> None:
        """A swap with nothing as the new value deletes, for both handles."""
        key = fresh_key()
        await must_swap(one, key, None, b"value")
        await must_swap(two, key, b"value", None)
        same(None, await one.read(key), "first handle")
        same(None, await two.read(key), "second handle")

    @check
    async def test_delete_needs_the_old_value(self, one: TokenStore, two: TokenStore) -> None:
        """Nobody deletes a value that he does not know."""
        key = fresh_key()
        await must_swap(one, key, None, b"right")
        await must_refuse(two, key, b"wrong", None)
        await must_refuse(two, key, b"", None)
        await must_refuse(two, key, None, None)

    @check
    async def test_deleting_what_is_absent(self, one: TokenStore, two: TokenStore) -> None:
        """Where nothing is, replacing nothing by nothing is done; deleting something is not."""
        key = fresh_key()
        await must_swap(one, key, None, None)
        await must_refuse(two, key, b"value", None)
        same(None, await one.read(key), "the value")

    @check
    async def test_what_was_deleted_can_be_created_again(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """Deleting leaves nothing behind that would be in the way."""
        key = fresh_key()
        await must_swap(one, key, None, b"first")
        await must_swap(one, key, b"first", None)
        await must_refuse(two, key, b"first", b"second")
        await must_swap(two, key, None, b"second")
        same(b"second", await one.read(key), "the value")

    @check
    async def test_answers_are_booleans(self, one: TokenStore, two: TokenStore) -> None:
        """A swap answers True or False: not 1, not None, not the value."""
        key = fresh_key()
        for store, old in ((one, None), (two, None), (one, b"value"), (two, b"other")):
            answer = await store.swap(key, old, b"value", ttl=TTL)
            same(bool, type(answer), "the type of the answer")

    @check
    async def test_empty_is_not_absent(self, one: TokenStore, two: TokenStore) -> None:
        """No bytes are a value: it is read, it is in the way of a create, it can be replaced."""
        key = fresh_key()
        await must_swap(one, key, None, b"")
        same(b"", await two.read(key), "the empty value")
        await must_refuse(two, key, None, b"new")
        await must_swap(two, key, b"", b"new")
        await must_swap(one, key, b"new", b"")
        await must_swap(two, key, b"", None)
        same(None, await one.read(key), "the deleted value")

    @check
    async def test_bytes_come_back_exactly(self, one: TokenStore, two: TokenStore) -> None:
        """Values are bytes, not text: nothing is decoded, stripped, quoted or translated."""
        key, old = fresh_key(), None
        for value in ODD_VALUES:
            await must_swap(one, key, old, value)
            same(value, await two.read(key), "the value that was written")
            same(bytes, type(await two.read(key)), "the type of the value")
            old = value

    @check
    async def test_large_values_are_kept(self, one: TokenStore, two: TokenStore) -> None:
        """64 KiB and 256 KiB go in and come out; a short value after them is short."""
        key, old = fresh_key(), None
        for value in (b"\x00\xff" * (32 << 10), b"\n{}\\" * (64 << 10), b"short"):
            await must_swap(one, key, old, value)
            same(len(value), len(await two.read(key) or b""), "the length")
            same(value, await two.read(key), "the value")
            old = value
