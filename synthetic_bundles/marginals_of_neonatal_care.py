"""Panels of neonatal care: who is admitted, the levels of care and what is found."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.figures_of_care import MAGNESIUM_BELOW_30_WEEKS, STEROIDS_22_TO_33_WEEKS
from synthetic_bundles.figures_of_infancy import (
    CORD_CLAMPING_DEFERRED,
    CYSTIC_LEUKOMALACIA,
    LATE_INFECTION,
    NECROTISING_ENTEROCOLITIS,
    OWN_MOTHERS_MILK,
    PRETERM_ADMISSION_BY_WEEK,
    SEVERE_HAEMORRHAGE_OF_VENTRICLES,
    TEMPERATURE_LATE,
    TEMPERATURE_NORMAL,
    TERM_ADMISSION,
)
from synthetic_bundles.labours import MAGNESIUM_WEEKS, STEROID_WEEKS
from synthetic_bundles.marginals import Origin, Panel, Unit, clustered_share, divided, drawn, end_of, expected, share
from synthetic_bundles.neonatal_findings import DEFERRED_FROM_SECONDS, VERY_PRETERM_DAYS
from synthetic_bundles.tables import ABSENT_NUMBER, Table, World
from synthetic_bundles.vocabulary import LIVE, TERM_DAYS

NORMAL_CELSIUS = (36.45, 37.55)  # 36.5 to 37.5, kept clear of rounding in a short float
LATE_TEMPERATURE_MINUTES = 60
ADMITTED_WITHIN_DAYS = 7
LEVELS = {1: "intensive", 2: "high dependency", 3: "special", 4: "transitional", 5: "normal"}


def panels_of_neonatal_care(world: World) -> list[Panel]:
    """Panels in order of page, of a world without gaps."""
    return [_admissions(world), _levels(world), _findings(world)]


def _first_admissions(world: World) -> Table:
    """The first stay of each baby that was admitted."""
    first = np.unique(world.care.neonatal_episodes["baby"], return_index=True)[1]
    return np.asarray(world.care.neonatal_episodes[first])


def _admissions(world: World) -> Panel:
    babies = world.babies
    is_taken = np.zeros(len(babies), dtype=bool)
    is_taken[world.care.neonatal_episodes["baby"]] = True
    is_known = babies["birth_datetime"] < end_of(world) - np.timedelta64(ADMITTED_WITHIN_DAYS, "D")
    # Who dies early may be admitted for that, whatever the chance.
    may_be = is_known & (babies["outcome"] == LIVE) & np.isnat(babies["death_datetime"])
    days = babies["gestation_days"]
    knots = [float(week) for week in PRETERM_ADMISSION_BY_WEEK.names]
    chance = np.interp(days / 7, knots, PRETERM_ADMISSION_BY_WEEK.weights)
    rows = [
        expected(label, is_taken[of_span], chance[of_span], PRETERM_ADMISSION_BY_WEEK)
        for label, of_span in _preterm_spans(days, may_be).items()
    ]
    term = drawn("from week 37 on", is_taken[may_be & (days >= TERM_DAYS)], TERM_ADMISSION)
    return Panel(
        "admissions",
        "Admission to a neonatal unit, by week of birth",
        "Share of the live births that outlive four weeks, %",
        Unit.PER_CENT,
        world.scenario.name,
        (*rows, term),
    )


def _preterm_spans(days: Integers, may_be: Flags) -> dict[str, Flags]:
    weeks = days // 7
    spans = {"weeks 22 to 31": may_be & (weeks < 32)}
    return spans | {f"week {week}": may_be & (weeks == week) for week in range(32, 37)}


def _levels(world: World) -> Panel:
    days = world.care.neonatal_days
    baby = world.care.neonatal_episodes["baby"][days["episode"]].astype(np.int64)
    rows = tuple(clustered_share(name, days["care_level"] == level, baby) for level, name in LEVELS.items())
    return Panel(
        "levels_of_care",
        "Level of care of the days in a neonatal unit",
        "Share of the days, %",
        Unit.PER_CENT,
        world.scenario.name,
        rows,
        "No figure: the level follows the postmenstrual age, hypoxia and a little chance (categories of care, BAPM"
        " 2011). The days of a baby are alike, and the intervals allow for it.",
    )


def _findings(world: World) -> Panel:
    stays = _first_admissions(world)
    of_stay = world.babies[stays["baby"]]
    tiny = stays[of_stay["gestation_days"] < VERY_PRETERM_DAYS]
    normal = (stays["temp_admission_c"] > NORMAL_CELSIUS[0]) & (stays["temp_admission_c"] < NORMAL_CELSIUS[1])
    waited = (stays["temp_taken_datetime"] - stays["admit_datetime"]).astype(np.int64)
    clamped = stays["cord_clamp_seconds"][stays["cord_clamp_seconds"] != ABSENT_NUMBER]
    graded = tiny["ivh_grade"][tiny["ivh_grade"] != "9"]
    gestation, labours = world.deliveries["gestation_days"], world.care.labours
    steroids = labours["steroids"][gestation < STEROID_WEEKS * 7]
    survives = stays["discharge_destination"] != "3"
    rows = (
        drawn("temperature normal", normal, TEMPERATURE_NORMAL),
        drawn("temperature an hour late", waited >= LATE_TEMPERATURE_MINUTES, TEMPERATURE_LATE),
        drawn("cord clamped late", clamped >= DEFERRED_FROM_SECONDS, CORD_CLAMPING_DEFERRED),
        *divided(steroids.tolist(), STEROIDS_22_TO_33_WEEKS, prefix="steroids before 34 weeks: "),
        drawn(
            "magnesium before 30 weeks",
            labours["magnesium_24h"][gestation < MAGNESIUM_WEEKS * 7] == 1,
            MAGNESIUM_BELOW_30_WEEKS,
        ),
        drawn("enterocolitis before 32 weeks", tiny["nec"] == "confirmed", NECROTISING_ENTEROCOLITIS),
        drawn("severe haemorrhage, of scans", np.isin(graded, ("3", "4")), SEVERE_HAEMORRHAGE_OF_VENTRICLES),
        drawn("leukomalacia before 32 weeks", tiny["cystic_pvl"], CYSTIC_LEUKOMALACIA),
        drawn("late infection before 32 weeks", tiny["late_onset_bsi"], LATE_INFECTION),
        share(
            "own mother's milk on leaving",
            stays["own_mothers_milk_at_discharge"][survives],
            OWN_MOTHERS_MILK,
            OWN_MOTHERS_MILK.value,
            origin=Origin.FITTED,
        ),
    )
    return Panel(
        "neonatal_findings",
        "Care before a preterm birth, and at the first admission",
        "Share of the deliveries or admissions, %",
        Unit.PER_CENT,
        world.scenario.name,
        rows,
        "Temperature, cord clamping and milk follow one figure at every gestation, though the audit gives them of"
        " preterm babies alone.",
    )
