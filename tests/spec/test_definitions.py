"""Definitions are read strictly, refused with every fault and its place, and have an identity of their own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml

from indicator_engine.definition import (
    IndicatorDefinition,
    PeriodLength,
    parse_definition,
    parse_stratifier,
    shipped_definitions,
    shipped_stratifiers,
)
from indicator_engine.errors import DefinitionInvalid
from indicator_engine.evaluate import Catalogue
from indicator_engine.plan import check_definition, plan_families

CATALOGUE = Catalogue(shipped_definitions(), shipped_stratifiers())


def changed(**parts: object) -> IndicatorDefinition:
    """A shipped definition with some parts changed, read anew."""
    given = shipped_definitions()["LB01"].model_dump(mode="json", exclude_none=True) | parts
    return parse_definition(yaml.safe_dump(given), place="LB99.yaml")


def test_eleven_indicators_are_shipped() -> None:
    quality = ["DQ01", "DQ02", "DQ03", "DQ04", "DQ05"]
    assert list(shipped_definitions()) == ["BF01", "BK03", *quality, "LB01", "LB06", "LB11", "MO01"]


def test_five_stratifiers_are_shipped() -> None:
    assert list(shipped_stratifiers()) == ["age", "eth5", "imd5", "site", "source"]


@pytest.mark.parametrize("indicator", shipped_definitions())
def test_a_shipped_definition_can_be_planned(indicator: str) -> None:
    check_definition(shipped_definitions()[indicator], shipped_stratifiers())


@pytest.mark.parametrize("indicator", shipped_definitions())
def test_a_chart_over_months_is_drawn_on_a_period_that_is_published(indicator: str) -> None:
    definition = shipped_definitions()[indicator]
    assert definition.charting.period in ("event", *definition.published_periods)


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"id": "lb1"}, "id: "),
        ({"version": "1"}, "version: "),
        ({"improvement": "down"}, "improvement: "),
        ({"charting": {"chart": "g", "period": "P1M"}}, "a g chart is ruled on `event`"),
        ({"charting": {"chart": "p", "period": "event"}}, "a g chart is ruled on `event`"),
        ({"charting": {"chart": "p", "period": "P3Y"}}, "publish P3Y too, or chart another period"),
        ({"features": {"first": {"table": "baby", "aggregate": "count", "value": "outcome"}}}, "`value` belongs to"),
        ({"features": {"first": {"table": "baby", "aggregate": "min"}}}, "`value` belongs to"),
    ],
)
def test_a_definition_is_refused_with_the_place_of_its_fault(parts: Mapping[str, object], fault: str) -> None:
    with pytest.raises(DefinitionInvalid, match=r"LB99\.yaml") as refused:
        changed(**parts)
    assert fault in str(refused.value)


def test_every_fault_of_a_definition_is_told_at_once() -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        changed(id="lb1", version="1", colour="red")
    assert len(refused.value.faults) == 3


def test_a_text_that_is_no_yaml_is_refused() -> None:
    with pytest.raises(DefinitionInvalid, match=r"eth9\.yaml: not readable as YAML"):
        parse_stratifier("id: [", place="eth9.yaml")


@pytest.mark.parametrize(
    ("parts", "fault"),
    [
        ({"stratifiers": ["eth6"]}, "`eth6` is no stratifier"),
        ({"anchor": "first_birth"}, "a calendar date is expected"),
        ({"numerator": "smoking_at_delivry = 'smoker'"}, "did you mean `smoking_at_delivery`"),
        ({"features": {"first_birth": {"table": "babies", "aggregate": "count"}}}, "not part of the common model"),
        (
            {"features": {"first_birth": {"table": "residence", "aggregate": "count"}}},
            "is no column of residence",
        ),
    ],
)
def test_a_definition_that_names_what_is_not_there_cannot_be_planned(parts: Mapping[str, object], fault: str) -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        check_definition(changed(**parts), shipped_stratifiers())
    assert fault in str(refused.value)


def test_two_indicators_may_not_give_one_name_to_two_features() -> None:
    other = changed(
        id="LB98", features={"first_birth": {"table": "baby", "aggregate": "max", "value": "birth_datetime"}}
    )
    with pytest.raises(DefinitionInvalid, match="declares it otherwise; rename it"):
        plan_families([shipped_definitions()["LB01"], other], shipped_stratifiers())


def test_indicators_of_one_entity_and_anchor_share_a_family() -> None:
    families = plan_families(shipped_definitions().values(), shipped_stratifiers())
    gathered = {frozenset(each.definition.id for each in family.indicators) for family in families}
    assert gathered == {
        frozenset({"BF01", "DQ02", "DQ03", "DQ04", "LB11", "MO01"}),
        frozenset({"BK03", "DQ01"}),
        frozenset({"DQ05", "LB01", "LB06"}),
    }


def test_the_grouping_version_is_part_of_the_code_of_a_stratifier() -> None:
    codes = [each.code for each in shipped_stratifiers().values()]
    assert codes == ["age-msds", "eth5-2001", "imd5-2019", "site", "source"]


@pytest.mark.parametrize(
    ("stratifier", "stratum", "display"),
    [
        ("eth5", "black", "Black or Black British"),
        ("eth5", "unknown", "Not known"),
        ("imd5", "1", "Most deprived fifth"),
        ("site", "RSA01", "RSA01"),
    ],
)
def test_a_stratum_has_words(stratifier: str, stratum: str, display: str) -> None:
    assert shipped_stratifiers()[stratifier].display_of(stratum) == display


def test_a_definition_has_the_digest_of_its_question() -> None:
    again = Catalogue({"LB01": changed()}, shipped_stratifiers())
    assert again.definition_hash("LB01") == CATALOGUE.definition_hash("LB01")


def test_a_change_of_a_stratifier_changes_the_digest_of_the_indicators_that_it_cuts() -> None:
    stratifiers = dict(shipped_stratifiers())
    stratifiers["eth5"] = stratifiers["eth5"].model_copy(update={"reference": "asian"})
    assert Catalogue(shipped_definitions(), stratifiers).definition_hash("LB01") != CATALOGUE.definition_hash("LB01")


def test_a_catalogue_gives_the_indicators_that_are_named() -> None:
    assert list(CATALOGUE.chosen(["MO01"]).definitions) == ["MO01"]


def test_a_rare_indicator_pools_three_years_and_the_others_one() -> None:
    pooled = {each.id: each.inequality_period for each in shipped_definitions().values()}
    assert pooled.pop("MO01") is PeriodLength.THREE_YEARS
    assert set(pooled.values()) == {PeriodLength.YEAR}
