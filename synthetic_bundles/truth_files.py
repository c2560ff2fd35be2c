"""The truth beside the data: of each part of a world, and added up over all of them.

`truth.json` says what was made, what was injected and what is wrong in which feed, and holds the counts of the
indicators that the maternity bundles tell of, as they can be observed in them. `truth.parquet` holds the counts of
every indicator in the population, `truth_observable.parquet` those that can be observed in the feeds of all systems.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow.parquet as pq

from synthetic_bundles.faults.drawing import Faults, has
from synthetic_bundles.faults.kinds import ENTRY_ERRORS, Fault, System
from synthetic_bundles.faults.observed import observed
from synthetic_bundles.faults.shifts import is_in_busy_shift
from synthetic_bundles.feeds import BUNDLE_FORMATS
from synthetic_bundles.indicators.catalogue import counts_of
from synthetic_bundles.indicators.counting import CELL, COUNTS
from synthetic_bundles.scenario import injected_effects
from synthetic_bundles.tables import ABSENT_NUMBER, World
from synthetic_bundles.truth import KEYS, arrivals, observable_counts, true_counts, write_truth_table
from synthetic_bundles.world import Plan

TABLES = ("truth.parquet", "truth_observable.parquet")
BUSY, QUIET = "busy", "quiet"


@dataclass(frozen=True, slots=True)
class PartOfTruth:
    """What one part adds to `truth.json`.

    counts, arrivals: as in `truth.py`. faults: by feed. shifts: births and their entry errors in busy and quiet shifts.
    """

    last_month: str
    counts: pd.DataFrame
    arrivals: pd.DataFrame
    records: Counter[str]
    faults: Mapping[str, Counter[Fault]]
    shifts: Mapping[str, Counter[str]]


def truth_of_part(world: World, faults: Faults, by_feed: Mapping[str, Counter[Fault]]) -> PartOfTruth:
    """The truth of one part. by_feed: the faults that the feeds were written with."""
    seen = observed(world, faults)
    return PartOfTruth(
        last_month=str(world.last_month),
        counts=true_counts(seen),
        arrivals=arrivals(seen),
        records=_records(world),
        faults={feed: counts + _disagreements(feed, faults) for feed, counts in by_feed.items()},
        shifts=_shifts(world, faults),
    )


def keep_truth(world: World, faults: Faults, folder: Path) -> None:
    """Write the tables of truth of one part into this folder until they are added up."""
    write_truth_table(counts_of(world), _kept(folder, TABLES[0], world.part))
    write_truth_table(observable_counts(observed(world, faults)), _kept(folder, TABLES[1], world.part))


def write_truth(plan: Plan, level: str, parts: Sequence[PartOfTruth], folder: Path, kept: Path) -> list[Path]:
    """Add the parts up and write `truth.json` and both tables. kept: where `keep_truth` put those of the parts."""
    document = folder / "truth.json"
    document.write_bytes(orjson.dumps(truth_of(plan, level, parts), option=orjson.OPT_APPEND_NEWLINE))
    for name in TABLES:
        pieces = [_kept(kept, name, part) for part in range(1, len(parts) + 1)]
        write_truth_table(_added_up(pieces), folder / name)
    return [document, *(folder / name for name in TABLES)]


def truth_of(plan: Plan, level: str, parts: Sequence[PartOfTruth]) -> dict[str, Any]:
    """What was made, what was injected, what is wrong where, and the counts that a right engine must find.

    counts: one row for each indicator, month, provider, site, dimension and stratum whose denominator is not zero.
    arrivals: births by month and by the months until they were recorded. faults: records by feed and kind.
    """
    counts = pd.concat([part.counts for part in parts]).groupby(KEYS, as_index=False).sum()
    late = pd.concat([part.arrivals for part in parts]).groupby(["month", "delay_months"], as_index=False).sum()
    return {
        "scenario": plan.scenario.name,
        "seed": plan.seed,
        "births": plan.births,
        "areas": plan.areas,
        "parts": len(parts),
        "first_month": plan.first_month,
        "last_month": parts[0].last_month,
        "injected": injected_effects(plan.scenario),
        "fault_level": level,
        "faults": _faults_by_feed(parts),
        "shifts": {kind: _added(part.shifts[kind] for part in parts) for kind in (BUSY, QUIET)},
        "counts": counts.to_dict(orient="records"),
        "arrivals": late.to_dict(orient="records"),
        "records": _added(part.records for part in parts),
    }


def _added(counts: Iterable[Counter[str]]) -> Counter[str]:
    """The sum, in which a count of nothing stands too."""
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def _faults_by_feed(parts: Sequence[PartOfTruth]) -> list[dict[str, Any]]:
    total: Counter[tuple[str, str]] = Counter()
    for part in parts:
        for feed, counts in part.faults.items():
            total.update({(feed, fault.value): count for fault, count in counts.items()})
    return [{"feed": feed, "fault": fault, "records": count} for (feed, fault), count in sorted(total.items()) if count]


def _disagreements(feed: str, faults: Faults) -> Counter[Fault]:
    """Stays whose unit wrote another value than the maternity system without any drawn fault."""
    form, name = feed.split("/")
    if name != "badgernet" and not (form in BUNDLE_FORMATS and name == System.NEONATAL):
        return Counter()
    return Counter(
        {
            Fault.GESTATION_CONFLICT: int(faults.differs_in_gestation.sum()),
            Fault.WEIGHT_CONFLICT: int(faults.differs_in_weight.sum()),
        }
    )


def _shifts(world: World, faults: Faults) -> dict[str, Counter[str]]:
    busy = is_in_busy_shift(world.deliveries)
    wrong = has(faults.maternity, *ENTRY_ERRORS)
    return {
        kind: Counter({"births": int(among.sum()), "entry_errors": int((wrong & among).sum())})
        for kind, among in ((BUSY, busy), (QUIET, ~busy))
    }


def _records(world: World) -> Counter[str]:
    care = world.care
    return Counter(
        {
            "bundles": len(world.pregnancies),
            "mothers": len(world.mothers),
            "pregnancies": len(world.pregnancies),
            "ongoing_pregnancies": len(world.ongoing),
            "bookings": len(world.bookings),
            "deliveries": len(world.deliveries),
            "babies": len(world.babies),
            "neonatal_episodes": len(care.neonatal_episodes),
            "health_visits": len(care.health_visits),
            "mental_health_referrals": len(care.mental_health_referrals),
        }
    )


def _kept(folder: Path, name: str, part: int) -> Path:
    return folder / f"{part:04d}-{name}"


def _added_up(pieces: Sequence[Path]) -> Iterator[pd.DataFrame]:
    """The counts of each indicator over all parts; one indicator is held at a time."""
    files = [pq.ParquetFile(piece) for piece in pieces]
    for group in range(files[0].num_row_groups):
        tables = [file.read_row_group(group).to_pandas() for file in files]
        if len(tables) == 1:
            yield tables[0].fillna({"value": ABSENT_NUMBER})
            continue
        keys = ["indicator", *CELL]
        plain = [table.astype({name: object for name in keys if name != "value"}) for table in tables]
        joined = pd.concat(plain).fillna({"value": ABSENT_NUMBER})
        yield joined.groupby(keys, as_index=False, sort=False)[list(COUNTS)].sum()
