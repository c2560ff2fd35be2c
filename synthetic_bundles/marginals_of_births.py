"""Panels of the births of a world: gestation, weight and deaths."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags, Floats
from synthetic_bundles.effects import probability
from synthetic_bundles.expectations import traits_of
from synthetic_bundles.figures import (
    BOYS,
    NEONATAL_DEATH_BY_WEEKS,
    PRETERM_SINGLETON,
    PRETERM_STILLBIRTH,
    PRETERM_TWIN,
    PRETERM_WEEKS,
    STILLBIRTH,
    TERM_WEEKS,
    TERMINATION_FROM_24_WEEKS,
    TWIN_DELIVERIES,
    WEIGHT_MEDIAN_G_BY_WEEK,
    WEIGHT_RATIO_ASIAN,
    WEIGHT_RATIO_TWIN,
    WEIGHT_SPREAD_LOG,
)
from synthetic_bundles.figures_of_care import LATE_FETAL_LOSS
from synthetic_bundles.marginals import Panel, Unit, divided, drawn, expected, geometric_mean, share, spread
from synthetic_bundles.scenario import Measure
from synthetic_bundles.tables import ABSENT_NUMBER, Table, World
from synthetic_bundles.vocabulary import (
    ETHNIC_GROUPS,
    LIVE,
    STILLBORN,
    TERM_DAYS,
    TERMINATED,
)

WEEKS_OF_WEIGHT = range(24, 43, 2)  # those of the chart
LEAST_BABIES = 2  # of a week, for a spread
MIDDLE_OF_WEEK = 3 / 7  # mean of the days 0 to 6 of a week


def panels_of_births(plain: World, gradients: World) -> list[Panel]:
    """Panels in order of page. plain: a world without gaps. gradients: one with those of the llr scenario."""
    return [
        _twins_and_preterm(plain),
        *_weeks(plain),
        _preterm_by_ethnicity(gradients),
        *_weights(plain),
        _weight_ratios(plain),
        _losses(plain),
        _neonatal_deaths(plain),
    ]


def _is_lost(world: World) -> Flags:
    """Whether any baby of each delivery was not born alive."""
    lost = world.babies["outcome"] != LIVE
    return np.bincount(world.babies["delivery"], weights=lost, minlength=world.births) > 0


def _is_late_loss(world: World) -> Flags:
    """Whether each baby died before 24+0 weeks."""
    return np.asarray(world.care.newborns["death_confirmed_gestation_days"] != ABSENT_NUMBER)


def _live_single(world: World) -> Flags:
    """Whether each delivery is of one baby that was born alive."""
    return np.asarray((world.deliveries["babies"] == 1) & ~_is_lost(world))


def _twins_and_preterm(world: World) -> Panel:
    deliveries = world.deliveries
    is_twin, is_preterm = deliveries["babies"] > 1, deliveries["gestation_days"] < TERM_DAYS
    is_late = _is_late_loss(world)[deliveries["first_baby"]]
    lost = _is_lost(world)
    rows = (
        drawn("twins", is_twin, TWIN_DELIVERIES),
        drawn("before 37+0, one live baby", is_preterm[~is_twin & ~lost], PRETERM_SINGLETON),
        drawn("before 37+0, twins", is_preterm[is_twin & ~lost], PRETERM_TWIN),
        drawn("before 37+0, stillborn from 24+0", is_preterm[lost & ~is_late], PRETERM_STILLBIRTH),
        drawn("boys", world.babies["sex"] == "1", BOYS),
    )
    title = "Twins, birth before 37+0 weeks, and boys"
    return Panel("preterm", title, "Share of the births, %", Unit.PER_CENT, world.scenario.name, rows)


def _weeks(world: World) -> list[Panel]:
    days = world.deliveries["gestation_days"][_live_single(world)]
    weeks = (days // 7).astype("U2")
    before, from_term = weeks[days < TERM_DAYS], weeks[days >= TERM_DAYS]
    parts = (
        ("preterm_weeks", "Week of birth among births before 37+0", before, PRETERM_WEEKS),
        ("term_weeks", "Week of birth among births from 37+0 on", from_term, TERM_WEEKS),
    )
    return [
        Panel(
            key,
            title,
            "Share of the deliveries of one live baby, %",
            Unit.PER_CENT,
            world.scenario.name,
            divided(of_part.tolist(), figure, prefix="week "),
        )
        for key, title, of_part, figure in parts
    ]


def _preterm_by_ethnicity(world: World) -> Panel:
    rows_of_women = np.flatnonzero(_live_single(world))
    traits = traits_of(world.mothers, world.areas).at(rows_of_women)
    chance = probability(world.scenario, Measure.PRETERM, traits, mean=PRETERM_SINGLETON.value)
    is_preterm = world.deliveries["gestation_days"][rows_of_women] < TERM_DAYS
    groups = [
        expected(
            group, is_preterm[traits.ethnic_group == group], chance[traits.ethnic_group == group], PRETERM_SINGLETON
        )
        for group in ETHNIC_GROUPS
    ]
    return Panel(
        "preterm_by_ethnicity",
        "Birth before 37+0 weeks, by ethnic group of the mother",
        "Share of the deliveries of one live baby, %",
        Unit.PER_CENT,
        world.scenario.name,
        (drawn("all", is_preterm, PRETERM_SINGLETON), *groups),
        "The share of all is published. The figure of a group is what that share and the odds ratios of the scenario"
        " make.",
    )


def _charted_weights(world: World) -> tuple[Table, Floats, Flags, Flags]:
    """The babies, the weight of each against the chart, and whether each is a twin and has an Asian mother."""
    babies = world.babies
    weeks = [float(week) for week in WEIGHT_MEDIAN_G_BY_WEEK.names]
    chart = np.interp(babies["gestation_days"] / 7, weeks, WEIGHT_MEDIAN_G_BY_WEEK.weights)
    traits = traits_of(world.mothers, world.areas).at(babies["mother"].astype(np.int64))
    is_twin = world.deliveries["babies"][babies["delivery"]] > 1
    return babies, babies["birth_weight_g"] / chart, is_twin, traits.ethnic_group == "asian"


def _weights(world: World) -> list[Panel]:
    """Median and spread by week, of single babies whose mother is not Asian."""
    babies, ratio, is_twin, is_asian = _charted_weights(world)
    knots = [float(week) for week in WEIGHT_MEDIAN_G_BY_WEEK.names]
    log_spread = WEIGHT_SPREAD_LOG.value
    medians, spreads = [], []
    for week in WEEKS_OF_WEIGHT:
        middle = float(np.interp(week + MIDDLE_OF_WEEK, knots, WEIGHT_MEDIAN_G_BY_WEEK.weights))
        grams = ratio[(babies["gestation_days"] // 7 == week) & ~is_twin & ~is_asian] * middle
        if len(grams) < LEAST_BABIES:
            continue
        label = f"week {week}"
        medians.append(geometric_mean(label, grams, WEIGHT_MEDIAN_G_BY_WEEK, middle, log_spread=log_spread))
        spreads.append(spread(label, np.log(grams), WEIGHT_SPREAD_LOG, log_spread))
    name = world.scenario.name
    return [
        Panel(
            "weight",
            "Median birth weight by week of gestation",
            "Grams, in the middle of the week",
            Unit.PLAIN,
            name,
            tuple(medians),
            "Single babies whose mother is not Asian. The weight of each is set against the chart at its day of"
            " gestation, and the median of these ratios against the chart in the middle of the week.",
        ),
        Panel(
            "weight_spread",
            "Spread of birth weight by week of gestation",
            "Standard deviation of the logarithm of the weight against the chart, %",
            Unit.PER_CENT,
            name,
            tuple(spreads),
        ),
    ]


def _weight_ratios(world: World) -> Panel:
    _, ratio, is_twin, is_asian = _charted_weights(world)
    weights_of = {
        "Asian mother": (WEIGHT_RATIO_ASIAN, ratio[~is_twin & is_asian]),
        "twin": (WEIGHT_RATIO_TWIN, ratio[is_twin & ~is_asian]),
    }
    rows = tuple(
        geometric_mean(label, ratios, figure, figure.value, log_spread=WEIGHT_SPREAD_LOG.value)
        for label, (figure, ratios) in weights_of.items()
    )
    title = "Birth weight of babies of Asian mothers and of twins"
    return Panel("weight_ratios", title, "Median against the chart, %", Unit.PER_CENT, world.scenario.name, rows)


def _losses(world: World) -> Panel:
    babies, is_late = world.babies, _is_late_loss(world)
    is_single = world.deliveries["babies"][babies["delivery"]] == 1
    is_stillborn = np.isin(babies["outcome"], STILLBORN)
    may_end = is_single & ~is_late & ~is_stillborn
    rows = (
        drawn("stillbirth from 24+0", is_stillborn[~is_late], STILLBIRTH),
        drawn("loss at 22 and 23 weeks, one baby", is_late[is_single], LATE_FETAL_LOSS),
        drawn("termination from 24+0, one baby", babies["outcome"][may_end] == TERMINATED, TERMINATION_FROM_24_WEEKS),
    )
    title = "Losses before birth"
    return Panel("losses", title, "Babies per 1,000", Unit.PER_THOUSAND, world.scenario.name, rows)


def _neonatal_deaths(world: World) -> Panel:
    live = world.babies[world.babies["outcome"] == LIVE]
    weeks, died = live["gestation_days"] // 7, ~np.isnat(live["death_datetime"])
    rows = []
    for span, chance in NEONATAL_DEATH_BY_WEEKS.shares.items():
        first, last = (int(week) for week in span.split("-"))
        of_span = (weeks >= first) & (weeks <= last)
        rows.append(share(f"weeks {first} to {last}", died[of_span], NEONATAL_DEATH_BY_WEEKS, chance))
    return Panel(
        "neonatal_deaths",
        "Deaths in the first 28 days, by week of birth",
        "Deaths per 1,000 live births, logarithmic",
        Unit.PER_THOUSAND,
        world.scenario.name,
        tuple(rows),
        is_logarithmic=True,
    )
