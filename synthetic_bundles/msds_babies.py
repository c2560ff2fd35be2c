"""MSDS v2 tables of the babies: MSD401 in two extracts, and MSD405 with one row a finding or observation.

`msd401` has the columns of a short extract and never more; `msd401_rest` has the other columns of that table which the
record fills: birth order, discharge and death. Units: gestation days, weight g, head circumference cm. The minute of an
Apgar score is told by `ObsCode`. MSDS has no place for the gestation at which a death before birth was confirmed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from synthetic_bundles import msds_codes as codes
from synthetic_bundles.plain_records import Value
from synthetic_bundles.record_cells import (
    BabyTold,
    Cells,
    Finding,
    babies_told,
    cells,
    cells_of,
    date_of,
    delivery_number,
    pregnancy_number,
    time_of,
)
from synthetic_bundles.records import BirthRecord

Columns = Mapping[str, Callable[[BabyTold], Value]]
MSD401: Columns = MappingProxyType(
    {
        "UniqPregID": lambda told: pregnancy_number(told.birth.row),
        "LabourDeliveryID": lambda told: delivery_number(told.birth.row),
        "LPIDBaby": lambda told: told.hospital_number,
        "NHSNumberBaby": lambda told: told.baby.nhs_number,
        "NHSNumberStatusBaby": lambda told: told.baby.nhs_number_status,
        "PersonBirthDateBaby": lambda told: date_of(told.baby.birth_datetime),
        "PersonBirthTimeBaby": lambda told: time_of(told.baby.birth_datetime),
        "PersonPhenSex": lambda told: told.baby.sex,
        "PregOutcome": lambda told: told.baby.outcome,
        "GestationLengthBirth": lambda told: told.baby.gestation_days,
        "DeliveryMethodCode": lambda told: told.birth.delivery.method,
        "FetusPresentation": lambda told: told.baby.presentation,
        "SettingPlaceBirth": lambda told: told.baby.place_of_birth,
        "BabyFirstFeedIndCode": lambda told: told.baby.first_feed,
        "SkinToSkinContact1HourInd": lambda told: told.baby.skin_to_skin,
        "EthnicCategoryBaby": lambda told: told.baby.ethnic_category,
        "OrgCodeProvider": lambda told: told.birth.trust,
        "OrgSiteIDActualDelivery": lambda told: told.birth.delivery.site,
        "Person_ID_Mother": lambda told: told.mother_number,
    }
)
MSD401_REST: Columns = MappingProxyType(
    {
        "UniqPregID": lambda told: pregnancy_number(told.birth.row),
        "LabourDeliveryID": lambda told: delivery_number(told.birth.row),
        "LPIDBaby": lambda told: told.hospital_number,
        "BirthOrderMaternitySUS": lambda told: told.baby.birth_order,
        "DischargeDateBabyHosp": lambda told: date_of(told.newborn.discharge_datetime),
        "DischargeTimeBabyHosp": lambda told: time_of(told.newborn.discharge_datetime),
        "PersonDeathDateBaby": lambda told: date_of(told.death_datetime),
        "PersonDeathTimeBaby": lambda told: time_of(told.death_datetime),
        "OrgCodeProvider": lambda told: told.birth.trust,
        "Person_ID_Mother": lambda told: told.mother_number,
    }
)
MSD405_COLUMNS = (
    "UniqPregID",
    "LPIDBaby",
    "CareActIDBaby",
    "ClinInterDateBaby",
    "ClinInterTimeBaby",
    "FindingCode",
    "ObsCode",
    "ObsValue",
    "UCUMUnit",
    "BirthWeight",
    "ApgarScore",
    "OrgCodeProvider",
    "Person_ID_Mother",
)
BABY_TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"msd401": tuple(MSD401), "msd401_rest": tuple(MSD401_REST), "msd405": MSD405_COLUMNS}
)


def baby_rows(birth: BirthRecord) -> Iterator[tuple[str, Cells]]:
    """Each baby, then what was found of it: table and cells of each row."""
    for told in babies_told(birth):
        yield "msd401", cells(MSD401, told)
        yield "msd401_rest", cells(MSD401_REST, told)
        for number, (moment, finding) in enumerate(_findings(told), start=1):
            yield "msd405", cells_of(MSD405_COLUMNS, _activity(told, number, moment, finding))


def _activity(told: BabyTold, number: int, moment: str | None, finding: Finding) -> Finding:
    return {
        **finding,
        "UniqPregID": pregnancy_number(told.birth.row),
        "LPIDBaby": told.hospital_number,
        "CareActIDBaby": f"N{told.birth.row:07d}{told.baby.birth_order}{number:02d}",
        "ClinInterDateBaby": date_of(moment),
        "ClinInterTimeBaby": time_of(moment),
        "OrgCodeProvider": told.birth.trust,
        "Person_ID_Mother": told.mother_number,
    }


def _findings(told: BabyTold) -> Iterator[tuple[str | None, Finding]]:
    """What was found, each apart, with its time."""
    baby, newborn = told.baby, told.newborn
    born, feeding = baby.birth_datetime, newborn.feeding_at_discharge
    if baby.birth_weight_g is not None:
        yield born, {"ObsCode": codes.BIRTH_WEIGHT, "BirthWeight": baby.birth_weight_g}
    if newborn.apgar_1 is not None:
        yield born, {"ObsCode": codes.APGAR_AT_1_MINUTE, "ApgarScore": newborn.apgar_1}
    if baby.apgar_5 is not None:
        yield born, {"ObsCode": codes.APGAR_AT_5_MINUTES, "ApgarScore": baby.apgar_5}
    if newborn.head_circumference_cm is not None:
        head = newborn.head_circumference_cm
        yield born, {"ObsCode": codes.HEAD_CIRCUMFERENCE, "ObsValue": head, "UCUMUnit": "cm"}
    if feeding is not None:
        yield newborn.discharge_datetime, {"FindingCode": codes.FEEDING_CODES.get(feeding, feeding)}
