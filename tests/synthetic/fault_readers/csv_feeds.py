"""The CSV feeds: MSDS and E3 of maternity, BadgerNet of neonatal units, CSDS of health visitors, MHSDS."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.synthetic.fault_readers.csv_codes import (
    CODES_OF_BADGERNET,
    CODES_OF_CSDS,
    CODES_OF_E3,
    CODES_OF_MHSDS,
    CODES_OF_MSDS,
)
from tests.synthetic.fault_readers.plain import (
    Baby,
    Birth,
    Feed,
    Record,
    Sending,
    birth_record,
    code_faults,
    date_faults,
    event_record,
    plausible_gestation,
    plausible_weight,
    stay_record,
)
from tests.synthetic.fault_readers.sent_files import Arrived, whole_files

Row = Mapping[str, str]
RecordsOf = Callable[[Sequence[Row]], Iterator[Record]]

ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
BRITISH_DAY = re.compile(r"\d\d/\d\d/\d{4}")
MAIN_TABLES = {
    "msds": "msd401",
    "e3": "e3_maternity",
    "badgernet": "badgernet_episodes",
    "csds": "cyp201_202",
    "mhsds": "mhs101",
}


def read_csv_feed(folder: Path, feed: str) -> Feed:
    """Every table of a feed. The order of the records is that of the table that has a row for each of them."""
    found = Feed()
    files = list(whole_files(folder, found.broken))
    records_of = READERS[feed](files)
    for file in files:
        if file.stem == MAIN_TABLES[feed]:
            found.sendings.append(Sending(file.month, file.part, list(records_of(list(file.rows())))))
    return found


def _reader_of_msds(files: Iterable[Arrived]) -> RecordsOf:
    """A birth is told by many tables: those beside MSD401 are read first."""
    mothers: dict[str, Row] = {}
    weights: dict[str, str] = {}
    orders: dict[str, str] = {}
    days_of: defaultdict[str, set[str]] = defaultdict(set)
    for file in files:
        for row in file.rows():
            days_of[row["Person_ID_Mother"]].update(_days(row))
            if file.stem == "msd001":
                mothers[row["Person_ID_Mother"]] = row
            elif file.stem == "msd405" and row["BirthWeight"]:
                weights[row["LPIDBaby"]] = row["BirthWeight"]
            elif file.stem == "msd401_rest":
                orders[row["LPIDBaby"]] = row["BirthOrderMaternitySUS"]

    def told(rows: Sequence[Row]) -> Record:
        mother = mothers[rows[0]["Person_ID_Mother"]]
        babies = [
            _baby(
                numbers=(row["LPIDBaby"], row["NHSNumberBaby"]),
                order=orders[row["LPIDBaby"]],
                born=f"{row['PersonBirthDateBaby']}T{row['PersonBirthTimeBaby']}",
                gestation=_number(row["GestationLengthBirth"]),
                weight=weights.get(row["LPIDBaby"], ""),
            )
            for row in rows
        ]
        birth = Birth(
            babies=[baby for baby, _ in babies],
            mother_hospital_number=mother["LPIDMother"],
            mother_nhs_number=mother["NHSNumberMother"],
            ethnic_category=mother["EthnicCategoryMother"],
            site=rows[0]["OrgSiteIDActualDelivery"],
        )
        days = date_faults(days_of[mother["LPIDMother"]])
        measures = set[str]().union(*(faults for _, faults in babies))
        return birth_record(rows[0]["UniqPregID"], birth, days | measures | _code_faults(rows, CODES_OF_MSDS))

    return lambda rows: map(told, _groups(rows, "UniqPregID", "LPIDBaby"))


def _reader_of_e3(_: Iterable[Arrived]) -> RecordsOf:
    return lambda rows: map(_birth_of_e3, _groups(rows, "PregnancyNumber", "BabyHospitalNumber"))


def _birth_of_e3(rows: Sequence[Row]) -> Record:
    babies = [
        _baby(
            numbers=(row["BabyHospitalNumber"], row["BabyNHSNumber"]),
            order=row["BirthOrder"],
            born=f"{_day_of_british(row['BirthDate'])}T{row['BirthTime']}",
            gestation=_weeks_and_days(row["GestationWeeks"], row["GestationDays"]),
            weight=row["BirthWeightG"],
        )
        for row in rows
    ]
    birth = Birth(
        babies=[baby for baby, _ in babies],
        mother_hospital_number=rows[0]["MotherHospitalNumber"],
        mother_nhs_number=rows[0]["MotherNHSNumber"],
        ethnic_category=None,  # told in words, and compared with nothing
        site=rows[0]["DeliverySite"],
    )
    days = {_day_of_british(cell) for row in rows for cell in row.values() if BRITISH_DAY.fullmatch(cell)}
    measures = set[str]().union(*(faults for _, faults in babies))
    faults = date_faults(days) | measures | _code_faults(rows, CODES_OF_E3)
    return birth_record(rows[0]["PregnancyNumber"], birth, faults)


def _reader_of_badgernet(_: Iterable[Arrived]) -> RecordsOf:
    return lambda rows: map(_stay, rows)


def _stay(row: Row) -> Record:
    baby, measures = _baby(
        numbers=(row["HospitalIDBaby"], row["NationalIDBaby"]),
        order=row["BirthOrder"],
        born=row["BirthTimeBaby"],
        gestation=_weeks_and_days(row["GestationWeeks"], row["GestationDays"]),
        weight=row["Birthweight"],
    )
    birth = Birth(
        babies=[baby],
        mother_hospital_number=row["HospitalIDMother"] or None,
        mother_nhs_number=row["NationalIDMother"] or None,
        ethnic_category=row["EthnicityMother"] or None,
    )
    faults = measures | date_faults(_days(row)) | _code_faults([row], CODES_OF_BADGERNET)
    return stay_record(row["BadgerUniqueID"], row["AdmitTime"], birth, faults)


def _reader_of_csds(_: Iterable[Arrived]) -> RecordsOf:
    return lambda rows: (
        event_record(
            row["CareContactID"],
            row["Contact_Date"],
            (row["NHSNumber"] or None, row["NHSNumberMother"] or None),
            date_faults(_days(row)) | _code_faults([row], CODES_OF_CSDS),
        )
        for row in rows
    )


def _reader_of_mhsds(_: Iterable[Arrived]) -> RecordsOf:
    return lambda rows: (
        event_record(
            row["ServiceRequestId"],
            row["ReferralRequestReceivedDate"],
            (row["NHSNumber"] or None,),
            date_faults(_days(row)) | _code_faults([row], CODES_OF_MHSDS),
        )
        for row in rows
    )


READERS: Mapping[str, Callable[[Iterable[Arrived]], RecordsOf]] = {
    "msds": _reader_of_msds,
    "e3": _reader_of_e3,
    "badgernet": _reader_of_badgernet,
    "csds": _reader_of_csds,
    "mhsds": _reader_of_mhsds,
}


def _groups(rows: Iterable[Row], key: str, baby: str) -> Iterator[list[Row]]:
    """The rows of each record: neighbours of one key, until a baby comes again, for then it is told twice."""
    group: list[Row] = []
    for row in rows:
        if group and (row[key] != group[0][key] or row[baby] in {each[baby] for each in group}):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _baby(
    *, numbers: tuple[str, str], order: str, born: str, gestation: float | None, weight: str
) -> tuple[Baby, set[str]]:
    """A baby, and what is wrong with its measures. numbers: of the hospital and of the NHS, empty where absent."""
    hospital_number, nhs_number = numbers
    weight_g, too_light = plausible_weight(_number(weight))
    gestation_days, too_long = plausible_gestation(gestation)
    baby = Baby(
        hospital_number=hospital_number or None,
        nhs_number=nhs_number or None,
        birth_order=int(order),
        born=born,
        gestation_days=gestation_days,
        weight_g=weight_g,
    )
    return baby, too_light | too_long


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _weeks_and_days(weeks: str, days: str) -> float | None:
    return float(weeks) * 7 + float(days) if weeks else None


def _days(row: Row) -> set[str]:
    """Every day that stands in a row."""
    return {cell[:10] for cell in row.values() if ISO_DAY.match(cell)}


def _day_of_british(day: str) -> str:
    return f"{day[6:]}-{day[3:5]}-{day[:2]}"


def _code_faults(rows: Iterable[Row], lists: Mapping[str, frozenset[str]]) -> set[str]:
    out = {row[column] for row in rows for column, codes in lists.items() if row[column] and row[column] not in codes}
    return code_faults(out)
