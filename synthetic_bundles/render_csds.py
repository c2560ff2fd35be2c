"""CSDS-shaped CSV of the contacts with health visitors: patients, contacts, measurements and scores.

The patient columns are the child's and the mother columns its mother's, so an antenatal contact leaves the patient
columns empty: nobody takes a mother for a child. CSDS has no such mother columns, but for NHSNumberMother.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from synthetic_bundles.plain_records import Value, VisitRecord
from synthetic_bundles.record_cells import Cells, text
from synthetic_bundles.visit_records import ContactRecord

TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # One row a contact, so a person is told of as often as it was seen.
        "cyp001": (
            "LocalPatientId",
            "OrgIDProv",
            "NHSNumber",
            "NHSNumberStatus",
            "PersonBirthDate",
            "PersonPhenSex",
            "EthnicCategory",
            "Postcode",
            "LanguageCode",
            "InterpreterRequiredInd",
            "NHSNumberMother",
            "MotherLocalPatientId",
            "PersonBirthDateMother",
            "EthnicCategoryMother",
            "Contact_Date",
        ),
        "cyp201_202": (
            "CareContactID",
            "NHSNumber",
            "Contact_Date",
            "AttendCode",
            "Medium",
            "ActivityCode",
            "BreastFeedingStatus",
            "LocalPatientId",
            "MotherLocalPatientId",
            "NHSNumberMother",
            "OrgIDProv",
            "TeamType",
            "CareActivityID",
        ),
        "cyp611": ("CareActivityID", "CareContactID", "LocalPatientId", "OrgIDProv", "Weight", "Length"),
        # The patient of a mother's score is the mother.
        "cyp612": ("CareActivityID", "CareContactID", "LocalPatientId", "OrgIDProv", "CodedAssToolType", "PersScore"),
    }
)
# CSDS has no activity for the antenatal contact: a health-visiting team tells it as advice, of a woman without a child.
ACTIVITY_CODES = MappingProxyType(
    {"antenatal": "04", "new_birth": "08", "6_8_week": "09", "12_month": "10", "2_2h_year": "11", "other": "97"}
)
HEALTH_VISITING_TEAM = "16"  # CSDS TeamType
YES_NO_CELLS = MappingProxyType({True: "Y", False: "N"})
# EPDS in SNOMED; the other tools have no code that we could verify, so a word of our own.
ASQ_3_TOOLS = (
    "asq-3-communication",
    "asq-3-gross-motor",
    "asq-3-fine-motor",
    "asq-3-problem-solving",
    "asq-3-personal-social",
)
EPDS_TOOL, WHOOLEY_TOOL = "450320001", "whooley-positive"


def rows_of(record: ContactRecord) -> Iterator[tuple[str, Cells]]:
    """The rows of one contact: (table, cells in the order of its header). Weights in kg, lengths in cm."""
    yield "cyp001", _patient(record)
    yield "cyp201_202", _contact(record)
    visit = record.visit
    if visit.weight_kg is not None or visit.length_cm is not None:
        yield "cyp611", _cells(*_keys(record, record.child_number), visit.weight_kg, visit.length_cm)
    yield from _scores(record)


def activity_code(contact_type: str) -> str:
    """Code of list csds_activity_type for a kind of contact; a kind of nobody's list stays as it is."""
    return ACTIVITY_CODES.get(contact_type, contact_type)


def care_contact_number(row: int) -> str:
    """Number of a contact with the health visitors. row: of the contact, over all parts of a world."""
    return f"RSVK{row:08d}"


def asq_3_scores(visit: VisitRecord) -> tuple[int | None, ...]:
    """Scores of the five domains, 0 to 60, in the order of ASQ_3_TOOLS."""
    return (
        visit.asq3_communication,
        visit.asq3_gross_motor,
        visit.asq3_fine_motor,
        visit.asq3_problem_solving,
        visit.asq3_personal_social,
    )


def _patient(record: ContactRecord) -> Cells:
    return _cells(
        record.child_number,
        record.trust,
        record.nhs_number,
        record.nhs_number_status,
        record.birth_date,
        record.sex,
        record.ethnic_category,
        record.postcode,
        record.language,
        None if record.interpreter_required is None else YES_NO_CELLS[bool(record.interpreter_required)],
        record.mother_nhs_number,
        record.mother_number,
        record.mother_birth_date,
        record.mother_ethnic_category,
        record.visit.contact_date,
    )


def _contact(record: ContactRecord) -> Cells:
    visit = record.visit
    return _cells(
        care_contact_number(record.row),
        record.nhs_number,
        visit.contact_date,
        visit.attendance,
        visit.mechanism,
        activity_code(record.contact_type),
        visit.breastfeeding_status,
        record.child_number,
        record.mother_number,
        record.mother_nhs_number,
        record.trust,
        HEALTH_VISITING_TEAM,
        _activity_number(record.row),
    )


def _scores(record: ContactRecord) -> Iterator[tuple[str, Cells]]:
    visit = record.visit
    of_child = zip(ASQ_3_TOOLS, asq_3_scores(visit), strict=True)
    of_mother = ((EPDS_TOOL, visit.epds_score), (WHOOLEY_TOOL, visit.whooley_positive))
    for patient, scores in ((record.child_number, of_child), (record.mother_number, of_mother)):
        for tool, score in scores:
            if score is not None:
                yield "cyp612", _cells(*_keys(record, patient), tool, score)


def _keys(record: ContactRecord, patient: str | None) -> tuple[Value, ...]:
    return _activity_number(record.row), care_contact_number(record.row), patient, record.trust


def _activity_number(row: int) -> str:
    return care_contact_number(row) + "A"


def _cells(*values: Value) -> Cells:
    return tuple(map(text, values))
