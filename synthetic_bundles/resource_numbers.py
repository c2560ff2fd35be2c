"""Which number each resource has within its bundle: one number means one thing, whatever else is known or not."""

from __future__ import annotations

MOTHER, PREGNANCY, BOOKING, DELIVERY = 1, 2, 3, 4
FIRST_OF_BOOKING, FIRST_OF_DELIVERY, FIRST_OF_HISTORY, FIRST_OF_ANSWERS, FIRST_OF_LABOUR = 16, 32, 48, 64, 96
FIRST_OF_PLANS = 128
FIRST_OF_BABIES = 256  # each baby has 256 numbers of its own, of which:
MOTHER_OF_BABY, FIRST_OF_BIRTH, STAY, FIRST_OF_NEWBORN, FEEDING, FATHER, FIRST_OF_FATHER = 1, 2, 16, 32, 48, 64, 65


def baby_number(position: int) -> int:
    """position: among the babies of the record, from 1 on."""
    return FIRST_OF_BABIES * position
