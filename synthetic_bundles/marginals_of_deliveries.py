"""Panels of the deliveries of a world: how babies are born, tears, and the first feeds."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags, Integers
from synthetic_bundles.effects import probability
from synthetic_bundles.expectations import traits_of
from synthetic_bundles.figures import (
    APGAR_AT_5_MINUTES,
    BREAST_MILK_FIRST,
    METHODS_NULLIPAROUS,
    METHODS_PAROUS,
    METHODS_PREVIOUS_CAESAREAN,
    METHODS_TWINS,
    SEVERE_TEAR,
    SEVERE_TEAR_DEGREES,
    SEVERE_TEAR_FIRST_BIRTH_ODDS,
    SEVERE_TEAR_INSTRUMENTAL_ODDS,
    SKIN_TO_SKIN,
    Shares,
)
from synthetic_bundles.figures_of_infancy import BREAST_MILK_KEPT_TO_DISCHARGE, EXCLUSIVE_AMONG_BREASTFED_AT_DISCHARGE
from synthetic_bundles.marginals import Comparison, Panel, Unit, drawn, expected, share
from synthetic_bundles.newborns import EXCLUSIVE, FORMULA_FIRST, NONE
from synthetic_bundles.scenario import Measure
from synthetic_bundles.tables import ABSENT_NUMBER, ABSENT_TEXT, World
from synthetic_bundles.vocabulary import (
    CAESAREAN,
    FORCEPS,
    LIVE,
    SEVERE_TEAR_CODES,
    TEAR_CODES,
    VENTOUSE,
)

LOWEST_GOOD_APGAR = 7
WAYS = {
    "spontaneous": ("0", "5"),
    "instrumental": ("3", "4"),
    "planned caesarean": ("7",),
    "unplanned caesarean": ("8",),
}


def panels_of_deliveries(world: World) -> list[Panel]:
    """Panels in order of page, of a world without gaps."""
    return [_ways_of_birth(world), _severe_tears(world), _newborns(world)]


def _kinds_of_women(world: World) -> dict[str, tuple[Shares, Flags]]:
    pregnancies = world.pregnancies[: world.births]
    is_twin = pregnancies["number_of_fetuses"] > 1
    had_caesarean = ~is_twin & (pregnancies["previous_caesareans"] > 0)
    is_parous = ~is_twin & ~had_caesarean & (pregnancies["previous_live_births"] > 0)
    return {
        "first birth": (METHODS_NULLIPAROUS, ~is_twin & ~had_caesarean & ~is_parous),
        "later birth": (METHODS_PAROUS, is_parous),
        "caesarean before": (METHODS_PREVIOUS_CAESAREAN, had_caesarean),
        "twins": (METHODS_TWINS, is_twin),
    }


def _ways_of_birth(world: World) -> Panel:
    method = world.deliveries["method"].astype("U1")
    rows = [
        share(f"{kind}: {way}", np.isin(method[members], codes), figure, _share_of(figure, codes))
        for kind, (figure, members) in _kinds_of_women(world).items()
        for way, codes in WAYS.items()
    ]
    return Panel(
        "ways_of_birth",
        "How babies are born",
        "Share of the deliveries of each kind of woman, %",
        Unit.PER_CENT,
        world.scenario.name,
        tuple(rows),
        "Spontaneous births include those in breech presentation. A later birth is one without a caesarean before.",
    )


def _share_of(figure: Shares, names: tuple[str, ...]) -> float:
    return sum(figure.shares[name] for name in names) / sum(figure.weights)


def _severe_tears(world: World) -> Panel:
    rows_of_women = np.flatnonzero(~np.isin(world.deliveries["method"], CAESAREAN))
    deliveries = world.deliveries[rows_of_women]
    is_first = world.pregnancies["previous_live_births"][rows_of_women] == 0
    is_instrumental = np.isin(deliveries["method"], (FORCEPS, VENTOUSE))
    traits = traits_of(world.mothers, world.areas).at(rows_of_women)
    besides = np.where(is_first, np.log(SEVERE_TEAR_FIRST_BIRTH_ODDS.value), 0.0)
    besides = besides + np.where(is_instrumental, np.log(SEVERE_TEAR_INSTRUMENTAL_ODDS.value), 0.0)
    chance = probability(world.scenario, Measure.SEVERE_TEAR, traits, mean=SEVERE_TEAR.value, besides=besides)
    is_severe = np.isin(deliveries["perineal_trauma"], SEVERE_TEAR_CODES)
    cells = {
        "first birth, spontaneous": is_first & ~is_instrumental,
        "first birth, instrumental": is_first & is_instrumental,
        "later birth, spontaneous": ~is_first & ~is_instrumental,
        "later birth, instrumental": ~is_first & is_instrumental,
    }
    of_cells = [expected(label, is_severe[cell], chance[cell], SEVERE_TEAR) for label, cell in cells.items()]
    is_fourth = deliveries["perineal_trauma"][is_severe] == TEAR_CODES["fourth"]
    fourth = share(
        "fourth degree, of severe tears", is_fourth, SEVERE_TEAR_DEGREES, SEVERE_TEAR_DEGREES.shares["fourth"]
    )
    return Panel(
        "severe_tears",
        "Severe tears of the perineum, third and fourth degree",
        "Share of the vaginal births, %",
        Unit.PER_CENT,
        world.scenario.name,
        (drawn("all vaginal births", is_severe, SEVERE_TEAR), *of_cells, fourth),
        "The share of all is published. The figure of a cell is what that share and the odds ratios of a first birth"
        f" ({SEVERE_TEAR_FIRST_BIRTH_ODDS.value:g}) and of an instrumental one"
        f" ({SEVERE_TEAR_INSTRUMENTAL_ODDS.value:g})"
        f" make ({SEVERE_TEAR_INSTRUMENTAL_ODDS.source}, confidence {SEVERE_TEAR_INSTRUMENTAL_ODDS.confidence}).",
    )


def _newborns(world: World) -> Panel:
    is_live = world.babies["outcome"] == LIVE
    babies, newborns = world.babies[is_live], world.care.newborns[is_live]
    known_feed = babies["first_feed"] != ABSENT_TEXT
    at_discharge = newborns["feeding_at_discharge"]
    began = (babies["first_feed"] != FORMULA_FIRST) & (at_discharge != ABSENT_TEXT)
    is_fed = (at_discharge != ABSENT_TEXT) & (at_discharge != NONE)
    rows = (
        _low_apgar(babies["apgar_5"][babies["apgar_5"] != ABSENT_NUMBER]),
        drawn("skin to skin", babies["skin_to_skin"] == "Y", SKIN_TO_SKIN),
        drawn("breast milk at first feed", babies["first_feed"][known_feed] != FORMULA_FIRST, BREAST_MILK_FIRST),
        drawn("still at discharge, of those who began", at_discharge[began] != NONE, BREAST_MILK_KEPT_TO_DISCHARGE),
        drawn("alone, of those so fed", at_discharge[is_fed] == EXCLUSIVE, EXCLUSIVE_AMONG_BREASTFED_AT_DISCHARGE),
    )
    title = "First minutes, first feed and feeding at discharge"
    return Panel("newborns", title, "Share of the babies, %", Unit.PER_CENT, world.scenario.name, rows)


def _low_apgar(scores: Integers) -> Comparison:
    low = tuple(name for name in APGAR_AT_5_MINUTES.names if int(name) < LOWEST_GOOD_APGAR)
    label = "Apgar of 6 or less at 5 minutes"
    return share(label, scores < LOWEST_GOOD_APGAR, APGAR_AT_5_MINUTES, _share_of(APGAR_AT_5_MINUTES, low))
