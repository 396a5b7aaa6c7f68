"""What a benchmark reports, and how it is shown."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

_HEAD = ("what", "measured", "bar", "")


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured.

    Attributes:
        what: What it is, for people.
        value: What came out.
        unit: ``x`` for a ratio, ``ms``, ``s``; empty for a count.
        bar: What it must not exceed; None for a figure that only stands beside another.

    """

    what: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None where there is none."""
        return None if self.bar is None else self.value <= self.bar

    def cells(self) -> tuple[str, str, str, str]:
        """One row of a table."""
        bar = "" if self.bar is None else f"≤ {self.bar:g} {self.unit}".rstrip()
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        return self.what, f"{_rounded(self.value)} {self.unit}".rstrip(), bar, verdict

    def members(self) -> Mapping[str, Any]:
        """The same for a program."""
        return {**asdict(self), "met": self.met}


def machine() -> str:
    """Where the figures come from."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def as_text(figures: Iterable[Figure]) -> str:
    """A table for a terminal."""
    rows = [_HEAD, *(figure.cells() for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (zip(row, widths, strict=True) for row in rows)
    return "\n".join("  ".join(f"{cell:{width}}" for cell, width in line) for line in lines)


def as_markdown(figures: Iterable[Figure]) -> str:
    """A table for ``README.md``."""
    rows = [_HEAD, ("---", "---:", "---:", "---"), *(figure.cells() for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _rounded(value: float) -> str:
    """Three digits tell enough; what is whole has no fraction."""
    fraction = 2 - math.floor(math.log10(abs(value))) if value % 1 else 0
    return f"{value:.{max(fraction, 0)}f}"
