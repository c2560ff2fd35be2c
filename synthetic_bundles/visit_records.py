"""What a health-visiting system writes of each contact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from synthetic_bundles.care_tables import CONTACT_TYPES
from synthetic_bundles.families import homes_at
from synthetic_bundles.homes import HomeRecord, homes_of
from synthetic_bundles.identifiers import child_record_number, client_number
from synthetic_bundles.organisations import HEALTH_VISITING_PROVIDER
from synthetic_bundles.plain_records import BabyRecord, MotherRecord, VisitRecord, records_of
from synthetic_bundles.tables import World

CONTACTS_AT_ONCE = 5000


class ContactRecord(NamedTuple):
    """One contact: an antenatal one is about the mother alone, every other about a child.

    row: over all parts of a world. postcode: of the home at the contact. A contact that cannot be linked has no
    number of anybody but its own system's.
    """

    row: int
    recorded_on: str
    contact_type: str
    visit: VisitRecord
    mother_number: str
    mother_nhs_number: str | None
    mother_birth_date: str
    mother_ethnic_category: str | None
    language: str | None
    interpreter_required: int | None
    postcode: str | None
    child_number: str | None
    nhs_number: str | None
    nhs_number_status: str | None
    birth_date: str | None
    sex: str | None
    ethnic_category: str | None
    family_name: str

    @property
    def trust(self) -> str:
        return HEALTH_VISITING_PROVIDER

    @property
    def month(self) -> str:
        """The month (YYYY-MM) in whose files it stands: that of the contact."""
        return self.visit.contact_date[:7]


def contact_records(world: World) -> Iterator[ContactRecord]:
    """Every contact in order of date."""
    visits = world.care.health_visits
    homes = homes_of(world).rows.table
    at = homes_at(homes, visits["mother"].astype(np.int64), visits["contact_date"])
    for start in range(0, len(visits), CONTACTS_AT_ONCE):
        span = slice(start, start + CONTACTS_AT_ONCE)
        told = zip(
            range(start, start + len(visits[span])),
            records_of(VisitRecord, visits[span]),
            records_of(MotherRecord, world.mothers[visits["mother"][span]]),
            records_of(BabyRecord, world.babies[visits["baby"][span]]),  # -1, nobody, takes the last: not looked at
            records_of(HomeRecord, homes[at[span]]),
            strict=True,
        )
        for row, visit, mother, baby, home in told:
            child = None if visit.baby is None else baby
            yield ContactRecord(
                row=world.first_row * 10 + row,
                recorded_on=visit.contact_date,
                contact_type=CONTACT_TYPES[visit.contact_type],
                visit=visit,
                mother_number=client_number(world.first_row + visit.mother),
                mother_nhs_number=mother.nhs_number,
                mother_birth_date=mother.birth_date,
                mother_ethnic_category=mother.recorded_ethnic_category,
                language=mother.language,
                interpreter_required=mother.interpreter_required,
                postcode=home.postcode,
                child_number=None if visit.baby is None else child_record_number(world.first_row + visit.baby),
                nhs_number=child and child.nhs_number,
                nhs_number_status=child and child.nhs_number_status,
                birth_date=child and child.birth_datetime[:10],
                sex=child and child.sex,
                ethnic_category=child and child.ethnic_category,
                family_name=mother.family_name,
            )
