"""UK Core bundles of a neonatal unit's own system (FHIR R4 4.0.1): one transaction a stay.

A bundle holds the baby, its mother (with her birth date alone where the stay could not be linked), the stay, what was
measured, done and found, and one Observation a day of care. Units of RSB write weeks and kilograms, those of RSA days
and grams. Facts have a code and a value, so that a view needs no more than both:

- a measure or an answer is an Observation: code, value[x], with yes and no as Y and N of HL7 table 0136;
- a finding is a Condition whether it was found or not: its code says which one, `verificationStatus` whether it is
  there (confirmed, refuted, provisional where only suspected, unconfirmed where not known or not looked for). One that
  comes in grades has the grade as `stage.summary`, in a code system of its own and with the codes of the code list,
  the absent grade too: no haemorrhage is stage 0 and refuted, no scan is stage 9 and unconfirmed. The grade of a
  haemorrhage also shows in its ICD-10 code. Where a record has no answer at all there is no Condition;
- cooling is a Procedure, completed or not-done;
- a day is an Observation of code `neonatal-care-level`, its value the level and its components the help with breathing
  and the own mother's milk.

A code that its list does not have stands in the system of local codes.
"""

from __future__ import annotations

import orjson

from synthetic_bundles import fhir_codes as codes
from synthetic_bundles.entries import Entries
from synthetic_bundles.fhir_codes import Resource, code_list, coding, concept, local_concept
from synthetic_bundles.fhir_values import concept_of
from synthetic_bundles.identifiers import (
    BUNDLE_SYSTEM,
    HOSPITAL_NUMBER_SYSTEM,
    Kind,
    bundle_identifier,
    uuid_prefix,
)
from synthetic_bundles.maternal_resources import NUMBER_VERIFIED, ethnic_extension, nhs_identifiers, period, place
from synthetic_bundles.neonatal_records import NeonatalRecord
from synthetic_bundles.neonatal_resources import (
    BABY,
    MOTHER,
    RELATED_PERSON,
    STAY,
    add_days,
    add_findings,
    add_measures,
)
from synthetic_bundles.render_badgernet import badger_number

BUNDLE = 0
NEONATAL_NUMBER_SYSTEM = "https://perinatal-equity.example/synthetic/neonatal-id"
STAY_NUMBER_SYSTEM = "https://perinatal-equity.example/synthetic/neonatal-episode-id"
ADMIT_SOURCE_SYSTEM = "http://terminology.hl7.org/CodeSystem/admit-source"
NEONATAL_STAY = [codes.snomed("830077005")]
BORN_HERE = concept(coding(ADMIT_SOURCE_SYSTEM, "born"))
BORN_ELSEWHERE = concept(coding(ADMIT_SOURCE_SYSTEM, "hosp-trans"))
DESTINATIONS = code_list("neonatal-discharge-destination", ("1", "2", "3", "4", "12"))
REASONS = code_list(
    "neonatal-admission-reason", ("preterm", "respiratory", "infection", "hypoglycaemia", "jaundice", "monitoring")
)


def render_neonatal_bundle(stamp: str, record: NeonatalRecord) -> bytes:
    """The bundle of one stay. stamp: of its world."""
    entries = Entries(uuid_prefix(stamp, record.row, Kind.NEONATAL))
    _add_baby(entries, record)
    _add_related_person(entries)
    _add_mother(entries, record)
    _add_stay(entries, record)
    add_measures(entries, record)
    add_findings(entries, record)
    add_days(entries, record)
    bundle = {
        "resourceType": "Bundle",
        "id": entries.resource_id(BUNDLE),
        "meta": codes.SYNTHETIC_META,
        "identifier": {"system": BUNDLE_SYSTEM, "value": bundle_identifier(stamp, record.row, Kind.NEONATAL)},
        "type": "transaction",
        "timestamp": record.recorded_datetime,
        "entry": entries.written,
    }
    return orjson.dumps(bundle)


def _add_baby(entries: Entries, record: NeonatalRecord) -> None:
    patient: Resource = {
        "extension": _extensions(record),
        "identifier": [
            *nhs_identifiers(record.nhs_number, record.nhs_number_status),
            *_hospital_identifiers(record.hospital_number),
            {"system": NEONATAL_NUMBER_SYSTEM, "value": badger_number(record.row)},
        ],
        "gender": codes.GENDERS.get(record.sex, "unknown"),
        "birthDate": record.birth_datetime[:10],
        "_birthDate": {"extension": [{"url": codes.BIRTH_TIME_EXTENSION, "valueDateTime": record.birth_datetime}]},
        "deceasedDateTime": record.death_datetime,
    }
    if record.births > 1:
        patient["multipleBirthInteger"] = record.birth_order
    else:
        patient["multipleBirthBoolean"] = False
    entries.add(BABY, "Patient", patient)


def _extensions(record: NeonatalRecord) -> list[Resource]:
    """The ethnic category, and a sex that FHIR has no word for."""
    extensions = [ethnic_extension(record.ethnic_category)]
    if record.sex not in codes.GENDERS:
        extensions.append({"url": codes.BIRTH_SEX_EXTENSION, "valueCodeableConcept": local_concept(record.sex)})
    return extensions


def _add_related_person(entries: Entries) -> None:
    content = {"patient": entries.reference(BABY), "relationship": codes.MOTHER_OF}
    entries.add(RELATED_PERSON, "RelatedPerson", content)


def _add_mother(entries: Entries, record: NeonatalRecord) -> None:
    """Her record tells no status of her number: units take it from the maternity notes, where it is verified."""
    category = record.mother_ethnic_category
    identifiers = [
        *nhs_identifiers(record.mother_nhs_number, NUMBER_VERIFIED),
        *_hospital_identifiers(record.mother_hospital_number),
    ]
    patient = {
        "extension": None if category is None else [ethnic_extension(category)],
        "identifier": identifiers or None,
        "gender": "female",
        "birthDate": record.mother_birth_date,
        "link": [{"other": entries.reference(RELATED_PERSON), "type": "seealso"}],
    }
    entries.add(MOTHER, "Patient", patient)


def _hospital_identifiers(number: str | None) -> list[Resource]:
    """A hospital number begins with the trust that gave it: where the baby was born, not where it lies."""
    return [] if number is None else [{"system": HOSPITAL_NUMBER_SYSTEM + number[:3], "value": number}]


def _add_stay(entries: Entries, record: NeonatalRecord) -> None:
    episode = record.episode
    hospitalization: Resource = {"admitSource": BORN_HERE if episode.inborn else BORN_ELSEWHERE}
    if episode.discharge_destination is not None:
        hospitalization["dischargeDisposition"] = concept_of(episode.discharge_destination, DESTINATIONS)
    encounter = {
        "identifier": [{"system": STAY_NUMBER_SYSTEM, "value": badger_number(record.row)}],
        "status": "in-progress" if episode.discharge_datetime is None else "finished",
        "class": codes.INPATIENT,
        "type": NEONATAL_STAY,
        "subject": entries.reference(BABY),
        "period": period(episode.admit_datetime, episode.discharge_datetime),
        "reasonCode": [concept_of(episode.admission_reason, REASONS)],
        "hospitalization": hospitalization,
        **place(episode.provider, episode.unit),
    }
    entries.add(STAY, "Encounter", encounter)
