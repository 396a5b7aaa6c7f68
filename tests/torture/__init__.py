"""What every run of the suite is put through: the event loop of one's choice, and detectors.

A test fails that makes this package block an event loop, that leaves something for the garbage
collector to complain about, or that leaves a task of this package behind on its loop.
"""

from torture.blocking import may_block
from torture.leftovers import may_leave
from torture.loops import prepared
from torture.offences import watched

__all__ = ["may_block", "may_leave", "prepared", "watched"]
