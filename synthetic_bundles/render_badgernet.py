"""CSV of a neonatal unit's own system in the shape of BadgerNet's extracts: a row a stay, and a row a day of care.

The first columns are those of a unit's episode extract, in its order. The others take their names from the National
Neonatal Research Data Set (NNRD) where it has one; what BadgerNet means by a code of these is general knowledge:
yes is 1 and no is 0, CordClampingTimeMinute and -Second add up, SteroidsAntenatalCourses is 1 for a full course and 0
for one not finished, DischargeMilk is 1 for the own mother's milk. A cell is empty where nothing is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from synthetic_bundles.neonatal_records import NeonatalRecord
from synthetic_bundles.plain_records import EpisodeRecord
from synthetic_bundles.record_cells import text

EPISODES, DAYS = "badgernet_episodes", "badgernet_days"
TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        EPISODES: (
            "BadgerUniqueID",
            "NationalIDBaby",
            "NationalIDMother",
            "EpisodeNumber",
            "BirthTimeBaby",
            "GestationWeeks",
            "GestationDays",
            "Birthweight",
            "Sex",
            "AdmitTime",
            "AdmitTemperature",
            "DischTime",
            "DischargeDestination",
            "ICCareDays2011",
            "HDCareDays2011",
            "SCCareDays2011",
            "NormalCareDays2011",
            "HIEGrade",
            "DischargeFeeding",
            "DischargeMilk",
            "Apgar5",
            "NationalIDBabyStatus",
            "HospitalIDBaby",
            "HospitalIDMother",
            "BirthOrder",
            "FetusNumber",
            "DateTimeOfDeath",
            "EthnicityBaby",
            "BirthDateMother",
            "EthnicityMother",
            "ProviderNHSCode",
            "UnitCode",
            "Inborn",
            "AdmitPrincipalReason",
            "AdmitTempTime",
            "Apgar1",
            "BirthHeadCircumference",
            "CordArterialpH",
            "CordClampingTimeMinute",
            "CordClampingTimeSecond",
            "CooledTreatment",
            "IVHGrade",
            "CysticPVL",
            "NECDiagnosis",
            "BPD",
            "LateOnsetBSI",
            "Convulsions",
            "Stroke",
            "IntracranialHaemorrhage",
            "CNSInfection",
            "Kernicterus",
            "LabourOnset",
            "SteroidsAntenatalGiven",
            "SteroidsAntenatalCourses",
            "SteroidsAntenatalLastDoseTime",
            "MagnesiumSulphate",
        ),
        DAYS: (
            "BadgerUniqueID",
            "NationalIDBaby",
            "CareDate",
            "bapm2011",
            "RespiratorySupport",
            "EnteralOwnMothersMilk",
        ),
    }
)
SEXES = MappingProxyType({"1": "M", "2": "F", "9": "I", "X": "U"})
STEROIDS = MappingProxyType({"none": ("0", ""), "partial": ("1", "0"), "full": ("1", "1")})  # given, full course
NORMAL_CARE_LEVELS = (4, 5)  # the extract has no column for transitional care


def rows_of(record: NeonatalRecord) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The stay, then its days in order of date: the table's name and the cells."""
    yield EPISODES, _episode_cells(record)
    number, nhs_number = badger_number(record.row), record.nhs_number or ""
    for day in record.days:
        milk = _yes_or_no(day.own_mothers_milk)
        yield DAYS, (number, nhs_number, day.care_date, str(day.care_level), day.resp_support or "", milk)


def badger_number(row: int) -> str:
    """What the neonatal system itself calls a stay."""
    return f"E{row}"


def _episode_cells(record: NeonatalRecord) -> tuple[str, ...]:
    return (
        *_extract_cells(record),
        *_people_cells(record),
        *_care_cells(record),
        *_finding_cells(record.episode),
        *_mother_care_cells(record),
    )


def _extract_cells(record: NeonatalRecord) -> tuple[str, ...]:
    """BadgerUniqueID to Apgar5."""
    episode = record.episode
    weeks, days = divmod(record.gestation_days, 7)
    days_at = Counter(day.care_level for day in record.days)
    return (
        badger_number(record.row),
        record.nhs_number or "",
        record.mother_nhs_number or "",
        str(record.episode_number),
        _minute(record.birth_datetime),
        str(weeks),
        str(days),
        text(record.birth_weight_g),
        SEXES.get(record.sex, record.sex),
        _minute(episode.admit_datetime),
        text(episode.temp_admission_c),
        _minute(episode.discharge_datetime),
        episode.discharge_destination or "",
        str(days_at[1]),
        str(days_at[2]),
        str(days_at[3]),
        str(sum(days_at[level] for level in NORMAL_CARE_LEVELS)),
        episode.hie_grade or "",
        record.newborn.feeding_at_discharge or "",
        _yes_or_no(episode.own_mothers_milk_at_discharge),
        text(record.apgar_5),
    )


def _people_cells(record: NeonatalRecord) -> tuple[str, ...]:
    return (
        record.nhs_number_status or "",
        record.hospital_number or "",
        record.mother_hospital_number or "",
        str(record.birth_order),
        str(record.births),
        _minute(record.death_datetime),
        record.ethnic_category,
        record.mother_birth_date,
        record.mother_ethnic_category or "",
    )


def _care_cells(record: NeonatalRecord) -> tuple[str, ...]:
    episode = record.episode
    minutes, seconds = ("", "") if episode.cord_clamp_seconds is None else divmod(episode.cord_clamp_seconds, 60)
    return (
        episode.provider,
        episode.unit,
        _yes_or_no(episode.inborn),
        episode.admission_reason,
        _minute(episode.temp_taken_datetime),
        text(record.newborn.apgar_1),
        text(record.newborn.head_circumference_cm),
        text(episode.cord_ph),
        str(minutes),
        str(seconds),
        _yes_or_no(episode.therapeutic_hypothermia),
    )


def _finding_cells(episode: EpisodeRecord) -> tuple[str, ...]:
    return (
        episode.ivh_grade or "",
        _yes_or_no(episode.cystic_pvl),
        episode.nec or "",
        episode.bpd or "",
        _yes_or_no(episode.late_onset_bsi),
        _yes_or_no(episode.seizures),
        _yes_or_no(episode.stroke),
        _yes_or_no(episode.intracranial_haemorrhage),
        _yes_or_no(episode.cns_infection),
        _yes_or_no(episode.kernicterus),
    )


def _mother_care_cells(record: NeonatalRecord) -> tuple[str, ...]:
    labour = record.labour
    given, full_course = STEROIDS.get(labour.steroids or "", (labour.steroids or "", ""))
    return (
        labour.onset_method or "",
        given,
        full_course,
        _minute(labour.steroid_last_dose_datetime),
        text(labour.magnesium_24h),
    )


def _minute(iso_text: str | None) -> str:
    """A time as `YYYY-MM-DD HH:MM`; a date alone stays one."""
    return "" if iso_text is None else iso_text[:16].replace("T", " ")


def _yes_or_no(value: bool) -> str:
    return "1" if value else "0"
