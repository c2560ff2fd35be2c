"""Which person each record of each feed mentions, under which key: what a right linkage must find.

A mention is one person in one record of one feed. Its key is what the file shows: the id of the Patient resource in a
bundle, the local number in a table. Fathers are left out, because no feed tells a number of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from synthetic_bundles import bfdr_document, contact_resources, neonatal_resources, resource_numbers
from synthetic_bundles.areas import quintiles_of
from synthetic_bundles.contact_resources import is_about_child
from synthetic_bundles.faults.kinds import Fault, System
from synthetic_bundles.identifiers import (
    Kind,
    baby_hospital_number,
    bundle_identifier,
    mother_hospital_number,
    uuid_prefix,
)
from synthetic_bundles.mothers import ethnic_groups_of
from synthetic_bundles.neonatal_records import NeonatalRecord
from synthetic_bundles.placing import Told
from synthetic_bundles.record_cells import delivery_number, pregnancy_number
from synthetic_bundles.records import BirthRecord, BundleRecord
from synthetic_bundles.referral_records import ReferralTold
from synthetic_bundles.render_badgernet import badger_number
from synthetic_bundles.render_csds import care_contact_number
from synthetic_bundles.render_mhsds import service_request_number
from synthetic_bundles.tables import World
from synthetic_bundles.visit_records import ContactRecord
from synthetic_bundles.vocabulary import TERMINATED

MOTHER, BABY = "mother", "baby"
PATIENT = "Patient.id"
TEMPORARY = "T:"


class NumberTold(StrEnum):
    """What a mention says as the NHS number of its person."""

    RIGHT = "right"
    MISSING = "missing"
    TEMPORARY = "temporary"
    WRONG = "wrong"
    OF_ANOTHER = "of_another"


class Mention(NamedTuple):
    """One person in one record of one feed.

    record: what the file calls the record. sender: code of the organisation that sends it. place, key: the element or
    column that names the person, and what stands there. person, delivery: true numbers, the same in all feeds; an
    ongoing pregnancy has no delivery. eth5, imd5: true group and quintile of the mother, at booking.
    """

    record: str
    sender: str
    place: str
    key: str
    role: str
    person: str
    delivery: str | None
    eth5: str
    imd5: str
    nhs_number: str


@dataclass(frozen=True, slots=True)
class TruePeople:
    """The people of one part of a world. mother, baby: positions in its tables.

    stamp: of the world. first_row: of the part. births: how many pregnancies ended in one; they stand first.
    """

    stamp: str
    first_row: int
    births: int
    delivery_of_baby: list[int]
    order_of_baby: list[int]
    ethnic_groups: list[str]
    quintiles: list[str]

    def mother_number(self, row: int) -> str:
        """True number of a mother. row: of her pregnancy, over all parts."""
        return f"M{row:07d}"

    def baby_number(self, baby: int) -> str:
        """True number of a baby."""
        return true_baby_number(self.first_row + self.delivery_of_baby[baby], self.order_of_baby[baby])

    def about(self, row: int) -> tuple[str | None, str, str]:
        """Delivery, ethnic group and quintile of a pregnancy. row: over all parts."""
        mother = row - self.first_row
        delivery = delivery_number(row) if mother < self.births else None
        return delivery, self.ethnic_groups[mother], self.quintiles[mother]


def true_baby_number(birth_row: int, birth_order: int) -> str:
    return f"B{birth_row:07d}{birth_order}"


def true_people(world: World, stamp: str) -> TruePeople:
    """The people of one part. stamp: of its world."""
    quintiles = quintiles_of(world.areas["decile"][world.mothers["area"]].astype("i8"))
    return TruePeople(
        stamp=stamp,
        first_row=world.first_row,
        births=world.births,
        delivery_of_baby=world.babies["delivery"].tolist(),
        order_of_baby=world.babies["birth_order"].tolist(),
        ethnic_groups=ethnic_groups_of(world.mothers["ethnic_category"]).tolist(),
        quintiles=[str(each) for each in quintiles.tolist()],
    )


def number_told(told: str | None, true: str | None) -> NumberTold:
    """What a number says of the person whose true number this is."""
    if told is None:
        return NumberTold.MISSING
    if told.startswith(TEMPORARY):
        return NumberTold.TEMPORARY
    return NumberTold.RIGHT if told == true else NumberTold.WRONG


Mentions = Iterator[Mention]
Mentioner = Callable[[TruePeople, Told], Mentions]


def _of_maternity_bundle(people: TruePeople, told: Told) -> Mentions:
    record: BundleRecord = told.written
    prefix = uuid_prefix(people.stamp, record.row)
    name = bundle_identifier(people.stamp, record.row)
    yield _mother(people, told, name, PATIENT, f"{prefix}{resource_numbers.MOTHER:08x}")
    for position in range(1, _babies(record) + 1):
        key = f"{prefix}{resource_numbers.baby_number(position):08x}"
        yield _baby(people, told, position, name, PATIENT, key)


def _of_maternity_table(mother_column: str, baby_column: str) -> Mentioner:
    def mentions(people: TruePeople, told: Told) -> Mentions:
        record: BundleRecord = told.written
        name = pregnancy_number(record.row)
        yield _mother(people, told, name, mother_column, mother_hospital_number(record.trust, record.row))
        for position in range(1, _babies(record) + 1):
            order = record.babies[position - 1].birth_order if isinstance(record, BirthRecord) else position
            key = baby_hospital_number(record.trust, record.row, order)
            yield _baby(people, told, position, name, baby_column, key)

    return mentions


def _of_certificates(people: TruePeople, told: Told) -> Mentions:
    """Certificates bear no NHS number of anybody."""
    record: BundleRecord = told.clean
    if not isinstance(record, BirthRecord):
        return
    prefix = uuid_prefix(people.stamp, record.row, Kind.CERTIFICATE)
    for position, baby in enumerate(record.babies, start=1):
        if baby.outcome == TERMINATED:
            continue
        name = f"{bundle_identifier(people.stamp, record.row, Kind.CERTIFICATE)}-{position}"
        first = bfdr_document.NUMBERS_A_BABY * position
        mother = _mother(people, told, name, PATIENT, f"{prefix}{first + bfdr_document.MOTHER:08x}")
        child = _baby(people, told, position, name, PATIENT, f"{prefix}{first + bfdr_document.CHILD:08x}")
        yield mother._replace(nhs_number=NumberTold.MISSING)
        yield child._replace(nhs_number=NumberTold.MISSING)


def _mother(people: TruePeople, told: Told, record: str, place: str, key: str) -> Mention:
    """The mother of a maternity record, whose number no fault touches."""
    number = told.clean.mother.nhs_number
    return Mention(
        record,
        told.trust,
        place,
        key,
        MOTHER,
        people.mother_number(told.row),
        *people.about(told.row),
        number_told(told.written.mother.nhs_number, number),
    )


def _baby(people: TruePeople, told: Told, position: int, record: str, place: str, key: str) -> Mention:
    """A baby of a maternity record. position: from 1 on."""
    written, clean = told.written.babies[position - 1], told.clean.babies[position - 1]
    person = true_baby_number(told.row, clean.birth_order)
    number = number_told(written.nhs_number, clean.nhs_number)
    return Mention(record, told.trust, place, key, BABY, person, *people.about(told.row), number)


def _babies(record: BundleRecord) -> int:
    return len(record.babies) if isinstance(record, BirthRecord) else 0


def _of_stay(people: TruePeople, told: Told, record: str, place: str, keys: tuple[str, str]) -> Mentions:
    """The baby and the mother of a stay. keys: theirs. Swapped twins bear each other's numbers."""
    written: NeonatalRecord = told.written
    clean: NeonatalRecord = told.clean
    baby_key, mother_key = keys
    number = number_told(written.nhs_number, clean.nhs_number)
    if told.fault is Fault.TWINS_SWAPPED:
        number = NumberTold.OF_ANOTHER
    about = people.about(clean.birth_row)
    baby = true_baby_number(clean.birth_row, clean.birth_order)
    yield Mention(record, told.trust, place, baby_key, BABY, baby, *about, number)
    number = number_told(written.mother_nhs_number, clean.mother_nhs_number)
    mother = people.mother_number(clean.birth_row)
    yield Mention(record, told.trust, place, mother_key, MOTHER, mother, *about, number)


