"""Run many fleets, or one of them again and see all that happens."""

from __future__ import annotations

import argparse
import gc
import itertools
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from simulation.run import Outcome, simulate

_TOGETHER = 50  # runs that one process is given at a time


def main() -> None:
    """Do what the command line says."""
    arguments = _arguments()
    if arguments.seed is not None:
        outcome = simulate(arguments.seed, write=print)
        print(outcome)  # noqa: T201 - a program
        sys.exit(bool(outcome.violations))
    sys.exit(_many(arguments.first, arguments.runs, arguments.seconds))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one, and print all that happens")
    parser.add_argument("--first", type=int, default=1, help="the first seed of many")
    parser.add_argument("--runs", type=int, default=20_000, help="how many runs")
    parser.add_argument("--seconds", type=float, help="go on for so long instead")
    return parser.parse_args()


def _many(first: int, runs: int, seconds: float | None) -> int:
    started = time.monotonic()
    numbers = itertools.count(first) if seconds else range(first, first + runs)
    done, broken = [], 0
    for seed, outcome in _outcomes(iter(numbers)):
        done.append(outcome)
        if outcome.violations:
            broken += 1
            print(f"seed {seed}:", *outcome.violations, sep="\n    ")  # noqa: T201 - a program
        if seconds and time.monotonic() - started > seconds:
            break
    days = sum(outcome.seconds for outcome in done) / 86_400
    print(  # noqa: T201 - a program
        f"{len(done)} runs, {days:.0f} days of made-up time in"
        f" {time.monotonic() - started:.0f} s: {sum(o.served for o in done)} tokens handed out,"
        f" {sum(o.refused for o in done)} errors, {sum(o.requests for o in done)} token requests,"
        f" {broken} runs in which a promise was broken"
    )
    return min(broken, 1)


def _outcomes(seeds: Iterator[int]) -> Iterator[tuple[int, Outcome]]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        waiting = [pool.submit(_some, part) for part in itertools.islice(_parts(seeds), 8)]
        rest = _parts(seeds)
        while waiting:
            yield from waiting.pop(0).result()
            waiting.extend(pool.submit(_some, part) for part in itertools.islice(rest, 1))


def _parts(seeds: Iterator[int]) -> Iterator[tuple[int, ...]]:
    while part := tuple(itertools.islice(seeds, _TOGETHER)):
        yield part


def _some(seeds: tuple[int, ...]) -> list[tuple[int, Outcome]]:
    gc.disable()  # once after all of them takes a tenth less time
    outcomes = [(seed, simulate(seed)) for seed in seeds]
    gc.collect()
    return outcomes


if __name__ == "__main__":
    main()
