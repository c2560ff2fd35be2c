"""Counts the faults in the files of a world anew, from the files alone, and compares them with its truth.

It shares no line with the generator. A fault is counted over records, not rows: a birth, a stay, a contact, a referral.
Run it as `python -m tests.synthetic.find_faults FOLDER`: it prints the counts as JSON, and fails where they are not
those of `truth.json`.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from tests.synthetic.fault_readers.conflicts import conflicts
from tests.synthetic.fault_readers.csv_feeds import read_csv_feed
from tests.synthetic.fault_readers.fhir_feeds import read_bulk, read_bundle_files, read_ndjson
from tests.synthetic.fault_readers.plain import Birth, Feed, Sending

READ_FORMAT: Mapping[str, Callable[[Path, str], Feed]] = {
    "ndjson": read_ndjson,
    "bundles": read_bundle_files,
    "bulk": read_bulk,
    "csv": read_csv_feed,
}
# The neonatal feed is compared with the maternity feed of its own kind of format; of the two in CSV with MSDS.
COMPARED_WITH = {
    "ndjson/neonatal": "ndjson/maternity",
    "bundles/neonatal": "bundles/maternity",
    "bulk/neonatal": "bulk/maternity",
    "csv/badgernet": "csv/msds",
}
MATERNITY_FEEDS = ("ndjson/maternity", "bundles/maternity", "bulk/maternity", "csv/msds", "csv/e3")
# Slips of whoever types.
ENTRY_ERRORS = frozenset(
    ("nhs_number_wrong", "weight_in_kilograms", "gestation_in_days", "unknown_code", "local_code", "impossible_date")
)
HOURS_OF_A_SHIFT, FIRST_SHIFT_STARTS = 12, 8
BUSY_AGAINST_MEAN = 2

Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """What stands in the files. faults: records by feed. shifts: births and entry errors by maternity feed."""

    faults: dict[str, Counts]
    shifts: dict[str, dict[str, Counts]]


def find_faults(folder: Path) -> Found:
    """Read every feed in a folder that a world was written into."""
    feeds = {
        f"{form}/{feed.name}": read(feed, feed.name)
        for form, read in READ_FORMAT.items()
        if (folder / form).is_dir()
        for feed in sorted((folder / form).iterdir())
    }
    faults = {name: _faults_of(feed, feeds.get(COMPARED_WITH.get(name, ""))) for name, feed in feeds.items()}
    return Found(faults, {name: shifts_of(feeds[name]) for name in MATERNITY_FEEDS if name in feeds})


def faults_in_truth(folder: Path) -> dict[str, Counts]:
    """What `truth.json` says of each feed."""
    stated: dict[str, Counts] = {}
    for row in _truth(folder)["faults"]:
        stated.setdefault(row["feed"], {})[row["fault"]] = row["records"]
    return stated


def shifts_in_truth(folder: Path) -> dict[str, Counts]:
    shifts: dict[str, Counts] = _truth(folder)["shifts"]
    return shifts


def shifts_of(feed: Feed) -> dict[str, Counts]:
    """Births and births with an entry error, in busy shifts and in quiet ones.

    A shift is one of twelve hours from 8 or 20 o'clock at one site. It is busy with at least twice the births of the
    mean over the shifts of its site that had one. Every part of a world is a population with shifts of its own.
    """
    born: list[tuple[tuple[int, str], int, bool]] = []
    for part, record in feed.each_once().values():
        if record.birth is not None and record.at is not None:
            site = record.birth.site or ""
            born.append(((part, site), _shift_at(record.at), not ENTRY_ERRORS.isdisjoint(record.faults)))
    births = Counter((place, shift) for place, shift, _ in born)
    all_births = Counter(place for place, _, _ in born)
    shifts = Counter(place for place, _ in births)
    counts: dict[str, Counter[str]] = {kind: Counter(births=0, entry_errors=0) for kind in ("busy", "quiet")}
    for place, shift, is_wrong in born:
        is_busy = births[place, shift] * shifts[place] >= BUSY_AGAINST_MEAN * all_births[place]
        counts["busy" if is_busy else "quiet"].update(births=1, entry_errors=int(is_wrong))
    return {kind: dict(each) for kind, each in counts.items()}


def _shift_at(moment: str) -> int:
    """Number of the shift. moment: YYYY-MM-DDTHH:MM, local."""
    hours = date.fromisoformat(moment[:10]).toordinal() * 24 + int(moment[11:13])
    return (hours - FIRST_SHIFT_STARTS) // HOURS_OF_A_SHIFT


def _faults_of(feed: Feed, maternity: Feed | None) -> Counts:
    counts = Counter(feed.broken)
    for _, record in feed.each_once().values():
        counts.update(record.faults)
    counts += _faults_of_travel(feed)
    if maternity is not None:
        counts += conflicts(_births(maternity), _births(feed))
    return dict(sorted((+counts).items()))


def _births(feed: Feed) -> Iterable[Birth]:
    return (record.birth for _, record in feed.each_once().values() if record.birth is not None)


def _faults_of_travel(feed: Feed) -> Counter[str]:
    """What is sent twice, again, late or out of order. A record belongs in the files of the month of its own date."""
    stands_in: defaultdict[str, set[str]] = defaultdict(set)
    counts: Counter[str] = Counter()
    for sending in feed.sendings:
        times = Counter(record.key for record in sending.records)
        counts["duplicate"] += sum(count > 1 for count in times.values())
        counts["out_of_order"] += _out_of_order(sending)
        for record in sending.records:
            stands_in[record.key].add(sending.month)
    for key, (_, record) in feed.each_once().items():
        is_later = any(month > record.month for month in stands_in[key])
        counts["resent"] += is_later and record.month in stands_in[key]
        counts["late"] += is_later and record.month not in stands_in[key]
    return counts


def _out_of_order(sending: Sending) -> int:
    """Records that come after a later one of the same month. One whose time is not known stands where it stands."""
    latest, counted = "", 0
    for record in sending.records:
        if record.month == sending.month and record.at is not None:
            counted += record.at < latest
            latest = max(latest, record.at)
    return counted


def _truth(folder: Path) -> dict[str, Any]:
    truth: dict[str, Any] = orjson.loads((folder / "truth.json").read_bytes())
    return truth


def main(folder: Path) -> int:
    """Print what was found and whether the truth says the same; 1 where it does not."""
    found = find_faults(folder)
    stated = shifts_in_truth(folder)
    is_equal = _not_empty(found.faults) == faults_in_truth(folder)
    is_equal &= all(each == stated for each in found.shifts.values())
    report = {"faults": found.faults, "shifts": found.shifts, "equals_truth": is_equal}
    sys.stdout.write(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    return 0 if is_equal else 1


def _not_empty(faults: Mapping[str, Counts]) -> dict[str, Counts]:
    return {feed: counts for feed, counts in faults.items() if counts}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
