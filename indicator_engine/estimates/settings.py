"""What an estimate depends on beside the counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from indicator_engine.counts import MonthRange


@dataclass(frozen=True, slots=True)
class EstimateSettings:
    """What an estimate depends on beside the counts.

    as_of: the day on which it is made; periods that are not mature by then are pending.
    submission_lag_days: how long after the end of a period its records keep coming.
    months: months to report on, both ends; whole periods inside it alone are reported.
    baseline_points: how many of the first points of a chart set its limits.
    """

    reporter: str
    as_of: date
    months: MonthRange
    subject_of: Mapping[str, str] = field(default_factory=dict)
    submission_lag_days: int = 28
    confidence: float = 0.95
    baseline_points: int = 24
