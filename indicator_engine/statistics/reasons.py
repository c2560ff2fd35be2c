"""Why a statistic has no value: stable words that reports and interfaces may rely on."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from indicator_engine.statistics.arrays import BoolArray, ReasonArray


class Reason(StrEnum):
    """Why a value or a limit is null; `computed` when nothing is missing."""

    COMPUTED = "computed"
    MISSING_COUNT = "missing_count"
    ZERO_DENOMINATOR = "zero_denominator"
    REFERENCE_ZERO = "reference_zero"
    INFINITE_TRANSFORM = "infinite_transform"
    TOO_FEW_GROUPS = "too_few_groups"
    NO_VARIATION = "no_variation"
    NO_EVENTS = "no_events"
    SEPARATED_GROUPS = "separated_groups"
    NOT_CONVERGED = "not_converged"
    PREDICTION_NOT_POSITIVE = "prediction_not_positive"


def first_reason(rulings: Sequence[tuple[BoolArray, Reason]]) -> ReasonArray:
    """The first reason that holds at each position, `computed` where none does.

    rulings: masks of one shape, each with the reason that it stands for, the strongest first.
    """
    masks = [mask for mask, _ in rulings]
    return np.select(masks, [np.str_(reason) for _, reason in rulings], default=np.str_(Reason.COMPUTED))
