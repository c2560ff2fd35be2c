"""Births as three systems tell of them, mapped but not yet kept: what the bench of linking and resolving takes in.

It is not the synthetic world: no files and no truth, only records of the right shape in the right number. Every birth
is told by maternity and by health visitors, every tenth by a neonatal unit; a few lack the NHS number of the baby, and
some units write another gestation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fhir_adapter.cli.bench.born import ETHNIC_CODES, FEEDS, METHODS, OUTCOMES, SMOKING, Births, draw_births
from fhir_adapter.sources.records import Identity, MappedRecord, Row
from fhir_adapter.workflows.ingest import ReadPayload

BIRTHS_A_PAYLOAD = 500
TRUSTS = 65  # as in the model that the bench of counting draws; a payload is of one
ADMITTED = 10  # every so many births
UNNUMBERED, DIFFERING, MOVED_WEIGHT_G = 100, 33, 55
DAYS_IN_UNIT = 3
FIRST_NUMBER = 900_000_000  # 900 to 999 are never issued
WEIGHTS_OF_DIGITS = np.arange(10, 1, -1)
MATERNITY, NEONATAL, VISITING = "ukcore-maternity", "ukcore-neonatal", "ukcore-health-visitor"
FIRST_RECORDED, LATER_RECORDED = "2026-01-01T09:00:00+00:00", "2026-02-01T09:00:00+00:00"

Told = tuple[list[tuple[str, Row]], list[Identity]]


@dataclass(frozen=True, slots=True)
class ToldBirths:
    """Births in whole numbers and texts, one place a birth, of its first baby. numbers: of mothers, then of babies."""

    numbers: list[str]
    born: list[str]
    mother_born: list[str]
    booked: list[str]
    columns: dict[str, list[int]]

    def __len__(self) -> int:
        return len(self.born)


def draw_told_births(births: int) -> ToldBirths:
    """So many births, each with its own people."""
    drawn = draw_births(births)
    first = np.flatnonzero(np.diff(drawn.baby_delivery, prepend=-1))
    return ToldBirths(
        numbers=valid_numbers(2 * births),
        born=[f"{each}:00+00:00" for each in np.datetime_as_string(drawn.baby_born[first]).tolist()],
        mother_born=np.datetime_as_string(drawn.mother_born).tolist(),
        booked=np.datetime_as_string(drawn.booking_date).tolist(),
        columns=_columns(drawn, first),
    )


def _columns(drawn: Births, first: NDArray[np.int64]) -> dict[str, list[int]]:
    columns: dict[str, NDArray[Any]] = {
        "ethnicity": drawn.mother_ethnicity,
        "smoking": drawn.booking_smoking,
        "smoking_at_delivery": drawn.delivery_smoking,
        "site": drawn.delivery_site,
        "method": drawn.delivery_method,
        "outcome": drawn.baby_outcome[first],
        "gestation": drawn.baby_gestation[first],
        "feed": drawn.baby_feed[first],
    }
    return {name: values.tolist() for name, values in columns.items()}


def valid_numbers(count: int) -> list[str]:
    """NHS numbers with a right check digit that nobody has: of every eleven nine-digit numbers one has none."""
    stems = FIRST_NUMBER + np.arange(count * 12 // 10 + 20)
    digits = stems[:, None] // 10 ** np.arange(8, -1, -1) % 10
    check = (11 - digits @ WEIGHTS_OF_DIGITS % 11) % 11
    usable = check < 10
    return [str(number) for number in (stems[usable] * 10 + check[usable])[:count].tolist()]


def payloads(births: ToldBirths, start: int, stop: int, *, is_correction: bool = False) -> Iterator[ReadPayload]:
    """The births from `start` up to but not including `stop` as each system sends them, some hundred at a time.

    is_correction: the same records as before, recorded later and with another weight.
    """
    tellers = (
        ((MATERNITY, _maternity),)
        if is_correction
        else ((MATERNITY, _maternity), (NEONATAL, _neonatal), (VISITING, _visit))
    )
    first = start
    while first < stop:
        # a birth is always told by the same trust
        end = min(first - first % BIRTHS_A_PAYLOAD + BIRTHS_A_PAYLOAD, stop)
        trust = f"RT{first // BIRTHS_A_PAYLOAD % TRUSTS:02d}"
        for adapter, tell in tellers:
            told = [tell(births, place, is_correction) for place in range(first, end)]
            yield _payload(f"{adapter}:{trust}", f"{first}-{is_correction}", told, is_correction=is_correction)
        first = end


def _payload(source: str, name: str, told: Sequence[Told], *, is_correction: bool) -> ReadPayload:
    adapter = source.partition(":")[0]
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for of_birth, _ in told:
        for table, row in of_birth:
            rows[table].append(row)
    record = MappedRecord(
        source=source,
        source_record_id=f"bench {name}",
        recorded_at=LATER_RECORDED if is_correction else FIRST_RECORDED,
        rows=rows,
        identities=[identity for _, people in told for identity in people],
        issues=(),
    )
    # a receipt is named by the first half of its digest, so that this one must be as spread as those of real payloads
    digest = sha256(f"bench {source} {name}".encode()).hexdigest()
    return ReadPayload(digest, b"", "text/csv", digest, adapter, "1.0.0", [record], ())


def _maternity(births: ToldBirths, place: int, is_correction: bool) -> Told:
    mother, baby, pregnancy, delivery = (f"{kind}{place}" for kind in ("m/mother/", "m/baby/", "m/pregnancy/", "m/d/"))
    of = {name: values[place] for name, values in births.columns.items()}
    site = f"RS{of['site']:03d}"
    number = None if place % UNNUMBERED == 0 else _baby_number(births, place)
    people = [
        _identity(mother, "mother", births.numbers[place], f"M{place}", births.mother_born[place], place),
        _identity(baby, "baby", number, f"B{place}", births.born[place][:10], place),
    ]
    rows: list[tuple[str, Row]] = [
        ("person", _person(mother, "mother", births.mother_born[place], _code(ETHNIC_CODES, of["ethnicity"]))),
        ("person", _person(baby, "baby", births.born[place][:10], None)),
        ("residence", {"person_key": mother, "valid_from": births.booked[place]}),
        ("pregnancy", {"pregnancy_key": pregnancy, "mother_key": mother, "booking_provider_code": "RSA"}),
        (
            "booking",
            {
                "booking_key": f"m/booking/{place}",
                "pregnancy_key": pregnancy,
                "booking_date": births.booked[place],
                "site_code": site,
                "smoking_status": _code(SMOKING, of["smoking"]),
            },
        ),
        (
            "delivery",
            {
                "delivery_key": delivery,
                "pregnancy_key": pregnancy,
                "provider_code": "RSA",
                "site_code": site,
                "smoking_at_delivery": _code(SMOKING, of["smoking_at_delivery"]),
            },
        ),
        (
            "baby",
            {
                "baby_key": baby,
                "person_key": baby,
                "delivery_key": delivery,
                "mother_key": mother,
                "birth_datetime": births.born[place],
                "outcome": _code(OUTCOMES, of["outcome"]),
                "gestation_days": None if of["gestation"] < 0 else of["gestation"],
                "birth_weight_g": _weight(place) + (MOVED_WEIGHT_G if is_correction else 0),
                "delivery_method": _code(METHODS, of["method"]),
                "first_feed": _code(FEEDS, of["feed"]),
            },
        ),
    ]
    return rows, people


def _neonatal(births: ToldBirths, place: int, _: bool) -> Told:
    if place % ADMITTED:
        return [], []
    mother, baby, stay = f"n/mother/{place}", f"n/baby/{place}", f"n/stay/{place}"
    gestation = births.columns["gestation"][place]
    people = [
        _identity(mother, "mother", births.numbers[place], None, births.mother_born[place], place),
        _identity(baby, "baby", _baby_number(births, place), f"N{place}", births.born[place][:10], place),
    ]
    rows: list[tuple[str, Row]] = [
        ("person", _person(mother, "mother", births.mother_born[place], None)),
        ("person", _person(baby, "baby", births.born[place][:10], None)),
        (
            "baby",
            {
                "baby_key": baby,
                "person_key": baby,
                "mother_key": mother,
                "birth_datetime": births.born[place],
                "gestation_days": None if gestation < 0 else gestation - 3 * (place % DIFFERING == 0),
                "birth_weight_g": _weight(place),
            },
        ),
        ("neonatal_episode", {"episode_key": stay, "baby_key": baby, "admit_datetime": births.born[place]}),
        *(
            (
                "neonatal_day",
                {"episode_key": stay, "care_date": f"{births.born[place][:8]}{day:02d}", "care_level": "3"},
            )
            for day in range(1, DAYS_IN_UNIT + 1)
        ),
    ]
    return rows, people


def _visit(births: ToldBirths, place: int, _: bool) -> Told:
    mother, child = f"v/mother/{place}", f"v/child/{place}"
    people = [
        _identity(mother, "mother", births.numbers[place], f"VM{place}", births.mother_born[place], place),
        _identity(child, "baby", _baby_number(births, place), f"VC{place}", births.born[place][:10], place),
    ]
    contact = {
        "contact_key": f"v/contact/{place}",
        "child_key": child,
        "mother_key": mother,
        "contact_type": "new_birth",
        "contact_date": births.born[place][:10],
        "attendance": "5",
    }
    rows: list[tuple[str, Row]] = [
        ("person", _person(mother, "mother", births.mother_born[place], None)),
        ("person", _person(child, "baby", births.born[place][:10], None)),
        ("hv_contact", contact),
    ]
    return rows, people


def _baby_number(births: ToldBirths, place: int) -> str:
    return births.numbers[len(births) + place]


def _identity(key: str, role: str, number: str | None, local_id: str | None, born: str, place: int) -> Identity:
    postcode = f"QX{place % 90 + 1} {place % 9 + 1}AA"
    return Identity(key, role, number, "01", local_id, "RSA", None, None, born, postcode)


def _person(key: str, role: str, born: str, ethnic_category: str | None) -> Row:
    return {"person_key": key, "role": role, "birth_date": born, "ethnic_category": ethnic_category}


def _weight(place: int) -> int:
    return 2500 + place * 7 % 1900


def _code(codes: Sequence[str], place: int) -> str | None:
    return None if place < 0 else codes[place]
