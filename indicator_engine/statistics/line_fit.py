"""Two-parameter lines through grouped proportions, fitted to many sets of groups at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from indicator_engine.statistics.arrays import BoolArray, CountArray, FloatArray
from indicator_engine.statistics.proportions import ratio_or_nan

MOST_ITERATIONS = 200
CONVERGED_STEP = 1e-10  # of the parameter's own size
LONGEST_STEP = 8.0  # on the logit scale: a longer Newton step overshoots into fitted proportions of 0 and 1


@dataclass(frozen=True, slots=True)
class LineFit:
    """Intercept and slope of each set, shape (sets,), with covariances, shape (sets, 2, 2); nan where not fitted.

    robust_covariance is the HC1 sandwich; phi the Pearson chi-squared over k - 2, nan for two groups or fewer.
    is_separated: the groups split events from non-events, so that the maximum likelihood lies at infinity.
    """

    intercept: FloatArray
    slope: FloatArray
    model_covariance: FloatArray
    robust_covariance: FloatArray
    phi: FloatArray
    groups_used: CountArray
    groups_missing: CountArray
    is_separated: BoolArray
    has_converged: BoolArray


@dataclass(frozen=True, slots=True)
class _Groups:
    """Counts and ranks of sets that have a finite maximum, shape (sets, groups)."""

    events: FloatArray
    trials: FloatArray
    ranks: FloatArray

    def log_likelihood(self, line: FloatArray) -> FloatArray:
        linear = line[:, :1] + line[:, 1:] * self.ranks
        return np.asarray((self.events * linear - self.trials * np.logaddexp(0.0, linear)).sum(axis=1))

    def fitted(self, line: FloatArray) -> FloatArray:
        return np.asarray(expit(line[:, :1] + line[:, 1:] * self.ranks), dtype=np.float64)


def fit_logit(events: FloatArray, trials: FloatArray, ranks: FloatArray) -> LineFit:
    """Binomial logit of each set's proportions on the ranks by maximum likelihood (Newton, damped).

    events, trials, ranks: shape (sets, groups); a group without trials takes no part. Sets of fewer than three
    groups, without events, without non-events, or separated stay nan.
    """
    is_used = trials > 0
    groups_used = is_used.sum(axis=1)
    is_separated = _are_separated(events, trials, ranks)
    can_be_fitted = (groups_used > 2) & ~is_separated
    line = np.full((trials.shape[0], 2), np.nan)
    has_converged = np.zeros(trials.shape[0], dtype=np.bool_)
    fitted_sets = _Groups(events[can_be_fitted], trials[can_be_fitted], ranks[can_be_fitted])
    line[can_be_fitted], has_converged[can_be_fitted] = _maximise(fitted_sets)
    line[~has_converged] = np.nan
    groups = _Groups(events, trials, ranks)
    residuals = groups.events - groups.trials * groups.fitted(line)
    spread = groups.fitted(line) * (1 - groups.fitted(line)) * groups.trials
    bread = _inverse(_moments(spread, ranks))
    chi_squared = np.where(is_used, ratio_or_nan(residuals**2, spread), 0.0).sum(axis=1)
    return LineFit(
        intercept=line[:, 0],
        slope=line[:, 1],
        model_covariance=bread,
        robust_covariance=_sandwich(bread, residuals, ranks, groups_used),
        phi=ratio_or_nan(chi_squared, np.maximum(groups_used - 2.0, 0.0)),
        groups_used=groups_used,
        groups_missing=trials.shape[1] - groups_used,
        is_separated=is_separated,
        has_converged=has_converged,
    )


def fit_linear(events: FloatArray, trials: FloatArray, ranks: FloatArray) -> LineFit:
    """Least squares of each set's proportions on the ranks, weighted by the trials; closed form.

    Arguments as `fit_logit`. model_covariance takes its variance from the residuals; phi is that variance.
    """
    is_used = trials > 0
    groups_used = is_used.sum(axis=1)
    can_be_fitted = groups_used > 2
    weights = np.where(can_be_fitted[:, None], trials, np.nan)
    bread = _inverse(_moments(weights, ranks))
    counted = np.where(is_used, events, 0.0)
    line = np.einsum("sij,sj->si", bread, np.stack([counted.sum(axis=1), (counted * ranks).sum(axis=1)], axis=1))
    residuals = counted - weights * (line[:, :1] + line[:, 1:] * ranks)
    squares = np.where(is_used, ratio_or_nan(residuals**2, weights), 0.0).sum(axis=1)
    residual_variance = ratio_or_nan(squares, np.maximum(groups_used - 2.0, 0.0))
    return LineFit(
        intercept=line[:, 0],
        slope=line[:, 1],
        model_covariance=residual_variance[:, None, None] * bread,
        robust_covariance=_sandwich(bread, residuals, ranks, groups_used),
        phi=residual_variance,
        groups_used=groups_used,
        groups_missing=trials.shape[1] - groups_used,
        is_separated=np.zeros(trials.shape[0], dtype=np.bool_),
        has_converged=can_be_fitted,
    )


def _maximise(groups: _Groups) -> tuple[FloatArray, BoolArray]:
    all_events, all_trials = groups.events.sum(axis=1), groups.trials.sum(axis=1)
    line = np.stack([logit(ratio_or_nan(all_events, all_trials)), 0.0 * all_events], axis=1)
    likelihood = groups.log_likelihood(line)
    damping = np.ones(line.shape[0])
    has_converged = _are_constant(groups)
    for _ in range(MOST_ITERATIONS):
        step = np.where(has_converged[:, None], 0.0, _newton_step(groups, line))
        candidate = line + damping[:, None] * step
        candidate_likelihood = groups.log_likelihood(candidate)
        # The slack lets the last steps pass, whose gain is below the rounding of the sum.
        is_better = candidate_likelihood >= likelihood - 1e-9 * np.abs(likelihood)
        line = np.where(is_better[:, None], candidate, line)
        likelihood = np.where(is_better, candidate_likelihood, likelihood)
        damping = np.where(is_better, np.minimum(1.0, 2 * damping), damping / 2)
        has_converged |= np.all(np.abs(step) < CONVERGED_STEP * (1 + np.abs(line)), axis=1)
        if has_converged.all():
            break
    return line, has_converged


def _newton_step(groups: _Groups, line: FloatArray) -> FloatArray:
    fitted = groups.fitted(line)
    residuals = groups.events - groups.trials * fitted
    gradient = np.stack([residuals.sum(axis=1), (residuals * groups.ranks).sum(axis=1)], axis=1)
    information = _moments(groups.trials * fitted * (1 - fitted), groups.ranks)
    step = np.einsum("sij,sj->si", _inverse(information), gradient)
    longest = np.abs(step).max(axis=1, keepdims=True, initial=LONGEST_STEP)
    return np.asarray(step * (LONGEST_STEP / longest), dtype=np.float64)


def _are_constant(groups: _Groups) -> BoolArray:
    """Sets whose proportions are all equal, decided on whole numbers: their slope is exactly zero."""
    all_events = groups.events.sum(axis=1, keepdims=True)
    all_trials = groups.trials.sum(axis=1, keepdims=True)
    return np.asarray(np.all(groups.events * all_trials == all_events * groups.trials, axis=1), dtype=np.bool_)


def _are_separated(events: FloatArray, trials: FloatArray, ranks: FloatArray) -> BoolArray:
    """Sets where no rank lies strictly between: the overlap that a finite maximum needs is missing."""
    has_events, has_others = events > 0, events < trials
    highest_event = np.where(has_events, ranks, -np.inf).max(axis=1, initial=-np.inf)
    lowest_event = np.where(has_events, ranks, np.inf).min(axis=1, initial=np.inf)
    highest_other = np.where(has_others, ranks, -np.inf).max(axis=1, initial=-np.inf)
    lowest_other = np.where(has_others, ranks, np.inf).min(axis=1, initial=np.inf)
    return np.asarray((highest_event <= lowest_other) | (highest_other <= lowest_event), dtype=np.bool_)


def _moments(weights: FloatArray, ranks: FloatArray) -> FloatArray:
    """Sums of weight, weight times rank and weight times rank squared as matrices, shape (sets, 2, 2)."""
    total = weights.sum(axis=1)
    first, second = (weights * ranks).sum(axis=1), (weights * ranks**2).sum(axis=1)
    return np.stack([np.stack([total, first], axis=1), np.stack([first, second], axis=1)], axis=1)


def _inverse(matrices: FloatArray) -> FloatArray:
    """Inverses of symmetric matrices, shape (sets, 2, 2); nan where singular."""
    first, cross, last = matrices[:, 0, 0], matrices[:, 0, 1], matrices[:, 1, 1]
    determinant = first * last - cross**2
    adjugate = np.stack([np.stack([last, -cross], axis=1), np.stack([-cross, first], axis=1)], axis=1)
    return ratio_or_nan(adjugate, np.where(determinant > 0, determinant, np.nan)[:, None, None])


def _sandwich(bread: FloatArray, residuals: FloatArray, ranks: FloatArray, groups_used: CountArray) -> FloatArray:
    # HC1 multiplies by k / (k - 2) for the two parameters that the residuals have already spent.
    correction = ratio_or_nan(groups_used.astype(np.float64), np.maximum(groups_used - 2.0, 0.0))
    meat = correction[:, None, None] * _moments(residuals**2, ranks)
    return np.asarray(bread @ meat @ bread, dtype=np.float64)
