"""Slope and relative index of inequality over ordered groups, many sets of groups at once.

Groups are placed on the scale from 0 (most disadvantaged) to 1 by their share of the population (ridit); a model of
the proportion over that scale is read at both ends: SII = p(1) - p(0), RII = p(1) / p(0). A negative SII and an RII
below 1 mean that the outcome is more frequent among the disadvantaged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy.special import expit, stdtrit

from indicator_engine.statistics.arrays import ArrayLike, BoolArray, CountArray, FloatArray, ReasonArray
from indicator_engine.statistics.checks import checked_proportion_counts
from indicator_engine.statistics.intervals import Interval, normal_quantile
from indicator_engine.statistics.line_fit import LineFit, fit_linear, fit_logit
from indicator_engine.statistics.proportions import ratio_or_nan
from indicator_engine.statistics.reasons import Reason, first_reason

FEWEST_GROUPS = 3  # two groups are a difference, not a slope
FEWEST_GROUPS_TO_JUDGE = 5  # with fewer, misfit cannot be told from slope: describe only


class SlopeVariance(StrEnum):
    """How the standard errors of a slope index are made."""

    SCALED_MODEL = "scaled_model"
    """The binomial model's, times sqrt(max(1, phi)); t with k - 2 degrees of freedom where phi > 1."""
    MODEL = "model"
    """The binomial model's alone."""
    HC1 = "hc1"
    """The sandwich with k / (k - 2), as the WHO tools give it."""


@dataclass(frozen=True, slots=True)
class SlopeIndices:
    """Slope (SII) and relative (RII) index of inequality of each set; every array has shape (sets,).

    sii: difference of proportions in [-1, 1]. rii: their ratio. Standard errors belong to sii and to log(rii).
    phi: Pearson chi-squared over k - 2. groups_used, groups_missing: groups with and without trials.
    descriptive_only: fewer than five groups, so no judgement may rest on the interval.
    reasons: why a value or a limit is nan.
    """

    sii: FloatArray
    sii_interval: Interval
    sii_standard_error: FloatArray
    rii: FloatArray
    rii_interval: Interval
    log_rii_standard_error: FloatArray
    intercept: FloatArray
    slope: FloatArray
    phi: FloatArray
    groups_used: CountArray
    groups_missing: CountArray
    descriptive_only: BoolArray
    reasons: ReasonArray


@dataclass(frozen=True, slots=True)
class _Ends:
    """The model read at both ends of the scale, with gradients by intercept and slope, shape (sets, 2)."""

    sii: FloatArray
    sii_gradient: FloatArray
    rii: FloatArray
    log_rii_gradient: FloatArray


def slope_index(
    events: ArrayLike,
    trials: ArrayLike,
    order: ArrayLike,
    *,
    confidence: float = 0.95,
    variance: SlopeVariance = SlopeVariance.SCALED_MODEL,
) -> SlopeIndices:
    """SII and RII of each set by binomial logit regression on the ridit, each count weighted once.

    events, trials: shape (sets, groups), nan or no trials for an absent group. order: (groups,) or (sets, groups),
    lowest = most disadvantaged; groups of equal order share one ridit; groups may stand in any order in memory.
    All groups equal gives SII 0 and RII 1. Intervals by the delta method, on the logarithm for RII.
    Null with a reason: `too_few_groups` below three groups, `no_events`, `no_variation` (limits only, all events),
    `separated_groups` where the maximum likelihood lies at infinity, `not_converged`, `infinite_transform` (limits of
    the RII beyond the range of doubles).
    Raises InvalidCounts with the first bad position.
    Source: Mackenbach and Kunst 1997, Soc Sci Med 44, 757-771; WHO, Handbook on health inequality monitoring 2013.
    Oracle: tests/oracles/data/inequality/who_sii_rii.json (recommended_counts_once).
    """
    event_counts, trial_counts, ranks = _padded_groups(events, trials, order)
    fit = fit_logit(event_counts, trial_counts, ranks)
    quantile, inflation = _widening(fit, variance, confidence)
    covariance = fit.robust_covariance if variance is SlopeVariance.HC1 else fit.model_covariance
    all_events, all_trials = event_counts.sum(axis=1), trial_counts.sum(axis=1)
    rulings = [
        (fit.groups_used < FEWEST_GROUPS, Reason.TOO_FEW_GROUPS),
        (all_events == 0, Reason.NO_EVENTS),
        (all_events == all_trials, Reason.NO_VARIATION),
        (fit.is_separated, Reason.SEPARATED_GROUPS),
        (~fit.has_converged, Reason.NOT_CONVERGED),
    ]
    indices = _indices(fit, _logit_ends(fit), inflation[:, None, None] * covariance, quantile, first_reason(rulings))
    return _with_constant_ends(indices, all_events, all_trials)


def linear_slope_index(
    events: ArrayLike, trials: ArrayLike, order: ArrayLike, *, confidence: float = 0.95
) -> SlopeIndices:
    """SII and RII of each set by a straight line through the proportions, weighted by the trials.

    Arguments, shapes and errors as `slope_index`; standard errors are the HC1 sandwich, intervals normal.
    RII is null with `prediction_not_positive` where the line leaves the positive numbers at an end.
    Source: Low and Low 2004, J Public Health 26, 390-395; the linear option of the WHO tools.
    Oracle: tests/oracles/data/inequality/who_sii_rii.json (linear).
    """
    event_counts, trial_counts, ranks = _padded_groups(events, trials, order)
    fit = fit_linear(event_counts, trial_counts, ranks)
    ends = _linear_ends(fit)
    rulings = [
        (fit.groups_used < FEWEST_GROUPS, Reason.TOO_FEW_GROUPS),
        (np.isnan(ends.rii), Reason.PREDICTION_NOT_POSITIVE),
    ]
    quantile = np.full(fit.slope.shape, normal_quantile(confidence))
    return _indices(fit, ends, fit.robust_covariance, quantile, first_reason(rulings))


