"""Medians of work and its floor, run alternately in one process, so that noise of the machine falls on both."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Work = Callable[[], object]


def median_seconds(works: Mapping[str, Work], *, repeats: int, is_warm: bool = False) -> dict[str, float]:
    """Median wall-clock seconds of each piece of work over `repeats` rounds.

    Every round runs all of them, beginning with another one each time. One round before them is not timed, unless
    the caller has run the work already (`is_warm`). What a run leaves behind is collected before the next one begins.
    """
    names = list(works)
    for work in () if is_warm else works.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in names}
    with _without_collection():
        for round_number in range(repeats):
            first = round_number % len(names)
            for name in (*names[first:], *names[:first]):
                taken[name].append(_seconds_of(works[name]))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _seconds_of(work: Work) -> float:
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def _without_collection() -> Iterator[None]:
    """The cyclic garbage collector off, for work and floor alike, as the bulk ingest has it off within a batch."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.freeze()  # what lives already need not be looked at again between two timings
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()
