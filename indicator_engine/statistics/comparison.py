"""One group against its reference: differences and ratios of two proportions, with intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from indicator_engine.statistics.arrays import ArrayLike, BoolArray, FloatArray, ReasonArray
from indicator_engine.statistics.checks import checked_proportion_counts
from indicator_engine.statistics.intervals import Interval, normal_quantile
from indicator_engine.statistics.proportions import ratio_or_nan, wilson_interval
from indicator_engine.statistics.reasons import Reason, first_reason
from indicator_engine.statistics.score import score_difference_limits, score_ratio_limits


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """Each group against its reference; all arrays of one shape.

    estimate: difference or ratio, on the scale of proportions; nan where it is not defined.
    reasons: why an estimate or a limit is nan.
    """

    estimate: FloatArray
    interval: Interval
    reasons: ReasonArray


@dataclass(frozen=True, slots=True)
class _Pair:
    """Checked counts of the groups and of their references, of one shape."""

    events: FloatArray
    trials: FloatArray
    reference_events: FloatArray
    reference_trials: FloatArray

    def proportions(self) -> tuple[FloatArray, FloatArray]:
        return ratio_or_nan(self.events, self.trials), ratio_or_nan(self.reference_events, self.reference_trials)

    def has_an_empty_cell(self) -> BoolArray:
        has_no_events = (self.events == 0) | (self.reference_events == 0)
        has_all_events = (self.events == self.trials) | (self.reference_events == self.reference_trials)
        return np.asarray(has_no_events | has_all_events, dtype=np.bool_)

    def reasons(self, *further: tuple[BoolArray, Reason]) -> ReasonArray:
        is_missing = np.isnan(self.events + self.trials + self.reference_events + self.reference_trials)
        is_empty = (self.trials == 0) | (self.reference_trials == 0)
        return first_reason([(is_missing, Reason.MISSING_COUNT), (is_empty, Reason.ZERO_DENOMINATOR), *further])


def newcombe_difference(
    events: ArrayLike,
    trials: ArrayLike,
    reference_events: ArrayLike,
    reference_trials: ArrayLike,
    *,
    confidence: float = 0.95,
) -> GroupComparison:
    """Difference of proportions, group minus reference, with Newcombe's hybrid score interval.

    Counts: shapes that broadcast, 0 <= events <= trials; no trials gives nan and `zero_denominator`.
    Returns differences in [-1, 1]. Raises InvalidCounts with the first bad position.
    Source: Newcombe 1998, Statistics in Medicine 17, 873-890, method 10.
    Oracle: tests/oracles/data/inequality/two_group_statsmodels.json.
    """
    pair = _checked_pair(events, trials, reference_events, reference_trials)
    proportion, reference = pair.proportions()
    own = wilson_interval(pair.events, pair.trials, confidence=confidence)
    other = wilson_interval(pair.reference_events, pair.reference_trials, confidence=confidence)
    difference = proportion - reference
    below = np.hypot(proportion - own.lower, other.upper - reference)
    above = np.hypot(own.upper - proportion, reference - other.lower)
    return GroupComparison(difference, Interval(difference - below, difference + above), pair.reasons())


def score_difference(
    events: ArrayLike,
    trials: ArrayLike,
    reference_events: ArrayLike,
    reference_trials: ArrayLike,
    *,
    confidence: float = 0.95,
) -> GroupComparison:
    """Difference of proportions with the Miettinen-Nurminen score interval, without the n/(n-1) correction.

    Arguments, shapes and errors as `newcombe_difference`.
    Source: Miettinen and Nurminen 1985, Statistics in Medicine 4, 213-226.
    Oracle: tests/oracles/data/inequality/two_group_statsmodels.json.
    """
    pair = _checked_pair(events, trials, reference_events, reference_trials)
    proportion, reference = pair.proportions()
    limits = score_difference_limits(
        pair.events, pair.trials, pair.reference_events, pair.reference_trials, normal_quantile(confidence)
    )
    return GroupComparison(proportion - reference, limits, pair.reasons())


def katz_ratio(
    events: ArrayLike,
    trials: ArrayLike,
    reference_events: ArrayLike,
    reference_trials: ArrayLike,
    *,
    confidence: float = 0.95,
) -> GroupComparison:
    """Ratio of proportions, group over reference, with Katz's interval on the logarithm.

    A group without events has the ratio 0, the lower limit 0, no upper limit and `infinite_transform`;
    a reference without events has no ratio and `reference_zero`.
    Arguments, shapes and errors as `newcombe_difference`.
    Source: Katz et al. 1978, Biometrics 34, 469-474.
    Oracle: tests/oracles/data/inequality/two_group_comparison.json.
    """
    pair = _checked_pair(events, trials, reference_events, reference_trials)
    proportion, reference = pair.proportions()
    ratio = ratio_or_nan(proportion, reference)
    own_variance = ratio_or_nan(1 - proportion, pair.events)
    reference_variance = ratio_or_nan(1 - reference, pair.reference_events)
    factor = np.exp(normal_quantile(confidence) * np.sqrt(own_variance + reference_variance))
    lower = np.where(ratio == 0, 0.0, ratio / factor)
    reasons = pair.reasons(
        (pair.reference_events == 0, Reason.REFERENCE_ZERO), (pair.events == 0, Reason.INFINITE_TRANSFORM)
    )
    return GroupComparison(ratio, Interval(lower, ratio * factor), reasons)


def score_ratio(
    events: ArrayLike,
    trials: ArrayLike,
    reference_events: ArrayLike,
    reference_trials: ArrayLike,
    *,
    confidence: float = 0.95,
) -> GroupComparison:
    """Ratio of proportions with Koopman's score interval, defined for groups without events.

    A reference without events has neither ratio nor limits and `reference_zero`.
    Arguments, shapes and errors as `newcombe_difference`.
    Source: Koopman 1984, Biometrics 40, 513-517; Miettinen and Nurminen 1985, without the n/(n-1) correction.
    Oracle: tests/oracles/data/inequality/two_group_statsmodels.json.
    """
    pair = _checked_pair(events, trials, reference_events, reference_trials)
    ratio = ratio_or_nan(*pair.proportions())
    limits = score_ratio_limits(
        pair.events, pair.trials, pair.reference_events, pair.reference_trials, normal_quantile(confidence)
    )
    return GroupComparison(ratio, limits, pair.reasons((pair.reference_events == 0, Reason.REFERENCE_ZERO)))


def risk_ratio(
    events: ArrayLike,
    trials: ArrayLike,
    reference_events: ArrayLike,
    reference_trials: ArrayLike,
    *,
    confidence: float = 0.95,
) -> GroupComparison:
    """Ratio of proportions: Katz's interval, and the score interval where any of the four cells is zero.

    Arguments, shapes, reasons and errors as `score_ratio`.
    """
    pair = _checked_pair(events, trials, reference_events, reference_trials)
    counts = (pair.events, pair.trials, pair.reference_events, pair.reference_trials)
    katz = katz_ratio(*counts, confidence=confidence)
    is_sparse = pair.has_an_empty_cell()
    score = score_ratio(*(count[is_sparse] for count in counts), confidence=confidence)
    lower, upper, reasons = np.array(katz.interval.lower), np.array(katz.interval.upper), katz.reasons.copy()
    lower[is_sparse] = score.interval.lower
    upper[is_sparse] = score.interval.upper
    reasons[is_sparse] = score.reasons
    return replace(katz, interval=Interval(lower, upper), reasons=reasons)


def _checked_pair(
    events: ArrayLike, trials: ArrayLike, reference_events: ArrayLike, reference_trials: ArrayLike
) -> _Pair:
    own = checked_proportion_counts(events, trials)
    reference = checked_proportion_counts(reference_events, reference_trials)
    return _Pair(*np.broadcast_arrays(*own, *reference))
