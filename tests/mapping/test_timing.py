"""Facts chosen by when they were: windows, the last of several, and what a manifest may not say of them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.registry import load_adapter
from fhir_adapter.sources.timing import Timing, WindowPlan, duration, moment

NOON = "2026-03-10T12:00:00Z"


def is_inside(at: str | None, **bounds: Any) -> bool:
    """Whether a fact at this moment is inside a window that ends at noon, unless said otherwise."""
    given: dict[str, Any] = {"start": (), "end": ("to",), "day": (), "is_open": False, "longest": None}
    window = WindowPlan(at=(0,), **(given | {key: value for key, value in bounds.items() if key in given}))
    row = {"to": bounds.get("to", NOON), "from": bounds.get("begun", NOON), "early": None}
    return window.holds([at], row)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOON, True),
        ("2026-03-10T12:00:00.000+00:00", True),
        ("2026-03-10T07:00:00-05:00", True),
        ("2026-03-10T12:00:00", True),
        ("2026-03-10T12:00:00.001Z", False),
        ("2026-03-09", True),
        ("2026-03-10", False),
        ("2026-03", False),
        ("2026-02-30", False),
        ("noon", False),
        (None, False),
    ],
)
def test_a_fact_is_inside_up_to_the_end_itself_and_only_when_that_is_certain(at: str | None, expected: bool) -> None:
    assert is_inside(at) is expected


def test_before_leaves_the_end_itself_out() -> None:
    assert not is_inside(NOON, is_open=True)
    assert is_inside("2026-03-10T11:59:59.999Z", is_open=True)


@pytest.mark.parametrize(("at", "expected"), [("2026-03-10T11:00:00Z", True), ("2026-03-10T10:59:59.999Z", False)])
def test_within_reaches_back_from_the_end_as_far_as_it_says(at: str, expected: bool) -> None:
    assert is_inside(at, longest=timedelta(hours=1)) is expected


def test_a_window_whose_moment_is_not_known_holds_nothing() -> None:
    assert not is_inside(NOON, to=None)
    assert not is_inside(NOON, start=("from",), begun=None)
    assert not is_inside(NOON, end=(), day=("early",))


def test_the_first_column_that_is_filled_gives_the_bound() -> None:
    assert is_inside(NOON, end=(), start=("early", "from"))


def test_equal_days_without_a_time_are_on_or_before_each_other() -> None:
    assert is_inside("2026-03-10", to="2026-03-10")


def test_the_day_is_that_of_utc() -> None:
    assert is_inside("2026-03-10T23:30:00Z", end=(), day=("to",))
    assert not is_inside("2026-03-10T23:30:00-01:00", end=(), day=("to",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("P42W", timedelta(weeks=42)), ("P1D", timedelta(days=1)), ("PT24H", timedelta(hours=24))],
)
def test_a_duration_is_weeks_days_or_hours(text: str, expected: timedelta) -> None:
    assert duration(text) == expected


def test_a_moment_beyond_the_calendar_is_none() -> None:
    assert moment("0001-01-01T00:00:00+14:00") is None


def test_of_two_facts_at_once_the_one_sent_later_is_taken() -> None:
    draft: dict[str, Any] = {}
    facts = [(0, (NOON,)), (1, (NOON,))]
    taken = Timing(during=(), latest=(0,)).taken([(fact, [draft]) for fact in facts])
    assert [fact for fact, _ in taken] == [facts[1]]


def test_a_fact_without_a_time_is_never_the_last() -> None:
    draft: dict[str, Any] = {}
    assert Timing(during=(), latest=(0,)).taken([((0, (None,)), [draft])]) == []


def test_each_row_takes_its_own_last_fact() -> None:
    one: dict[str, Any] = {"_end": "2026-03-10"}
    other: dict[str, Any] = {"_end": "2026-03-12"}
    early, late = (0, ("2026-03-09",)), (1, ("2026-03-11",))
    taken = Timing(during=(), latest=(0,)).taken([(early, [one, other]), (late, [other])])
    assert [(fact, drafts) for fact, drafts in taken] == [(early, [one]), (late, [other])]


MANIFEST = """
name: stays
version: 1.0.0
title: Stays
system: other
kind: fhir-bundle
fhir_version: 4.0.1
recognise: [{{resource: Patient, profile: a}}]
tables:
  - table: {table}
    when: {when}
    spine: [{{view: stay, columns: {{{columns}}}}}]
    contributions:
      - {{view: fact, {contribution}, columns: {{_parity: value}}}}
"""
COLUMNS = "delivery_key: key, _end: end"
STAY = {"key": "getResourceKey()", "end": "period.end"}
FACT = {
    "stay": "encounter.getReferenceKey(Encounter)",
    "at": "effective.ofType(dateTime)",
    "value": "value.ofType(integer)",
}
MATCHED = "match: [{stay: delivery_key}]"


def view_text(name: str, resource: str, columns: dict[str, str]) -> str:
    """A view of plain columns."""
    select = [{"column": [{"name": column, "path": path} for column, path in columns.items()]}]
    return json.dumps({"resourceType": "ViewDefinition", "name": name, "resource": resource, "select": select})


def written(folder: Path, **parts: str) -> Path:
    """The adapter with these parts in a folder of its own."""
    given = {"table": "delivery", "when": "_end", "columns": COLUMNS, "contribution": MATCHED}
    place = folder / "stays"
    (place / "views").mkdir(parents=True)
    (place / "adapter.yaml").write_text(MANIFEST.format(**(given | parts)), "utf-8")
    (place / "views" / "stay.json").write_text(view_text("stay", "Encounter", STAY), "utf-8")
    (place / "views" / "fact.json").write_text(view_text("fact", "Observation", FACT), "utf-8")
    return place


def test_an_adapter_that_chooses_by_time_is_loaded(tmp_path: Path) -> None:
    timed = f"{MATCHED}, during: [{{at: at, to: _end, within: P1D}}], latest: at"
    assert load_adapter(written(tmp_path, contribution=timed)).name == "stays"


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"when": "_begun"}, "when: table delivery has no column _begun"),
        ({"contribution": f"{MATCHED}, during: [{{at: done, to: _end}}]"}, "there is no column done"),
        ({"contribution": f"{MATCHED}, during: [{{at: at, to: _begun}}]"}, "has no column _begun"),
        ({"contribution": f"{MATCHED}, latest: done"}, "latest: there is no column done"),
        ({"contribution": f"{MATCHED}, during: [{{at: at}}]"}, "give either `day`"),
        ({"contribution": f"{MATCHED}, during: [{{at: at, to: _end, day: _end}}]"}, "give either `day`"),
        ({"contribution": f"{MATCHED}, during: [{{at: at, from: _end, before: true}}]"}, "belong to `to`"),
        ({"contribution": f"{MATCHED}, during: [{{at: at, to: _end, within: P1Y}}]"}, "within"),
        ({"contribution": f"{MATCHED}, during: [[]]"}, "during"),
        ({"contribution": "only: true, latest: at"}, "belong to a view with `match`"),
        ({"table": "_stay"}, "every column of a working table begins with _"),
    ],
)
def test_a_rule_of_time_that_cannot_be_carried_out_is_refused(tmp_path: Path, parts: dict[str, str], told: str) -> None:
    with pytest.raises(MappingInvalid) as refusal:
        load_adapter(written(tmp_path, **parts))
    assert told in str(refusal.value)
