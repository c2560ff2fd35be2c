"""NHS numbers of the synthetic range 999, valid by their check digit and never issued to a person."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Integers, Texts
from synthetic_bundles.errors import WorldRefused
from synthetic_bundles.tables import ABSENT_TEXT

STEMS = 1_000_000  # six free digits after 999; the tenth digit is the check
PREFIX_WEIGHTED = 9 * 10 + 9 * 9 + 9 * 8
WEIGHTS = (7, 6, 5, 4, 3, 2)  # of the free digits; NHS Data Dictionary, modulus 11 of ten digits
STRIDES = tuple(stride for stride in range(300_007, 300_400) if stride % 2 and stride % 5)  # prime to STEMS


def draw_nhs_numbers(
    random: np.random.Generator, people: int, *, at_least: int, part: int = 1, parts: int = 1
) -> Texts:
    """Distinct valid NHS numbers, shape (people,), in an order that looks like chance.

    The parts of a large world draw with generators of one seed, and each takes a stretch of its own.

    A stride that shares no factor with the number of stems visits every stem once. Who comes after the last number of
    the range has none (ABSENT_TEXT). Raises WorldRefused when the range does not hold the first `at_least` people.
    """
    stride = int(random.choice(STRIDES))
    stems = (int(random.integers(STEMS)) + stride * np.arange(STEMS, dtype=np.int64)) % STEMS
    checks = check_digits(stems)
    is_valid = checks < 10
    total = int(is_valid.sum())
    place = np.cumsum(is_valid) - 1
    is_valid &= (place >= total * (part - 1) // parts) & (place < total * part // parts)
    if at_least > int(is_valid.sum()):
        raise WorldRefused(
            f"{at_least} mothers need an NHS number each and the synthetic range 999 holds {int(is_valid.sum())}"
            f" for part {part} of {parts}; ask for fewer births"
        )
    numbers = _as_text(stems[is_valid][:people], checks[is_valid][:people])
    return np.concatenate([numbers, np.full(people - len(numbers), ABSENT_TEXT, dtype=numbers.dtype)])


def check_digits(stems: Integers) -> Integers:
    """Check digit of 999 followed by each six-digit stem; 10 means that no number has this stem."""
    weighted = np.full(stems.shape, PREFIX_WEIGHTED, dtype=np.int64)
    for position, weight in enumerate(WEIGHTS):
        weighted += weight * (stems // 10 ** (5 - position) % 10)
    return np.asarray((11 - weighted % 11) % 11)


def _as_text(stems: Integers, checks: Integers) -> Texts:
    return np.asarray((9_990_000_000 + stems * 10 + checks).astype("U10"))
