"""The contract, second part: what is kept under one key has nothing to do with any other."""

from __future__ import annotations

from string import ascii_lowercase, digits

from mintonce.stores.protocol import TokenStore
from mintonce.testing.contract_checks import (
    Contract,
    check,
    fresh_key,
    must_swap,
    same,
)

LONGEST = 100


class KeyChecks(Contract):
    """What may be a key, and that keys do not mix."""

    @check
    async def test_similar_keys_do_not_mix(self, one: TokenStore, two: TokenStore) -> None:
        """Prefixes, suffixes, more hyphens and other digits are other keys."""
        key = fresh_key()
        await _do_not_mix(one, two, key, key[:-1], f"{key}0", f"{key}-", f"-{key}", f"{key}--0")
        await _do_not_mix(one, two, f"0{key}", f"00{key}", key.replace("-", ""), f"{key}-lock")

    @check
    async def test_the_longest_keys_do_not_mix(self, one: TokenStore, two: TokenStore) -> None:
        """Keys of 100 characters that differ in the first or the last one are two keys."""
        key = fresh_key().ljust(LONGEST - 1, "x")
        await _do_not_mix(one, two, f"{key}a", f"{key}b", f"a{key}", f"b{key}", key)

    @check
    async def test_every_character_makes_a_difference(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """All of ``a-z``, ``0-9`` and ``-`` can be in a key, and no two are taken for one."""
        key = fresh_key()
        await _do_not_mix(one, two, *(key + each for each in ascii_lowercase + digits + "-"))

    @check
    async def test_a_key_may_look_like_something_else(
        self, one: TokenStore, two: TokenStore
    ) -> None:
        """A key that starts like an option or a number, or is one long number, is only a key."""
        number = str(int(fresh_key().removeprefix("contract-"), 16))
        await _do_not_mix(
            one, two, number, f"0{number}", f"-{number}", f"--{number}", f"1e{number}"
        )

    @check
    async def test_deleting_one_leaves_the_others(self, one: TokenStore, two: TokenStore) -> None:
        """Deleting under a key touches nothing under keys that start alike."""
        key = fresh_key()
        keys = [key, f"{key}-a", f"{key}-b"]
        for each in keys:
            await must_swap(one, each, None, b"value")
        await must_swap(two, key, b"value", None)
        same([None, b"value", b"value"], [await one.read(each) for each in keys], "what is left")


async def _do_not_mix(one: TokenStore, two: TokenStore, *keys: str) -> None:
    for key in keys:
        same(None, await two.read(key), f"{key}, before it was written")
        await must_swap(one, key, None, key.encode())
    for key in keys:
        same(key.encode(), await two.read(key), f"{key}, after all were written")
