from __future__ import annotations

import pytest

from synthetic_bundles.errors import ScenarioInvalid, ScenarioUnknown
from synthetic_bundles.scenario import injected_effects, load_scenario, parse_scenario, scenario_names


def test_the_promised_scenarios_are_shipped() -> None:
    assert {"llr", "no_gap", "deprivation_gradient", "step_change_at_intervention"} <= set(scenario_names())


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_can_be_loaded(name: str) -> None:
    assert load_scenario(name).name == name


def test_an_unknown_scenario_is_refused_with_those_known() -> None:
    with pytest.raises(ScenarioUnknown, match="deprivation_gradient, ethnic_gap"):
        load_scenario("lrr")


def test_no_gap_injects_nothing() -> None:
    effects = injected_effects(load_scenario("no_gap"))
    late = effects.pop("late_records")
    assert (late["share"], any(effects.values())) == (0.0, False)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("title: [", "is not YAML"),
        ("- title", "must be a mapping"),
        ("odds_per_quintile: {preterm: 2}", "title"),
        ("{title: a, colour: red}", "'colour' is not known"),
        ("{title: a, odds_per_quintile: [1]}", "odds_per_quintile: must be a mapping"),
        ("{title: a, odds_per_quintile: {luck: 2}}", "odds_per_quintile.luck: not a measure"),
        ("{title: a, odds_per_quintile: {preterm: 0}}", "odds_per_quintile.preterm: an odds ratio above 0"),
        ("{title: a, odds_by_ethnicity: {preterm: 2}}", "odds_by_ethnicity.preterm: must map"),
        ("{title: a, odds_by_ethnicity: {preterm: {blue: 2}}}", "odds_by_ethnicity.preterm.blue: not an ethnic group"),
        ("{title: a, steps: 3}", "steps: must be a list"),
        ("{title: a, odds_by_language: {luck: 2}}", "odds_by_language.luck: not a measure"),
        ("{title: a, site_spread: {preterm: 0.3}}", "site_spread.preterm: not a measure it acts on"),
        ("{title: a, ethnic_shares: {blue: 2}}", "ethnic_shares.blue: not an ethnic group"),
        ("{title: a, missing_ethnicity: 2}", "missing_ethnicity: must map"),
        ("{title: a, seasons: 3}", "seasons: must be a list"),
        ("{title: a, seasons: [{measure: preterm}]}", r"seasons\[0\]: must hold exactly"),
        (
            "{title: a, seasons: [{measure: breast_milk_first, peak_month: 13, odds_peak_to_trough: 2}]}",
            r"seasons\[0\].peak_month",
        ),
        ("{title: a, late_records: {share: 1}}", "late_records: must hold exactly"),
        ("{title: a, late_records: {share: 2, least_days: 1, most_days: 2}}", "late_records.share"),
        ("{title: a, late_records: {share: 0.5, least_days: 3, most_days: 2}}", "late_records.least_days"),
        ("{title: a, steps: [{measure: preterm}]}", r"steps\[0\]: must hold exactly"),
        (
            '{title: a, steps: [{measure: preterm, provider: RSA, from_month: "2024", percentage_points: 1}]}',
            r"steps\[0\].from_month",
        ),
        (
            '{title: a, steps: [{measure: preterm, provider: RSX, from_month: "2024-09", percentage_points: 1}]}',
            r"steps\[0\].provider",
        ),
        (
            '{title: a, steps: [{measure: preterm, provider: RSA, from_month: "2024-09", percentage_points: 1}]}',
            r"steps\[0\].measure: no step acts on it",
        ),
    ],
)
def test_a_faulty_scenario_is_refused_at_its_place(text: str, place: str) -> None:
    with pytest.raises(ScenarioInvalid, match=place):
        parse_scenario("faulty", text)
