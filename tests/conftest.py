"""What holds for the whole suite."""

from __future__ import annotations

from hypothesis import settings

# No deadline for an example: on a busy machine it would only tell how busy the machine is.
# The same examples each time: a red run can be run again, and is red again.
settings.register_profile("mintonce", deadline=None, derandomize=True, database=None)
settings.load_profile("mintonce")
