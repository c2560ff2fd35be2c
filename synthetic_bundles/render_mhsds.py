"""MHSDS-shaped CSV of the referrals to perinatal mental-health teams: person, referral, team and contacts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from synthetic_bundles.plain_records import ReferralContactRecord, Value
from synthetic_bundles.record_cells import Cells, text
from synthetic_bundles.referral_records import ReferralTold

TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # One row a referral, so a woman who was referred twice is told of twice.
        "mhs001": (
            "LocalPatientId",
            "OrgIDProv",
            "NHSNumber",
            "NHSNumberStatus",
            "PersonBirthDate",
            "Gender",
            "EthnicCategory",
            "LanguageCodePreferred",
            "Postcode",
            "ReferralRequestReceivedDate",
        ),
        # ReferralAcceptedInd is ours: MHSDS says a refusal by its date alone, which an open referral does not have.
        "mhs101": (
            "ServiceRequestId",
            "LocalPatientId",
            "NHSNumber",
            "OrgIDProv",
            "ReferralRequestReceivedDate",
            "SourceOfReferralMH",
            "ReferralAcceptedInd",
            "ReferRejectionDate",
            "ServDischDate",
        ),
        "mhs102": ("ServiceRequestId", "OrgIDProv", "ServTeamTypeRefToMH"),
        "mhs201": (
            "CareContactId",
            "ServiceRequestId",
            "OrgIDProv",
            "CareContDate",
            "AttendOrDNACode",
            "ConsMechanismMH",
        ),
    }
)
FEMALE = "2"
NUMBER_VERIFIED = "01"
# MHSDS names no team for a mother and baby unit, which is a ward, so that code is ours.
TEAM_TYPE_CODES = MappingProxyType(
    {"specialist_community_perinatal": "C02", "maternal_mh_service": "F02", "mbu": "MBU", "other": "Z01"}
)
ATTENDED_CODES = MappingProxyType({True: "5", False: "3"})  # on time; did not attend
ACCEPTED_CELLS = MappingProxyType({True: "Y", False: "N"})


def rows_of(record: ReferralTold) -> Iterator[tuple[str, Cells]]:
    """The rows of one referral: (table, cells in the order of its header)."""
    referral = record.referral
    request = service_request_number(record.row)
    yield "mhs001", _person(record)
    yield "mhs101", _referral(record, request)
    yield "mhs102", _cells(request, record.trust, TEAM_TYPE_CODES.get(referral.team_type, referral.team_type))
    for position, contact in enumerate(record.contacts, start=1):
        yield "mhs201", _contact(record, request, position, contact)


def service_request_number(row: int) -> str:
    """Number of a referral with the mental-health team. row: of the referral, over all parts of a world."""
    return f"RSMR{row:07d}"


def _person(record: ReferralTold) -> Cells:
    return _cells(
        record.person_number,
        record.trust,
        record.nhs_number,
        None if record.nhs_number is None else NUMBER_VERIFIED,
        record.birth_date,
        FEMALE,
        record.ethnic_category,
        record.language,
        record.postcode,
        record.referral.referral_date,
    )


def _referral(record: ReferralTold, request: str) -> Cells:
    """The source is a code of list mh_referral_source, or what was written there."""
    referral = record.referral
    return _cells(
        request,
        record.person_number,
        record.nhs_number,
        record.trust,
        referral.referral_date,
        referral.source,
        ACCEPTED_CELLS.get(referral.accepted, text(referral.accepted)),
        referral.closed_date if referral.accepted is False else None,
        referral.closed_date,
    )


def _contact(record: ReferralTold, request: str, position: int, contact: ReferralContactRecord) -> Cells:
    return _cells(
        f"{request}K{position:02d}",
        request,
        record.trust,
        contact.contact_date,
        ATTENDED_CODES.get(contact.attended, text(contact.attended)),
        contact.mechanism,
    )


def _cells(*values: Value) -> Cells:
    return tuple(map(text, values))
