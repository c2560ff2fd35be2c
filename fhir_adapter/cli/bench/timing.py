"""Medians of work and its floor, run alternately in one process, so that noise of the machine falls on both."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]


def median_seconds(works: Mapping[str, Work], *, repeats: int, is_warm: bool = False) -> dict[str, float]:
    """Median wall-clock seconds of each piece of work over `repeats` rounds.

    Every round runs all of them, beginning with another one each time. One round before them is not timed, unless
    the caller has run the work already (`is_warm`).
    """
    names = list(works)
    for work in () if is_warm else works.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in names}
    for round_number in range(repeats):
        first = round_number % len(names)
        for name in (*names[first:], *names[:first]):
            taken[name].append(seconds_of(works[name]))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def seconds_of(work: Work) -> float:
    """Wall-clock seconds of one run.

    The cyclic garbage collector collects everything before and is off meanwhile, for work and floor alike, as the
    bulk ingest has it off within a batch.
    """
    gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started
    finally:
        if was_enabled:
            gc.enable()
