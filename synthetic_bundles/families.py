"""Fathers, and where mothers lived when."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.care_tables import FATHER, RESIDENCE
from synthetic_bundles.chance import Integers, choose, happens_among
from synthetic_bundles.figures import BABY_ETHNICITY_AS_MOTHER, ETHNIC_CATEGORIES
from synthetic_bundles.figures_of_infancy import FATHER_KNOWN, MOVED_BEFORE_BOOKING, MOVES_IN_TWO_YEARS
from synthetic_bundles.histories import employment
from synthetic_bundles.london_time import Days
from synthetic_bundles.population import Population
from synthetic_bundles.tables import ABSENT_TEXT, Table, table_of
from synthetic_bundles.vocabulary import PSEUDO_POSTCODE

OCCUPATIONS = ("1190", "2136", "2231", "3545", "4159", "5231", "5434", "6145", "7111", "8211", "9260")  # SOC 2010
OLDER_THAN_MOTHER_DAYS = 900  # K: fathers are two to three years older
AGE_SPREAD_DAYS = 1500
YEARS_OF_RESIDENCE_DAYS = 3650
FIRST_MOVE_DAYS, LAST_MOVE_DAYS = 20, 730  # after the birth
NEVER = np.datetime64("NaT", "D")


def build_fathers(random: np.random.Generator, people: Population) -> Table:
    """The known fathers, one row a pregnancy that has one."""
    rows = np.flatnonzero(happens_among(random, FATHER_KNOWN.value, len(people.pregnancies)))
    mothers = people.mothers[rows]
    older = random.normal(OLDER_THAN_MOTHER_DAYS, AGE_SPREAD_DAYS, len(rows)).astype(np.int64)
    other = np.array(ETHNIC_CATEGORIES.names)[choose(random, ETHNIC_CATEGORIES.weights, len(rows))]
    is_same = happens_among(random, BABY_ETHNICITY_AS_MOTHER.value, len(rows))
    # No father is younger than the mother, so that none is a child himself.
    born = mothers["birth_date"] - np.maximum(older, 1).astype("m8[D]")
    return table_of(
        FATHER,
        {
            "pregnancy": rows,
            "birth_date": born,
            "ethnic_category": np.where(is_same, mothers["ethnic_category"], other),
            "occupation": random.choice(np.array(OCCUPATIONS), len(rows)),
            "employment_status": employment(random, len(rows)),
        },
    )


def build_residences(random: np.random.Generator, people: Population) -> Table:
    """Homes in order of mother and date: some lived elsewhere before booking, some move after the birth.

    Nobody moves between booking and birth, because a bundle tells one address.
    """
    mothers = np.arange(len(people.mothers))
    booked = people.bookings["booking_date"]
    came = np.flatnonzero(happens_among(random, MOVED_BEFORE_BOOKING.value, len(mothers)))
    arrival = booked[came] - random.integers(1, 200, len(came)).astype("m8[D]")
    left, departure = _departures(random, people)
    start = booked - np.timedelta64(YEARS_OF_RESIDENCE_DAYS, "D")
    home_start, home_end = start.copy(), np.full(len(mothers), NEVER)
    home_start[came], home_end[left] = arrival, departure
    others = len(came) + len(left)
    elsewhere = random.integers(0, len(people.areas), others)
    mother = np.concatenate([mothers, came, left])
    table = table_of(
        RESIDENCE,
        {
            "mother": mother,
            "valid_from": np.concatenate([home_start, start[came], departure]),
            "valid_to": np.concatenate([home_end, arrival, np.full(len(left), NEVER)]),
            "area": np.concatenate([people.mothers["area"].astype(np.int64), elsewhere]),
            "imd_missing_reason": np.concatenate([_missing_reasons(people), np.full(others, ABSENT_TEXT)]),
        },
    )
    return np.asarray(table[np.lexsort((table["valid_from"], table["mother"]))])


def homes_at(residences: Table, mothers: Integers, at: Days) -> Integers:
    """Row of the home of each mother on each date."""
    starts = residences["valid_from"].astype(np.int64)
    lowest = int(starts.min())
    span = int(max(int(starts.max()), int(at.astype(np.int64).max(initial=0)))) - lowest + 2
    key = residences["mother"].astype(np.int64) * span + (starts - lowest)
    wanted = mothers.astype(np.int64) * span + np.clip(at.astype(np.int64) - lowest, 0, None)
    found = np.searchsorted(key, wanted, side="right") - 1
    # Before the first known home the first one counts.
    first = np.searchsorted(residences["mother"], mothers, side="left")
    return np.asarray(np.maximum(found, first))


def _departures(random: np.random.Generator, people: Population) -> tuple[Integers, Days]:
    """Mothers who move after their birth and before the end of the world, and the day from which they live there."""
    left = np.flatnonzero(happens_among(random, MOVES_IN_TWO_YEARS.value, people.births))
    after = random.integers(FIRST_MOVE_DAYS, LAST_MOVE_DAYS, len(left)).astype("m8[D]")
    departure = people.deliveries["birth_datetime"][left].astype("M8[D]") + after
    happened = departure < people.end
    return np.asarray(left[happened]), np.asarray(departure[happened])


def _missing_reasons(people: Population) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    postcode = people.mothers["postcode"]
    choices = [postcode == PSEUDO_POSTCODE, postcode == ABSENT_TEXT]
    return np.select(choices, ["pseudo_postcode", "no_postcode"], default=ABSENT_TEXT)
