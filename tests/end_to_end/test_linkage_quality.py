"""A world of three systems with faults: how rightly its people are linked and its conflicts found.

The measured page says how it is in a world large enough to tell; here a small one shows that nothing got worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from fhir_adapter import wiring
from fhir_adapter.settings import Settings
from fhir_adapter.workflows.naming import Names
from synthetic_bundles.faults.kinds import System
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import Writing, write_world
from tests.end_to_end.linkage_page import END, START, page_of
from tests.end_to_end.linkage_quality import Quality, Share, measure, missed_bars
from tests.worlds import perinatal_at, take_in

SYSTEMS = (System.MATERNITY, System.NEONATAL, System.HEALTH_VISITING)
PLAN = Plan(1_000, 3, load_scenario("llr"), "2024-01", 12)
# What a share may be at least. The one place to raise when the linkage learns something.
LEAST: Mapping[str, float] = MappingProxyType(
    {
        "precision": 0.9995,
        "recall": 0.99,
        "recall with reviews": 0.99,
        "recall of a group": 0.98,
        "precision of mothers": 0.9995,
        "recall of mothers": 0.999,
        "precision of stays": 0.99,
        "recall of stays": 0.98,
        "conflicts injected": 0.99,
        "conflicts of named stays": 0.99,
    }
)
MOST_FALSE_ALARMS = 0
READ: Mapping[str, Callable[[Quality], Share]] = MappingProxyType(
    {
        "precision": lambda quality: quality.people["automatic"].precision,
        "recall": lambda quality: quality.people["automatic"].recall,
        "recall with reviews": lambda quality: quality.people["with_reviews"].recall,
        "precision of mothers": lambda quality: quality.mothers.precision,
        "recall of mothers": lambda quality: quality.mothers.recall,
        "precision of stays": lambda quality: quality.stays["automatic"].precision,
        "recall of stays": lambda quality: quality.stays["automatic"].recall,
    }
)
GROUPS = (
    *(f"eth5={group}" for group in ("white", "mixed", "asian", "black", "other")),
    *(f"imd5={quintile}" for quintile in range(1, 6)),
)
FIELDS = ("gestation_days", "birth_weight_g", "birth_datetime", "ethnic_category")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the world, with its feeds as lines of bundles and its truth."""
    folder = tmp_path_factory.mktemp("told")
    write_world(PLAN, folder, Writing(("ndjson",), "default", SYSTEMS))
    return folder


@pytest.fixture(scope="module")
def quality(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Quality:
    """What is measured once the world is taken in."""
    store = perinatal_at(tmp_path_factory.mktemp("store"))
    take_in(store, told)
    settings = Settings.model_validate(store.settings)
    with wiring.opened_store(settings) as engine, engine.connect() as connection:
        return measure(told, connection, Names(wiring.intake_of(settings, engine).pseudonyms.key).of_key)


def at_least(share: Share, least: float) -> bool:
    """Whether a share holds what is asked of it; one of nothing does."""
    return share.value is None or share.value >= least


@pytest.mark.parametrize("name", READ)
def test_people_are_linked_as_rightly_and_completely_as_is_asked(quality: Quality, name: str) -> None:
    assert at_least(READ[name](quality), LEAST[name])


@pytest.mark.parametrize("group", GROUPS)
def test_no_group_of_mothers_is_linked_much_worse(quality: Quality, group: str) -> None:
    linked = quality.strata["automatic"][group]
    assert at_least(linked.precision, LEAST["precision"])
    assert at_least(linked.recall, LEAST["recall of a group"])


@pytest.mark.parametrize("field", FIELDS)
def test_injected_conflicts_are_found(quality: Quality, field: str) -> None:
    assert at_least(quality.conflicts[field].injected, LEAST["conflicts injected"])


@pytest.mark.parametrize("field", FIELDS)
def test_what_units_write_otherwise_is_found_in_stays_that_name_somebody(quality: Quality, field: str) -> None:
    assert at_least(quality.conflicts[field].all_named, LEAST["conflicts of named stays"])


@pytest.mark.parametrize("field", FIELDS)
def test_no_conflict_is_found_where_none_is(quality: Quality, field: str) -> None:
    assert quality.conflicts[field].false_alarms <= MOST_FALSE_ALARMS


def test_there_is_something_to_measure(quality: Quality) -> None:
    assert quality.mentions > 5_000
    assert sum(found.injected.trials for found in quality.conflicts.values()) > 0
    assert quality.stays["automatic"].recall.trials > 50


def test_the_nightly_measure_names_a_bar_that_is_missed(quality: Quality) -> None:
    poor = replace(quality.people["automatic"], precision=Share(1, 2, 0.5, 0.1, 0.9))
    worse = replace(quality, people={**quality.people, "automatic": poor})
    # groups of a small world are too small for bars
    assert set(missed_bars(worse)) - set(missed_bars(quality)) == {"precision of everybody"}


def test_hardly_any_mention_is_lost(quality: Quality) -> None:
    assert sum(quality.lost.values()) < 0.01 * quality.mentions


def test_the_tables_of_the_page_hold_every_group(quality: Quality) -> None:
    truth = {"scenario": "llr", "seed": 3, "births": 1_000, "fault_level": "default"}
    page = page_of(f"before\n{START}\nold\n{END}\nafter\n", quality, truth)
    assert all(f"| {group} |" in page for group in GROUPS)
    assert page.startswith("before")
    assert page.endswith("after\n")
    assert "old" not in page