def _of_neonatal_bundle(people: TruePeople, told: Told) -> Mentions:
    prefix = uuid_prefix(people.stamp, told.row, Kind.NEONATAL)
    name = bundle_identifier(people.stamp, told.row, Kind.NEONATAL)
    keys = f"{prefix}{neonatal_resources.BABY:08x}", f"{prefix}{neonatal_resources.MOTHER:08x}"
    yield from _of_stay(people, told, name, PATIENT, keys)


def _of_neonatal_table(people: TruePeople, told: Told) -> Mentions:
    """One number names the stay, and so its baby and the mother."""
    number = badger_number(told.row)
    yield from _of_stay(people, told, number, "BadgerUniqueID", (number, number))


def _of_contact_bundle(people: TruePeople, told: Told) -> Mentions:
    record: ContactRecord = told.written
    prefix = uuid_prefix(people.stamp, record.row, Kind.VISIT)
    name = bundle_identifier(people.stamp, record.row, Kind.VISIT)
    if is_about_child(record):
        yield _child(people, told, name, PATIENT, f"{prefix}{contact_resources.CHILD:08x}")
    yield _client(people, told, name, PATIENT, f"{prefix}{contact_resources.MOTHER:08x}")


def _of_contact_table(people: TruePeople, told: Told) -> Mentions:
    """A child is named by its local number, and in the table of contacts by the contact, beside its NHS number."""
    record: ContactRecord = told.written
    name = care_contact_number(record.row)
    if record.child_number is not None:
        yield _child(people, told, name, "LocalPatientId", record.child_number)
    if record.nhs_number is not None:
        yield _child(people, told, name, "CareContactID", name)
    yield _client(people, told, name, "MotherLocalPatientId", record.mother_number)


