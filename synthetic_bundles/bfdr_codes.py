"""Profiles, sections and codes of US birth certificates and fetal death reports (BFDR 2.0, FHIR R4).

The pieces are shared between resources and never changed: a bundle is written out as soon as it is built.
Source: the BFDR sample bundles of vital-records-dotnet and, for what they leave empty, the profiles of HL7/fhir-bfdr.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from synthetic_bundles.fhir_codes import ROLE_SYSTEM, SNOMED, SYNTHETIC_META, Resource, coding, concept, loinc, snomed

BFDR = "http://hl7.org/fhir/us/bfdr/StructureDefinition/"
VITAL_RECORDS = "http://hl7.org/fhir/us/vr-common-library/StructureDefinition/"
CERTIFICATE_NUMBER_EXTENSION = VITAL_RECORDS + "CertificateNumber"
FETAL_DEATH_EXTENSION = VITAL_RECORDS + "Extension-patient-fetal-death-vr"
ROLE_EXTENSION = BFDR + "Extension-role"
MATERNITY_ENCOUNTER_EXTENSION = BFDR + "Extension-encounter-maternity-reference"
BIRTH_SEX_EXTENSION = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex"
BIRTH_TOTAL_EXTENSION = "http://hl7.org/fhir/StructureDefinition/patient-multipleBirthTotal"
SEX_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender"
NULL_FLAVOR_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
BFDR_LOCAL_SYSTEM = "http://hl7.org/fhir/us/bfdr/CodeSystem/CodeSystem-local-bfdr-codes"
UNKNOWN = concept(coding(NULL_FLAVOR_SYSTEM, "UNK"))

POUND_KG = 0.45359237  # international avoirdupois pound, exact
INCH_CM = 2.54  # exact


class Section(Enum):
    """The parts of a certificate that hold facts."""

    PRENATAL = auto()
    MEDICAL = auto()
    NEWBORN = auto()
    GESTATION = auto()
    FATHER = auto()


@dataclass(frozen=True, slots=True)
class Certificate:
    """What sets one kind of certificate apart. sections: LOINC code of each, several may share one."""

    bundle_meta: Resource
    composition: Resource
    child_meta: Resource
    sections: Mapping[Section, str]


@dataclass(frozen=True, slots=True)
class Item:
    """One fact of a certificate. number: of its resource in the bundle. head: what every such resource starts with."""

    number: int
    section: Section
    head: Resource


def profiled(url: str) -> Resource:
    """The meta of a resource that follows a profile."""
    return {"profile": [url]}


def _composition(profile: str, code: str, display: str, title: str) -> Resource:
    return {
        "meta": profiled(BFDR + profile),
        "status": "final",
        "type": {"coding": [{**coding("http://loinc.org", code), "display": display}]},
        "title": title,
        "author": [{"display": "Synthetic vital records office"}],  # R4 wants one, the samples have none
        "attester": [{"mode": "legal"}],
        "event": [{"code": [snomed("103693007")]}],
    }


_SHARED_SECTIONS = {Section.PRENATAL: "57073-9", Section.MEDICAL: "55752-0", Section.FATHER: "92013-2"}
LIVE_BIRTH = Certificate(
    bundle_meta={**profiled(BFDR + "Bundle-document-birth-report"), **SYNTHETIC_META},
    composition=_composition(
        "Composition-jurisdiction-live-birth-report",
        "92011-6",
        "Jurisdiction live birth report Document",
        "Birth Certificate",
    ),
    child_meta=profiled(VITAL_RECORDS + "Patient-child-vr"),
    sections=MappingProxyType({**_SHARED_SECTIONS, Section.NEWBORN: "57075-4", Section.GESTATION: "57075-4"}),
)
FETAL_DEATH = Certificate(
    bundle_meta={**profiled(BFDR + "Bundle-document-fetal-death-report"), **SYNTHETIC_META},
    composition=_composition(
        "Composition-jurisdiction-fetal-death-report",
        "92010-8",
        "Jurisdiction fetal death report Document",
        "Fetal Death Report",
    ),
    child_meta=profiled(BFDR + "Patient-decedent-fetus"),
    sections=MappingProxyType({**_SHARED_SECTIONS, Section.NEWBORN: "76400-1", Section.GESTATION: "11884-4"}),
)
MOTHER_META = profiled(VITAL_RECORDS + "Patient-mother-vr")
FATHER_META = profiled(VITAL_RECORDS + "RelatedPerson-father-natural-vr")
MATERNITY_META = profiled(BFDR + "Encounter-maternity")
BIRTH_META = profiled(BFDR + "Encounter-birth")
PLACE_META = profiled(BFDR + "Location-bfdr")

MEDICAL_RECORD_NUMBER = concept(
    {**coding("http://terminology.hl7.org/CodeSystem/v2-0203", "MR"), "display": "Medical Record Number"}
)
NATURAL_FATHER = [concept(coding(ROLE_SYSTEM, "NFTH"))]
PLACE_OF_BIRTH = [concept(coding(BFDR_LOCAL_SYSTEM, "loc_birth"))]
FETAL_DEATH_MARK: Resource = {"extension": [{"url": FETAL_DEATH_EXTENSION, "valueBoolean": True}]}


def role(code: str) -> list[Resource]:
    """The extension that says whom a resource is about."""
    return [{"url": ROLE_EXTENSION, "valueCodeableConcept": concept(coding(ROLE_SYSTEM, code))}]


ROLE_MOTHER, ROLE_CHILD, ROLE_FATHER = role("MTH"), role("CHILD"), role("FTH")


def _observation(number: int, section: Section, code: str, **head: object) -> Item:
    return Item(number, section, {"status": "final", **head, "code": loinc(code)})


_VITAL_SIGN = [concept(coding("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs"))]

# Of a parent. Their profiles want the mother as subject, so none of these claims its profile.
FIRST_PRENATAL_VISIT = _observation(16, Section.PRENATAL, "69044-6")
LAST_MENSTRUAL_PERIOD = _observation(17, Section.PRENATAL, "8665-2")
MOTHER_HEIGHT = _observation(18, Section.PRENATAL, "8302-2", category=_VITAL_SIGN)
MOTHER_WEIGHT = _observation(19, Section.PRENATAL, "56077-1", category=_VITAL_SIGN)
PREVIOUS_LIVE_BIRTHS = _observation(20, Section.PRENATAL, "11638-4")
OTHER_OUTCOMES = _observation(21, Section.PRENATAL, "69043-8")
CIGARETTES = tuple(  # in the first, second and third three months
    _observation(number, Section.PRENATAL, code) for number, code in ((22, "87298-6"), (23, "87299-4"), (24, "64795-8"))
)
PREVIOUS_CAESAREANS = _observation(25, Section.MEDICAL, "68497-7")
PRETERM_BEFORE = _observation(26, Section.MEDICAL, "73775-9")
STEROIDS = _observation(27, Section.MEDICAL, "73813-8")
PLURALITY = _observation(28, Section.NEWBORN, "73773-4")
FATHER_OCCUPATION = _observation(29, Section.FATHER, "11341-5", extension=ROLE_FATHER)

# Of the child.
BIRTH_WEIGHT = _observation(
    32, Section.NEWBORN, "8339-4", meta=profiled(BFDR + "Observation-birth-weight"), category=_VITAL_SIGN
)
GESTATION = _observation(
    33, Section.GESTATION, "11884-4", meta=profiled(BFDR + "Observation-gestational-age-at-delivery")
)
APGAR_AT_1_MINUTE = _observation(34, Section.NEWBORN, "9272-6", meta=profiled(BFDR + "Observation-apgar-score"))
APGAR_AT_5_MINUTES = _observation(35, Section.NEWBORN, "9274-2", meta=profiled(BFDR + "Observation-apgar-score"))
BREASTFED = _observation(
    36, Section.NEWBORN, "73756-9", meta=profiled(BFDR + "Observation-infant-breastfed-at-discharge")
)
LIVING = _observation(37, Section.NEWBORN, "73757-7", meta=profiled(BFDR + "Observation-infant-living"))
PRESENTATION = _observation(38, Section.MEDICAL, "73761-9", meta=profiled(BFDR + "Observation-fetal-presentation"))
TIME_OF_DEATH = _observation(39, Section.NEWBORN, "73811-2", meta=profiled(BFDR + "Observation-fetal-death-time-point"))

# Procedures and conditions of the mother.
_LABOUR: Resource = {"status": "completed", "category": loinc("73813-8")}
ROUTE = Item(48, Section.MEDICAL, {"status": "completed", "category": loinc("73762-7")})
INDUCTION, AUGMENTATION, ANALGESIA = (Item(number, Section.MEDICAL, _LABOUR) for number in (49, 50, 51))
LACERATIONS = tuple(Item(number, Section.MEDICAL, {"category": [loinc("73781-7")]}) for number in (52, 53))

INDUCED = coding(SNOMED, "236958009")
AUGMENTED = snomed("237001001")
LACERATED = coding(SNOMED, "398019008")
HISTORY_OF_PRETERM_BIRTH = snomed("161765003")
STEROIDS_GIVEN = MappingProxyType(dict.fromkeys(("full", "partial"), snomed("434611000124106")))
_VAGINAL, _FORCEPS, _CAESAREAN = snomed("700000006"), snomed("302383004"), snomed("11466000")
ROUTES = MappingProxyType(  # by delivery method
    dict.fromkeys((0, 1, 5, 6), _VAGINAL)
    | dict.fromkeys((2, 3), _FORCEPS)
    | {4: snomed("61586001")}
    | dict.fromkeys((7, 8), _CAESAREAN)
)
PRESENTATIONS = MappingProxyType({"01": snomed("70028003"), "02": snomed("6096002"), "XX": UNKNOWN})
_HOSPITAL = snomed("22232009")
_HOME = concept(coding(BFDR_LOCAL_SYSTEM, "unknownplannedhomebirth"))  # the setting says where, not what was planned
PLACES = MappingProxyType(  # by setting of the birth; an alongside unit (02) is part of its hospital
    dict.fromkeys(("01", "02", "06"), _HOSPITAL)
    | {"03": snomed("91154008"), "99": UNKNOWN}
    | dict.fromkeys(("04", "05"), _HOME)
)
TIMES_OF_DEATH = MappingProxyType(  # by outcome
    {"02": snomed("434681000124104"), "03": snomed("434631000124100"), "04": UNKNOWN}
)
SEXES = MappingProxyType(
    {
        "1": concept(coding(SEX_SYSTEM, "M")),
        "2": concept(coding(SEX_SYSTEM, "F")),
        "9": concept(coding(SEX_SYSTEM, "UN")),
    }
)
SEX_CODES = MappingProxyType({"1": "M", "2": "F", "9": "UN"})
IS_BREASTFED = MappingProxyType({"01": True, "02": True, "03": False})
