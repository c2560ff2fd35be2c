"""MSDS v2 tables of labour and delivery: MSD301, and MSD302 with one row a finding, observation or procedure.

`SettingIntraCare` is the place of birth of the first baby. In MSD302 a tear, an episiotomy, an induction, pain relief
and a critical incident have the columns that NHS Digital derives for them; augmentation is a procedure and smoking at
delivery a finding. Blood loss stands in `ObsValue` in mL; `ObsCode` is then the code of the haemorrhage, and empty for
a loss that nobody coded. MSDS has no place for antenatal steroids and magnesium: the neonatal unit tells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from synthetic_bundles import msds_codes as codes
from synthetic_bundles.identifiers import mother_hospital_number
from synthetic_bundles.plain_records import Value
from synthetic_bundles.record_cells import (
    Cells,
    Finding,
    cells,
    cells_of,
    date_of,
    delivery_number,
    pregnancy_number,
    time_of,
)
from synthetic_bundles.records import BirthRecord

Columns = Mapping[str, Callable[[BirthRecord], Value]]


def _mother_number(birth: BirthRecord) -> str:
    return mother_hospital_number(birth.trust, birth.row)


def _setting(birth: BirthRecord) -> str | None:
    return birth.babies[0].place_of_birth if birth.babies else None


MSD301: Columns = MappingProxyType(
    {
        "UniqPregID": lambda birth: pregnancy_number(birth.row),
        "LabourDeliveryID": lambda birth: delivery_number(birth.row),
        "StartDateMotherDeliveryHospProvSpell": lambda birth: date_of(birth.delivery.admission_datetime),
        "StartTimeMotherDeliveryHospProvSpell": lambda birth: time_of(birth.delivery.admission_datetime),
        "SettingIntraCare": _setting,
        "LabourOnsetMethod": lambda birth: birth.labour.onset_method,
        "LabourOnsetDate": lambda birth: date_of(birth.labour.onset_datetime),
        "LabourOnsetTime": lambda birth: time_of(birth.labour.onset_datetime),
        "CaesareanDate": lambda birth: date_of(birth.labour.caesarean_datetime),
        "CaesareanTime": lambda birth: time_of(birth.labour.caesarean_datetime),
        "BirthsPerLabandDel": lambda birth: birth.delivery.babies,
        "DischargeDateMotherHosp": lambda birth: date_of(birth.labour.mother_discharge_datetime),
        "DischargeTimeMotherHosp": lambda birth: time_of(birth.labour.mother_discharge_datetime),
        "OrgSiteIDIntra": lambda birth: birth.delivery.site,
        "OrgCodeProvider": lambda birth: birth.trust,
        "Person_ID_Mother": _mother_number,
    }
)
MSD302_COLUMNS = (
    "UniqPregID",
    "LabourDeliveryID",
    "ClinInterDateMother",
    "ClinInterTimeMother",
    "ProcedureCode",
    "FindingCode",
    "ObsCode",
    "ObsValue",
    "UCUMUnit",
    "GenitalTractTraumaticLesion",
    "Episiotomy",
    "LabourInductionMethod",
    "LabourAnaesthesiaType",
    "MatCritInd",
    "MCIType",
    "OrgCodeProvider",
    "Person_ID_Mother",
)
LABOUR_TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType({"msd301": tuple(MSD301), "msd302": MSD302_COLUMNS})


def labour_rows(birth: BirthRecord) -> Iterator[tuple[str, Cells]]:
    """The labour, then what was found and done in it: table and cells of each row."""
    yield "msd301", cells(MSD301, birth)
    for finding in _findings(birth):
        yield "msd302", cells_of(MSD302_COLUMNS, _activity(birth, finding))


def _activity(birth: BirthRecord, finding: Finding) -> Finding:
    """A finding at its time: that of the birth of the first baby."""
    return {
        **finding,
        "UniqPregID": pregnancy_number(birth.row),
        "LabourDeliveryID": delivery_number(birth.row),
        "ClinInterDateMother": date_of(birth.delivery.birth_datetime),
        "ClinInterTimeMother": time_of(birth.delivery.birth_datetime),
        "OrgCodeProvider": birth.trust,
        "Person_ID_Mother": _mother_number(birth),
    }


def _findings(birth: BirthRecord) -> Iterator[Finding]:
    delivery, labour = birth.delivery, birth.labour
    coded = (
        ("GenitalTractTraumaticLesion", delivery.perineal_trauma),
        ("GenitalTractTraumaticLesion", delivery.second_trauma),
        ("Episiotomy", labour.episiotomy_code),
        ("LabourInductionMethod", labour.induction_code),
        ("LabourAnaesthesiaType", labour.analgesia_code),
    )
    for column, code in coded:
        if code is not None:
            yield {column: code}
    if labour.augmentation:
        yield {"ProcedureCode": codes.AUGMENTATION}
    if delivery.smoking_status is not None:
        yield {"FindingCode": codes.smoking_code(delivery.smoking_status, birth.row)}
    if labour.critical_incident is not None:
        yield {"MatCritInd": "Y", "MCIType": labour.critical_incident}
    if labour.blood_loss_ml is not None or labour.haemorrhage_code is not None:
        yield {"ObsCode": labour.haemorrhage_code, "ObsValue": labour.blood_loss_ml, "UCUMUnit": "mL"}