def _child(people: TruePeople, told: Told, record: str, place: str, key: str) -> Mention:
    visit = told.clean.visit
    row = people.first_row + visit.mother
    number = number_told(told.written.nhs_number, told.clean.nhs_number)
    return Mention(record, told.trust, place, key, BABY, people.baby_number(visit.baby), *people.about(row), number)


def _client(people: TruePeople, told: Told, record: str, place: str, key: str) -> Mention:
    row = people.first_row + told.clean.visit.mother
    number = number_told(told.written.mother_nhs_number, told.clean.mother_nhs_number)
    return Mention(record, told.trust, place, key, MOTHER, people.mother_number(row), *people.about(row), number)


def _of_referral(people: TruePeople, told: Told) -> Mentions:
    record: ReferralTold = told.written
    row = people.first_row + record.referral.mother
    number = number_told(record.nhs_number, told.clean.nhs_number)
    yield Mention(
        service_request_number(record.row),
        told.trust,
        "LocalPatientId",
        record.person_number,
        MOTHER,
        people.mother_number(row),
        *people.about(row),
        number,
    )


OF_BUNDLES: Mapping[System, Mentioner] = MappingProxyType(
    {
        System.MATERNITY: _of_maternity_bundle,
        System.NEONATAL: _of_neonatal_bundle,
        System.HEALTH_VISITING: _of_contact_bundle,
    }
)
OF_TABLES: Mapping[str, Mentioner] = MappingProxyType(
    {
        "msds": _of_maternity_table("Person_ID_Mother", "LPIDBaby"),
        "e3": _of_maternity_table("MotherHospitalNumber", "BabyHospitalNumber"),
        "badgernet": _of_neonatal_table,
        "csds": _of_contact_table,
        "mhsds": _of_referral,
    }
)
OF_CERTIFICATES: Mentioner = _of_certificates
