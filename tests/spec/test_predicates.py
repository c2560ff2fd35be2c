"""What the expression language accepts, and how it refuses the rest."""

from __future__ import annotations

import pytest

from indicator_engine.engines.reference import evaluate
from indicator_engine.errors import DefinitionInvalid
from indicator_engine.plan import table_scope
from indicator_engine.predicates import parse_predicate, parse_value

BABY = table_scope("baby")
DELIVERY = table_scope("delivery")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("gestation_dayz > 1", "did you mean `gestation_days`?"),
        ("birth_weight_g > gestation_days", "compares g with days"),
        ("outcome = 1", "compares a text with a number"),
        ("outcome = '1'", "no code of its list"),
        ("outcome in ('01', 'live')", "no code of its list"),
        ("outcome in (codes('pregnancy_outcome', 'alive'))", "did you mean `live`?"),
        ("outcome in (codes('outcomes'))", "code list 'outcomes' is not known"),
        ("outcome in (select outcome from baby)", "IN takes a list"),
        ("exists (select 1)", "not part of the language"),
        ("gestation_days > 1; drop table baby", "not part of the language"),
        ("pg_sleep(1) = 1", "no function of the language"),
        ("gestation_days", "a condition is expected"),
        ("not gestation_days", "where a condition is expected"),
        ("contains_any(outcome, '01')", "where a code set is expected"),
        ("days_between(outcome, birth_datetime) > 1", "where a date is expected"),
        ("days_between(birth_datetime) > 1", "takes 2 values, not 1"),
        ("gestation_days is true", "IS takes NULL or NOT NULL"),
        ("", "not readable as an expression"),
        ("gestation_days > ", "not readable as an expression"),
    ],
)
def test_an_expression_outside_the_language_is_refused_with_its_reason(text: str, fault: str) -> None:
    with pytest.raises(DefinitionInvalid, match="LB99 numerator") as refused:
        parse_predicate(text, BABY, place="LB99 numerator")
    assert fault in str(refused.value)


def test_an_expression_that_is_too_long_is_refused() -> None:
    with pytest.raises(DefinitionInvalid, match="4000 characters"):
        parse_predicate("gestation_days > 1 and " * 300 + "gestation_days > 1", BABY, place="x")


def test_an_expression_with_too_many_parts_is_refused() -> None:
    with pytest.raises(DefinitionInvalid, match="300 parts"):
        parse_predicate(" and ".join(["apgar_1 > 1"] * 110), BABY, place="x")


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("gestation_days between 154 and 258", {"gestation_days": 154}, True),
        ("gestation_days between 154 and 258", {"gestation_days": 259}, False),
        ("gestation_days between 154 and 258", {}, None),
        ("not (gestation_days > 1)", {}, None),
        ("gestation_days > 1 or outcome = '01'", {"outcome": "01"}, True),
        ("gestation_days > 1 and outcome = '01'", {"outcome": "02"}, False),
        ("gestation_days is null", {}, True),
        ("gestation_days is not null", {}, False),
        ("outcome not in ('01', '02')", {"outcome": "03"}, True),
        ("outcome <> '01'", {}, None),
        ("coalesce(death_confirmed_gestation_days, gestation_days) >= 168", {"gestation_days": 168}, True),
        ("days_between(discharge_datetime, birth_datetime) = 2", {}, None),
        ("apgar_1 > -1", {"apgar_1": 0}, True),
    ],
)
def test_conditions_follow_the_three_valued_logic_of_sql(
    text: str, row: dict[str, str | int], expected: bool | None
) -> None:
    node = parse_predicate(text, BABY, place="x")
    cells = {f"baby.{name}": value for name, value in row.items()}
    assert evaluate(node, cells.get) is expected


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [("|10217006|", True), ("|15413009|399031001|", True), ("|6234006|", False), (None, None)],
)
def test_a_code_set_contains_whole_codes_only(recorded: str | None, expected: bool | None) -> None:
    node = parse_predicate("contains_any(perineal_trauma, '10217006', '399031001')", DELIVERY, place="x")
    assert evaluate(node, {"delivery.perineal_trauma": recorded}.get) is expected


def test_days_are_counted_over_calendar_dates_and_across_the_clock_change() -> None:
    node = parse_value("days_between(discharge_datetime, birth_datetime)", BABY, place="x").node
    row = {"baby.birth_datetime": "2026-03-28T23:00:00+00:00", "baby.discharge_datetime": "2026-03-30T01:00:00+01:00"}
    assert evaluate(node, row.get) == 2
