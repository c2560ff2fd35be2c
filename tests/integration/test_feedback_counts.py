"""What senders are told that their records enter is what is counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sqlalchemy import create_engine

from fhir_adapter.store.feedback_rows import shipped_families
from indicator_engine.counts import MonthRange
from indicator_engine.engines.sql import count_on_connection
from tests.worlds import perinatal_at, take_in


def counted_denominators(database_url: str) -> dict[str, int]:
    """The denominator of every indicator over all months, counted in place."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        cells = count_on_connection(shipped_families(), connection, months=MonthRange(None, None)).counts.cells
    engine.dispose()
    whole = cells[cells["dimension"] == "all"].groupby("indicator")["denominator"].sum()
    return {str(indicator): int(count) for indicator, count in whole.items() if count}


def test_a_world_of_one_record_a_pregnancy_enters_every_indicator_as_often_as_it_is_counted(
    small_feed: Path, tmp_path: Path
) -> None:
    perinatal = perinatal_at(tmp_path)
    files = take_in(perinatal, small_feed).document["files"]
    told: Counter[str] = sum((Counter(file["totals"]["indicators"]) for file in files), Counter())
    assert dict(told) == counted_denominators(perinatal.settings["database_url"])
