"""Whom an open conflict leaves in doubt: counted by every engine, for those indicators that read the column."""

from __future__ import annotations

import pytest

from indicator_engine.definition import shipped_definitions, shipped_stratifiers
from indicator_engine.engines.contested import doubts_of_family
from indicator_engine.plan import plan_families
from tests.builders import Cell, Row, baby, booking, choice, delivery, mother, pregnancy, residence
from tests.engines import Run

Triple = tuple[int, int, int]
Tables = dict[str, list[Row]]

TWO_BIRTHS: Tables = {
    "person": [mother()],
    "residence": [residence()],
    "pregnancy": [pregnancy()],
    "booking": [booking("k1", smoking_status="smoker"), booking("k2", smoking_status="non_smoker")],
    "delivery": [delivery("d1", perineal_trauma="|10217006|", smoking_at_delivery="smoker"), delivery("d2")],
    "baby": [
        baby("b1", delivery_key="d1", gestation_days=259, first_feed="01"),
        baby("b2", delivery_key="d2", gestation_days=250, first_feed="03"),
    ],
}
NOBODY = (0, 0, 0)


def flagged(run: Run, indicator: str, *choices: Row, dimension: str = "all") -> dict[str, Triple]:
    """Population, denominator and numerator of those in doubt, in each stratum that has any."""
    families = plan_families([shipped_definitions()[indicator]], shipped_stratifiers())
    cells = run(families, {**TWO_BIRTHS, "resolution": list(choices)}).flagged.cells
    cells = cells[cells["dimension"] == dimension].groupby("stratum")[["population", "denominator", "numerator"]].sum()
    return {
        str(stratum): (int(row[0]), int(row[1]), int(row[2]))
        for stratum, row in zip(cells.index, cells.to_numpy(), strict=True)
    }


def whole(run: Run, indicator: str, *choices: Row) -> Triple:
    """The same over everything."""
    return flagged(run, indicator, *choices).get("all", NOBODY)


@pytest.mark.parametrize(
    ("indicator", "cell", "expected"),
    [
        ("LB11", ("baby", "b2", "gestation_days"), (1, 1, 1)),
        ("LB11", ("baby", "b1", "gestation_days"), (1, 1, 0)),
        ("LB11", ("baby", "b2", "outcome"), (1, 1, 1)),
        ("LB11", ("baby", "b2", "apgar_5"), NOBODY),
        ("LB11", ("baby", "b2", "birth_datetime"), NOBODY),
        ("LB11", ("person", "m1", "ethnic_category"), NOBODY),
        ("LB11", ("delivery", "b2", "gestation_days"), NOBODY),
        ("DQ01", ("person", "m1", "ethnic_category"), (2, 2, 2)),
        ("BK03", ("booking", "k1", "smoking_status"), (1, 1, 1)),
        ("BF01", ("baby", "b2", "first_feed"), (1, 1, 0)),
        ("LB06", ("delivery", "d1", "perineal_trauma"), (1, 1, 1)),
        ("LB01", ("delivery", "d2", "smoking_at_delivery"), (1, 0, 0)),
    ],
)
def test_a_conflict_flags_whoever_reads_the_column(
    run: Run, indicator: str, cell: tuple[str, str, str], expected: Triple
) -> None:
    assert whole(run, indicator, choice(*cell)) == expected


@pytest.mark.parametrize(
    ("column", "expected"), [("gestation_days", (1, 1, 1)), ("outcome", (1, 1, 1)), ("birth_weight_g", NOBODY)]
)
def test_a_conflict_on_a_baby_flags_the_delivery_that_adds_the_baby_up(run: Run, column: str, expected: Triple) -> None:
    assert whole(run, "LB06", choice("baby", "b1", column)) == expected


def test_a_conflict_on_the_method_of_a_baby_flags_the_delivery_whose_method_is_made_of_it(run: Run) -> None:
    assert whole(run, "LB06", choice("baby", "b1", "delivery_method")) == (1, 1, 1)


@pytest.mark.parametrize(
    "changed", [{"conflict": False}, {"status": "settled"}, {"status": "automatic"}], ids=lambda each: next(iter(each))
)
def test_what_is_no_open_conflict_flags_nobody(run: Run, changed: dict[str, Cell]) -> None:
    assert whole(run, "LB11", choice("baby", "b2", "gestation_days", **changed)) == NOBODY


def test_a_record_with_two_conflicts_is_flagged_once(run: Run) -> None:
    both = choice("baby", "b2", "gestation_days"), choice("baby", "b2", "outcome")
    assert whole(run, "LB11", *both) == (1, 1, 1)


def test_a_record_is_flagged_in_every_group_that_it_belongs_to(run: Run) -> None:
    contested = choice("baby", "b2", "gestation_days")
    assert flagged(run, "LB11", contested, dimension="imd5") == {"1": (1, 1, 1)}
    assert flagged(run, "LB11", contested, dimension="site") == {"RSA01": (1, 1, 1)}


@pytest.mark.parametrize("contested", [frozenset(), frozenset({("baby", "apgar_5"), ("delivery", "site_code")})])
def test_where_no_column_that_is_read_is_contested_nothing_more_is_asked(
    contested: frozenset[tuple[str, str]],
) -> None:
    (family,) = plan_families([shipped_definitions()["LB11"]], shipped_stratifiers())
    assert doubts_of_family(family, contested) == {}
