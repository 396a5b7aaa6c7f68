"""The one script of the store: compare, replace and tell, which the server does in one step."""

from __future__ import annotations

import hashlib
import math

SWAP = b"""\
local there = redis.call('GET', KEYS[1])
if ARGV[1] == 'absent' then
  if there then return 0 end
elseif there ~= ARGV[2] then
  return 0
end
local done
if ARGV[3] == 'absent' then
  redis.call('PUBLISH', ARGV[6], '')
  done = redis.pcall('DEL', KEYS[1])
else
  redis.call('PUBLISH', ARGV[6], redis.sha1hex(ARGV[4]))
  done = redis.pcall('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
end
if type(done) == 'table' and done.err then
  redis.call('PUBLISH', ARGV[6], there and redis.sha1hex(there) or '')
  return done
end
return 1
"""
# A script that fails half-way is not rolled back. So the message comes first, which may fail for
# want of a permission, and is taken back if there is no memory for the value: an error always means
# that nothing was changed. Nobody hears of anything before the script has ended.

SHA = hashlib.sha1(SWAP, usedforsecurity=False).hexdigest().encode()
"""The name under which the server remembers the script."""

_LONGEST = 100 * 365 * 86_400.0  # seconds; the server refuses what exceeds 64 bits of milliseconds


def arguments(
    name: bytes, channel: bytes, old: bytes | None, new: bytes | None, ttl: float
) -> tuple[bytes, ...]:
    """Return what the script is given: the number of keys, the key, and its arguments."""
    seconds = min(max(0.0, ttl), _LONGEST)  # in this order, what is no number is none
    milliseconds = max(1, math.ceil(seconds * 1_000))
    return (b"1", name, *_optional(old), *_optional(new), b"%d" % milliseconds, channel)


def digest(value: bytes | None) -> bytes:
    """Return what the script tells of a value, which is nothing that could be used as one."""
    if value is None:
        return b""
    return hashlib.sha1(value, usedforsecurity=False).hexdigest().encode()


def _optional(value: bytes | None) -> tuple[bytes, bytes]:
    return (b"absent", b"") if value is None else (b"present", value)
