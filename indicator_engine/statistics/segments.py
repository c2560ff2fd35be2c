"""Many series of unequal length in one flat array: which points belong together, and sums over them.

A segment is one phase of one series. Nothing computed here ever looks across the end of a segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indicator_engine.statistics.arrays import ArrayLike, BoolArray, CountArray, FloatArray


@dataclass(frozen=True, slots=True)
class Segments:
    """The segments of a flat array of points.

    of_point: the number of each point's segment, shape (points,), rising from 0 without gaps.
    starts: the position of each segment's first point, shape (segments,).
    """

    of_point: CountArray
    starts: CountArray

    @property
    def number(self) -> int:
        """How many segments there are."""
        return len(self.starts)

    def sums(self, values: FloatArray) -> FloatArray:
        """The sum of each segment's values, shape (segments,)."""
        return np.asarray(np.bincount(self.of_point, weights=values, minlength=self.number), dtype=np.float64)

    def counts(self, mask: BoolArray) -> CountArray:
        """How many points of each segment the mask holds, shape (segments,)."""
        return np.bincount(self.of_point[mask], minlength=self.number)

    def medians(self, values: FloatArray, mask: BoolArray) -> FloatArray:
        """The median of each segment's masked values, shape (segments,); nan where it has none."""
        chosen, owner = values[mask], self.of_point[mask]
        ordered = chosen[np.lexsort((chosen, owner))]
        sizes = self.counts(mask)
        result = np.full(self.number, np.nan)
        is_filled = sizes > 0
        first = (np.cumsum(sizes) - sizes)[is_filled]
        below, above = first + (sizes[is_filled] - 1) // 2, first + sizes[is_filled] // 2
        result[is_filled] = (ordered[below] + ordered[above]) / 2
        return result

    def last_points(self) -> CountArray:
        """The position of each segment's last point, shape (segments,)."""
        return np.append(self.starts, len(self.of_point))[1:] - 1


def segments_of(series: ArrayLike, phases: ArrayLike | None = None) -> Segments:
    """The segments of points that carry the number of their series and, when given, of their phase.

    series, phases: shape (points,), whole numbers; the points of one series stand together in the order of time,
    and gaps in time stand in the array as points without a value.
    Raises ValueError where a series and phase begin a second time.
    """
    series_numbers = np.asarray(series, dtype=np.int64)
    phase_numbers = np.zeros_like(series_numbers) if phases is None else np.asarray(phases, dtype=np.int64)
    is_start = np.ones(len(series_numbers), dtype=np.bool_)
    is_start[1:] = (np.diff(series_numbers) != 0) | (np.diff(phase_numbers) != 0)
    starts = np.flatnonzero(is_start)
    pairs = np.stack([series_numbers[starts], phase_numbers[starts]], axis=1)
    if len(np.unique(pairs, axis=0)) != len(starts):
        raise ValueError("the points of one series and phase do not stand together; sort by series, then by time")
    return Segments(of_point=np.cumsum(is_start) - 1, starts=starts)
