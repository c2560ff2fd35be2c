"""What may be published, as values: made by this package alone, and all that reports are built from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ReportStatus(StrEnum):
    """`pending` until the period is mature: counts so far, no chart point, no traffic light."""

    COMPLETE = "complete"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class DisclosedFlagged:
    """Those of a cell whom an open conflict between sources leaves in doubt, and how far the rate could move.

    population, denominator, numerator: None means masked. share: of the denominator. low, high: the rate if all open
    conflicts fell one way or the other, computed from disclosed counts. withheld: why nothing is said; None where
    something is.
    """

    population: int | None
    denominator: int | None
    numerator: int | None
    share: float | None
    low: float | None
    high: float | None
    withheld: str | None


NOBODY = DisclosedFlagged(0, 0, 0, None, None, None, None)


@dataclass(frozen=True, slots=True)
class DisclosedGate:
    """A gate of data quality that guards an indicator and failed in a month of a report.

    value: the share (or number of events) in `month`, the latest in which it failed, to few figures. least,
    most: limits, inclusive; more_than: exclusive.
    """

    gate: str
    title: str
    value: float
    least: float | None
    more_than: float | None
    most: float | None
    least_events: int | None
    month: date
    months_failed: int


@dataclass(frozen=True, slots=True)
class DisclosedCell:
    """Counts of one stratum as they may be published.

    population, denominator, numerator: None means masked, never unknown and never zero.
    value, low, high: proportion 0..1 computed from the disclosed counts of this cell; None when a count is
    masked or when the disclosed denominator is 0 (`undefined`).
    """

    dimension: str
    stratum: str
    population: int | None
    denominator: int | None
    numerator: int | None
    value: float | None
    low: float | None
    high: float | None
    flagged: DisclosedFlagged = NOBODY

    @property
    def masked(self) -> bool:
        """Whether any count of the cell is withheld."""
        return self.population is None or self.denominator is None or self.numerator is None


@dataclass(frozen=True, slots=True)
class DisclosedStatistic:
    """An inequality statistic of one dimension, rounded, or the reason why it is withheld.

    type: difference, ratio, sii, rii. stratum, reference: the two strata compared, None for measures over all strata.
    start, end: the pooled period it was estimated on, which may be longer than the report.
    low, high: None also where an interval would not bear a judgement (fewer than five groups) or has no end.
    withheld: why there is no value; None exactly when there is one.
    status: traffic light of a two-group gap (red, amber, green, grey); None elsewhere and for neutral indicators.
    """

    dimension: str
    type: str
    method: str
    stratum: str | None
    reference: str | None
    reference_policy: str | None
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    strata_used: int
    start: date
    end: date
    status: str | None
    withheld: str | None


@dataclass(frozen=True, slots=True)
class DisclosedSpcPoint:
    """What the chart said of one period when it was released.

    chart: p or g. centre, lower, upper: proportions 0..1 rounded to three significant figures, None when withheld;
    lower and upper also where the denominator of the period is masked.
    signals: the rules that this point itself completed, e.g. `above-upper-limit`, `shift-above`.
    variation: common-cause, special-cause-improvement, special-cause-concern, special-cause-neutral; for a rare
    indicator (chart g) no-signal, more-frequent, less-frequent; None when not ruled.
    provisional: fewer points than the profile asks for.
    """

    chart: str
    profile: str
    baseline_start: date | None
    baseline_end: date | None
    centre: float | None
    lower: float | None
    upper: float | None
    signals: tuple[str, ...]
    variation: str | None
    provisional: bool
    withheld: str | None


@dataclass(frozen=True, slots=True)
class DisclosedSeriesPoint:
    """One period of the whole current chart: disclosed value, rounded limits, membership of runs.

    flags, variation: as the chart reads today, so that every point of a run carries it from its first.
    """

    start: date
    end: date
    value: float | None
    centre: float | None
    lower: float | None
    upper: float | None
    flags: tuple[str, ...]
    variation: str | None


@dataclass(frozen=True, slots=True)
class DisclosedReport:
    """All that may be published of one indicator version, one subject and one period.

    subject: organisation code. length: P1M, P3M or P1Y. cells: the whole first (dimension `all`), then the strata
    of each dimension in order. series: only on the latest report of a charted series.
    """

    indicator: str
    version: str
    subject: str
    start: date
    end: date
    length: str
    status: ReportStatus
    cells: tuple[DisclosedCell, ...]
    statistics: tuple[DisclosedStatistic, ...]
    spc: DisclosedSpcPoint | None
    series: tuple[DisclosedSeriesPoint, ...]
    failed_gates: tuple[DisclosedGate, ...] = ()


@dataclass(frozen=True, slots=True)
class DisclosedTable:
    """Every report of one evaluation after one disclosure preset; ordered by indicator, subject, length, start."""

    preset: str
    audience: str
    reports: tuple[DisclosedReport, ...]
