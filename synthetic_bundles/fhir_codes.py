"""Systems and codes of the maternity bundle, as the pieces of FHIR R4 that repeat.

The pieces are shared between resources and never changed: a bundle is written out as soon as it is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from synthetic_bundles.vocabulary import NON_SMOKER, SMOKER, SMOKING_UNKNOWN

Resource = dict[str, object]

NHS_NUMBER_SYSTEM = "https://fhir.nhs.uk/Id/nhs-number"
ODS_ORGANISATION_SYSTEM = "https://fhir.nhs.uk/Id/ods-organization-code"
ODS_SITE_SYSTEM = "https://fhir.nhs.uk/Id/ods-site-code"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/"
NUMBER_STATUS_EXTENSION = UK_CORE + "Extension-UKCore-NHSNumberVerificationStatus"
NUMBER_STATUS_SYSTEM = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
ETHNIC_EXTENSION = UK_CORE + "Extension-UKCore-EthnicCategory"
ETHNIC_SYSTEM = "https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland"
INTERPRETER_EXTENSION = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
BIRTH_SEX_EXTENSION = UK_CORE + "Extension-UKCore-BirthSex"
BIRTH_TIME_EXTENSION = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ENCOUNTER_CLASS_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ROLE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
YES_NO_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-0136"
NULL_FLAVOUR_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
CLINICAL_STATUS_SYSTEM = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CODE_LISTS = "https://perinatal-equity.example/fhir/CodeSystem/"
DATA_ITEM_SYSTEM = CODE_LISTS + "maternity-data-item"
LOCAL_CODE_SYSTEM = "https://perinatal-equity.example/synthetic/local-code"  # what no list holds


def coding(system: str, code: str) -> Resource:
    return {"system": system, "code": code}


def concept(*codings: Resource) -> Resource:
    """A CodeableConcept of these codings."""
    return {"coding": list(codings)}


def snomed(code: str) -> Resource:
    return concept(coding(SNOMED, code))


def loinc(code: str) -> Resource:
    return concept(coding(LOINC, code))


def data_item(code: str) -> Resource:
    """An item of maternity data for which no standard code is known."""
    return concept(coding(DATA_ITEM_SYSTEM, code))


def local_concept(code: object) -> Resource:
    return concept(coding(LOCAL_CODE_SYSTEM, str(code)))


def number_status(code: str) -> list[Resource]:
    """The extension that says how far an NHS number is verified."""
    status = concept(coding(NUMBER_STATUS_SYSTEM, code))
    return [{"url": NUMBER_STATUS_EXTENSION, "valueCodeableConcept": status}]


def code_list(name: str, codes: Iterable[str]) -> Mapping[str, Resource]:
    """The concepts of a code list of the common model, by code."""
    return MappingProxyType({code: concept(coding(CODE_LISTS + name, code)) for code in codes})


def quantity(value: float, unit: str, code: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": code}


SYNTHETIC_META: Resource = {"tag": [coding("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST")]}
MOTHER_OF = [concept(coding(ROLE_SYSTEM, "MTH"))]
FATHER_OF = [concept(coding(ROLE_SYSTEM, "FTH"))]
RESOLVED = concept(coding(CLINICAL_STATUS_SYSTEM, "resolved"))
ACTIVE = concept(coding(CLINICAL_STATUS_SYSTEM, "active"))
OUTPATIENT = coding(ENCOUNTER_CLASS_SYSTEM, "AMB")
INPATIENT = coding(ENCOUNTER_CLASS_SYSTEM, "IMP")

PREGNANT = snomed("77386006")
BOOKING_VISIT = [snomed("424441002")]
DELIVERY_STAY = [snomed("3950001")]

GESTATION_AT_BOOKING = snomed("57036006")
SMOKING_STATUS = loinc("72166-2")
CARBON_MONOXIDE = snomed("251900003")
HEIGHT = loinc("8302-2")
WEIGHT = loinc("29463-7")
BODY_MASS_INDEX = loinc("39156-5")
PREVIOUS_LIVE_BIRTHS = loinc("11636-8")
PREVIOUS_CAESAREANS = loinc("68497-7")
NUMBER_OF_FETUSES = loinc("73773-4")
GESTATION_AT_BIRTH = loinc("11884-4")
BIRTH_WEIGHT = concept(coding(SNOMED, "364589006"), coding(LOINC, "8339-4"))
APGAR_AT_5_MINUTES = loinc("9274-2")
BIRTH_OUTCOME = snomed("364587008")
FIRST_FEED = data_item("first-feed")

# Several codes of one meaning, taken in turn: real systems do not agree on one.
SMOKING_CODES = MappingProxyType(
    {
        SMOKER: tuple(map(snomed, ("77176002", "65568007", "59978006"))),
        NON_SMOKER: tuple(map(snomed, ("8392000", "266919005", "8517006"))),
        SMOKING_UNKNOWN: (snomed("266927001"),),
    }
)
METHOD_CODES = MappingProxyType(
    {
        0: tuple(map(snomed, ("48782003", "177184002", "309469004"))),
        3: (snomed("302383004"),),
        4: (snomed("61586001"),),
        5: (snomed("177157003"),),
        7: (snomed("177141003"),),
        8: tuple(map(snomed, ("274130007", "11466000"))),
    }
)
OUTCOME_CODES = MappingProxyType(
    {
        "01": snomed("281050002"),
        "02": snomed("713202001"),
        "03": snomed("921611000000101"),
        "04": snomed("237364002"),
        "05": snomed("57797005"),
    }
)
FIRST_FEED_CODES = code_list("first-feed", ("01", "02", "03"))
NUMBER_STATUSES = MappingProxyType({code: number_status(code) for code in ("01", "08")})
GENDERS = MappingProxyType({"1": "male", "2": "female", "9": "other", "X": "unknown"})
ANSWERS = MappingProxyType(
    {
        "Y": concept(coding(YES_NO_SYSTEM, "Y")),
        "N": concept(coding(YES_NO_SYSTEM, "N")),
        "Z": concept(coding(NULL_FLAVOUR_SYSTEM, "ASKU")),  # asked, not stated
    }
)
