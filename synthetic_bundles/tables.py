"""The column tables of a world, as numpy structured arrays.

A fixed-width column cannot hold null, so absence has one value for each kind: "" in text, -1 in the whole numbers that
can be absent, NaN in measures, NaT in dates. `records.py` turns each of them into None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthetic_bundles.care_tables import Care
from synthetic_bundles.care_tables import Table as Table
from synthetic_bundles.scenario import Scenario

ABSENT_TEXT = ""
ABSENT_NUMBER = -1

ORGANISATION = np.dtype(
    [
        ("organisation_code", "U9"),
        ("name", "U60"),
        ("kind", "U15"),
        ("parent_code", "U5"),
        ("neonatal_level", "U4"),
        ("valid_from", "M8[D]"),
    ]
)
AREA = np.dtype(
    [("lsoa", "U9"), ("name", "U40"), ("district", "U9"), ("district_name", "U40"), ("rank", "i4"), ("decile", "i1")]
)
POSTCODE = np.dtype([("postcode", "U8"), ("area", "i4")])
MOTHER = np.dtype(
    [
        ("nhs_number", "U10"),
        ("family_name", "U16"),
        ("given_name", "U16"),
        ("birth_date", "M8[D]"),
        ("ethnic_category", "U2"),
        ("recorded_ethnic_category", "U2"),
        ("language", "U3"),
        ("interpreter_required", "i1"),
        ("area", "i4"),
        ("postcode", "U8"),
    ]
)
PREGNANCY = np.dtype(
    [("mother", "i4"), ("previous_live_births", "i2"), ("previous_caesareans", "i2"), ("number_of_fetuses", "i1")]
)
BOOKING = np.dtype(
    [
        ("pregnancy", "i4"),
        ("booking_date", "M8[D]"),
        ("gestation_days", "i2"),
        ("provider", "U5"),
        ("site", "U5"),
        ("height_cm", "f8"),
        ("weight_kg", "f8"),
        ("bmi", "f8"),
        ("smoking_status", "U10"),
        ("carbon_monoxide_ppm", "f8"),
    ]
)
DELIVERY = np.dtype(
    [
        ("pregnancy", "i4"),
        ("first_baby", "i4"),
        ("babies", "i1"),
        ("admission_datetime", "M8[m]"),
        ("birth_datetime", "M8[m]"),
        ("recorded_datetime", "M8[m]"),
        ("provider", "U5"),
        ("site", "U5"),
        ("gestation_days", "i2"),
        ("method", "i1"),
        ("perineal_trauma", "U9"),
        ("second_trauma", "U9"),
        ("smoking_status", "U10"),
    ]
)
ONGOING = np.dtype([("pregnancy", "i4"), ("recorded_datetime", "M8[m]")])
BABY = np.dtype(
    [
        ("delivery", "i4"),
        ("mother", "i4"),
        ("nhs_number", "U10"),
        ("nhs_number_status", "U2"),
        ("birth_order", "i1"),
        ("birth_datetime", "M8[m]"),
        ("death_datetime", "M8[m]"),
        ("sex", "U1"),
        ("ethnic_category", "U2"),
        ("outcome", "U2"),
        ("gestation_days", "i2"),
        ("birth_weight_g", "i4"),
        ("apgar_5", "i1"),
        ("first_feed", "U2"),
        ("presentation", "U2"),
        ("place_of_birth", "U2"),
        ("skin_to_skin", "U1"),
    ]
)


@dataclass(frozen=True, slots=True)
class World:
    """A population and what it was made from: a whole world, or one of the parts that a large one is made of.

    part: its number from 1 on, of `parts`; the rows of its pregnancies start at `first_row` among those of all parts.

    Pregnancy i has booking i and mother i. First stand those with a birth, in its order: they have delivery i too, and
    the babies of a delivery are neighbours. The ongoing ones follow, in order of booking.
    """

    scenario: Scenario
    seed: int
    first_month: np.datetime64
    months: int
    organisations: Table
    areas: Table
    postcodes: Table
    mothers: Table
    pregnancies: Table
    bookings: Table
    deliveries: Table
    babies: Table
    ongoing: Table
    care: Care
    part: int = 1
    parts: int = 1
    first_row: int = 0

    @property
    def births(self) -> int:
        """Deliveries, not babies."""
        return len(self.deliveries)

    @property
    def last_month(self) -> np.datetime64:
        return self.first_month + np.timedelta64(self.months - 1, "M")


def table_of(kind: np.dtype[Any], columns: dict[str, NDArray[Any]]) -> Table:
    """A table of this kind from whole columns; every column must be given, and none besides."""
    assert kind.names is not None
    assert set(columns) == set(kind.names), f"columns differ: {set(columns) ^ set(kind.names)}"
    table = np.empty(len(next(iter(columns.values()))), dtype=kind)
    for name, values in columns.items():
        table[name] = values
    return table
