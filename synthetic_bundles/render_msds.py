"""MSDS-shaped CSV of the babies (table MSD401), one row a baby."""

from __future__ import annotations

from collections.abc import Iterator

from synthetic_bundles.identifiers import baby_hospital_number, mother_hospital_number
from synthetic_bundles.plain_records import BabyRecord
from synthetic_bundles.records import BirthRecord, birth_records
from synthetic_bundles.tables import World

MSD401_COLUMNS = (
    "UniqPregID",
    "LabourDeliveryID",
    "LPIDBaby",
    "NHSNumberBaby",
    "NHSNumberStatusBaby",
    "PersonBirthDateBaby",
    "PersonBirthTimeBaby",
    "PersonPhenSex",
    "PregOutcome",
    "GestationLengthBirth",
    "DeliveryMethodCode",
    "FetusPresentation",
    "SettingPlaceBirth",
    "BabyFirstFeedIndCode",
    "SkinToSkinContact1HourInd",
    "EthnicCategoryBaby",
    "OrgCodeProvider",
    "OrgSiteIDActualDelivery",
    "Person_ID_Mother",
)
MSD401_HEADER = (",".join(MSD401_COLUMNS) + "\r\n").encode()


def msd401_lines(world: World) -> Iterator[bytes]:
    """The header, then a line a baby in order of birth; every line ends as RFC 4180 says."""
    yield MSD401_HEADER
    for birth in birth_records(world):
        yield from msd401_lines_of(birth)


def msd401_lines_of(birth: BirthRecord) -> Iterator[bytes]:
    """The lines of one birth. No value of this world needs quotes."""
    for baby in birth.babies:
        yield (",".join(_values(birth, baby)) + "\r\n").encode()


def _values(birth: BirthRecord, baby: BabyRecord) -> tuple[str, ...]:
    delivery = birth.delivery
    return (
        f"P{birth.row:07d}",
        f"D{birth.row:07d}",
        baby_hospital_number(delivery.provider, birth.row, baby.birth_order),
        baby.nhs_number or "",
        baby.nhs_number_status or "",
        baby.birth_datetime[:10],
        baby.birth_datetime[11:19],
        baby.sex,
        baby.outcome,
        str(baby.gestation_days),
        str(delivery.method),
        baby.presentation,
        baby.place_of_birth or "",
        baby.first_feed or "",
        baby.skin_to_skin or "",
        baby.ethnic_category,
        delivery.provider,
        delivery.site,
        mother_hospital_number(delivery.provider, birth.row),
    )