def ridit(trials: FloatArray, order: FloatArray) -> FloatArray:
    """Each group's place in the population, (trials before it + half its own) / all trials, shape (sets, groups).

    Groups of equal order share the middle of their merged block; nan in a set without trials.
    """
    is_before = order[:, None, :] < order[:, :, None]
    is_tied = order[:, None, :] == order[:, :, None]
    below = np.einsum("sij,sj->si", is_before + 0.5 * is_tied, trials)
    total = trials.sum(axis=1, keepdims=True)
    return np.asarray(below / np.where(total == 0, np.nan, total), dtype=np.float64)


def _padded_groups(events: ArrayLike, trials: ArrayLike, order: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Events, trials and ridits, shape (sets, groups), with zero events and trials where a group is absent."""
    event_counts, trial_counts = checked_proportion_counts(events, trials)
    is_absent = np.isnan(event_counts) | np.isnan(trial_counts)
    event_counts, trial_counts = np.where(is_absent, 0.0, event_counts), np.where(is_absent, 0.0, trial_counts)
    orders = np.broadcast_to(np.asarray(order, dtype=np.float64), trial_counts.shape)
    return event_counts, trial_counts, ridit(trial_counts, orders)


def _widening(fit: LineFit, variance: SlopeVariance, confidence: float) -> tuple[FloatArray, FloatArray]:
    """The quantile of each set and the factor on its variance."""
    quantile = np.full(fit.phi.shape, normal_quantile(confidence))
    if variance is not SlopeVariance.SCALED_MODEL:
        return quantile, np.ones_like(quantile)
    is_overdispersed = fit.phi > 1
    degrees = np.maximum(fit.groups_used - 2, 1)
    student = stdtrit(degrees, (1 + confidence) / 2)
    return np.where(is_overdispersed, student, quantile), np.where(is_overdispersed, fit.phi, 1.0)


def _logit_ends(fit: LineFit) -> _Ends:
    bottom, top = expit(fit.intercept), expit(fit.intercept + fit.slope)
    top_spread, bottom_spread = top * (1 - top), bottom * (1 - bottom)
    return _Ends(
        sii=top - bottom,
        sii_gradient=np.stack([top_spread - bottom_spread, top_spread], axis=1),
        rii=ratio_or_nan(top, bottom),
        log_rii_gradient=np.stack([bottom - top, 1 - top], axis=1),
    )


def _linear_ends(fit: LineFit) -> _Ends:
    bottom, top = fit.intercept, fit.intercept + fit.slope
    has_ratio = (bottom > 0) & (top > 0)
    bottom, top = np.where(has_ratio, bottom, np.nan), np.where(has_ratio, top, np.nan)
    ones = np.ones_like(fit.slope)
    return _Ends(
        sii=fit.slope,
        sii_gradient=np.stack([0 * ones, ones], axis=1),
        rii=top / bottom,
        log_rii_gradient=np.stack([1 / top - 1 / bottom, 1 / top], axis=1),
    )


def _indices(
    fit: LineFit, ends: _Ends, covariance: FloatArray, quantile: FloatArray, reasons: ReasonArray
) -> SlopeIndices:
    sii_error = _delta_standard_error(ends.sii_gradient, covariance)
    log_rii_error = _delta_standard_error(ends.log_rii_gradient, covariance)
    factor = _finite_exponential(quantile * log_rii_error)
    is_beyond_range = np.isnan(factor) & ~np.isnan(log_rii_error) & (reasons == Reason.COMPUTED)
    return SlopeIndices(
        sii=ends.sii,
        sii_interval=Interval(ends.sii - quantile * sii_error, ends.sii + quantile * sii_error),
        sii_standard_error=sii_error,
        rii=ends.rii,
        rii_interval=Interval(ends.rii / factor, ends.rii * factor),
        log_rii_standard_error=log_rii_error,
        intercept=fit.intercept,
        slope=fit.slope,
        phi=fit.phi,
        groups_used=fit.groups_used,
        groups_missing=fit.groups_missing,
        descriptive_only=fit.groups_used < FEWEST_GROUPS_TO_JUDGE,
        reasons=np.where(is_beyond_range, Reason.INFINITE_TRANSFORM.value, reasons),
    )


def _with_constant_ends(indices: SlopeIndices, all_events: FloatArray, all_trials: FloatArray) -> SlopeIndices:
    """SII 0 where nobody or everybody had the event, RII 1 where everybody had: no model is needed to say so."""
    has_groups = indices.groups_used >= FEWEST_GROUPS
    has_none, has_all = has_groups & (all_events == 0), has_groups & (all_events == all_trials)
    return replace(
        indices,
        sii=np.where(has_none | has_all, 0.0, indices.sii),
        rii=np.where(has_all, 1.0, indices.rii),
    )


def _finite_exponential(exponents: FloatArray) -> FloatArray:
    """The exponential; nan, never infinity, beyond the range of doubles."""
    with np.errstate(over="ignore"):
        exponentials = np.exp(exponents)
    return np.where(np.isinf(exponentials), np.nan, exponentials)


def _delta_standard_error(gradient: FloatArray, covariance: FloatArray) -> FloatArray:
    variance = np.einsum("si,sij,sj->s", gradient, covariance, gradient)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)), dtype=np.float64)
