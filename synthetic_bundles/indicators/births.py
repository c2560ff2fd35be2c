"""Babies at birth and their deaths: indicators LB10 to LB18, MO01 to MO06, MM02 and DQ04."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.chance import Flags
from synthetic_bundles.figures import WEIGHT_MEDIAN_G_BY_WEEK, WEIGHT_SPREAD_LOG
from synthetic_bundles.indicators.counting import Counted, share
from synthetic_bundles.indicators.scene import Scene
from synthetic_bundles.indicators.units import birth_units_of_provider
from synthetic_bundles.organisations import INTENSIVE_UNIT, NEAREST_UNIT, SYSTEM_CODE
from synthetic_bundles.vocabulary import EARLIEST_LIVE_DAYS, POST_TERM_DAYS, TERM_DAYS, VIABLE_DAYS

INTENSIVE_SITES = (INTENSIVE_UNIT, *(site for site, unit in NEAREST_UNIT.items() if unit == INTENSIVE_UNIT))
TENTH_CENTILE_Z, THIRD_CENTILE_Z = -1.2815515655446004, -1.8807936081512509  # standard normal quantiles
MATERNAL_DEATH_DAYS = 42


def lb10(scene: Scene) -> Counted:
    """Apgar score of 0 to 6 at five minutes, single babies at term."""
    apgar = scene.world.babies["apgar_5"]
    is_counted = scene.is_term & scene.is_singleton & (apgar >= 0) & (apgar <= 10)
    return share(scene.babies, scene.is_registered, is_counted, apgar <= 6)


def lb11(scene: Scene) -> Counted:
    """Preterm birth of single live babies."""
    return share(scene.babies, scene.is_live, scene.is_singleton & _is_reportable(scene), scene.is_before(TERM_DAYS))


def lb12(scene: Scene) -> Counted:
    """Birth before 32+0 weeks of live babies."""
    return share(scene.babies, scene.is_live, _is_reportable(scene), scene.is_before(224))


def lb13(scene: Scene) -> Counted:
    """The smallest admitted babies born away from a site with neonatal intensive care."""
    babies = scene.world.babies
    is_small = scene.is_before(189) | (babies["birth_weight_g"] < 800) | (~scene.is_singleton & scene.is_before(196))
    sites = scene.babies.site
    is_away = ~np.isin(sites.names, INTENSIVE_SITES)[sites.codes]
    return share(scene.babies, scene.is_live, is_small & scene.is_admitted, is_away)


def lb14(scene: Scene) -> Counted:
    """Below 2,500 g at term."""
    weight = scene.world.babies["birth_weight_g"]
    return share(scene.babies, scene.is_live, scene.is_term & _is_weighed(scene), weight < 2500)


def lb15(scene: Scene) -> Counted:
    """Below 1,500 g."""
    return share(scene.babies, scene.is_live, _is_weighed(scene), scene.world.babies["birth_weight_g"] < 1500)


def lb16(scene: Scene) -> Counted:
    """Below the tenth centile of the chart of this world."""
    return share(scene.babies, scene.is_live, _is_charted(scene), _is_below(scene, TENTH_CENTILE_Z))


def lb17(scene: Scene) -> Counted:
    """Born at or after 38+0 weeks, of those below the third centile."""
    is_small = _is_charted(scene) & _is_below(scene, THIRD_CENTILE_Z)
    return share(scene.babies, scene.is_live, is_small, scene.days >= 266)


def lb18(scene: Scene) -> Counted:
    """Born at or after 40+0 weeks, of those below the tenth centile at 37+0 weeks and later."""
    is_small = _is_charted(scene) & _is_below(scene, TENTH_CENTILE_Z) & (scene.days >= TERM_DAYS)
    return share(scene.babies, scene.is_live, is_small, scene.days >= 280)


def mo01(scene: Scene) -> Counted:
    """Stillbirths of total births from 24+0 weeks; a death confirmed before is a late fetal loss."""
    return share(scene.babies, scene.is_registered, _is_total_birth(scene), ~scene.is_live)


def mo02(scene: Scene) -> Counted:
    """Deaths before 28 completed days of live births from 24+0 weeks."""
    return _deaths_before(scene, 28)


def mo03(scene: Scene) -> Counted:
    """Deaths before 7 completed days of live births from 24+0 weeks."""
    return _deaths_before(scene, 7)


def mo04(scene: Scene) -> Counted:
    """Stillbirths and deaths before 28 completed days of total births."""
    is_lost = ~scene.is_live | (scene.age_at_death_days < 28)
    return share(scene.babies, scene.is_registered, _is_total_birth(scene), is_lost)


def mo05(scene: Scene) -> Counted:
    """Late fetal losses: born without life at 22 or 23 weeks, or dead by then and born later."""
    is_early = (scene.days >= EARLIEST_LIVE_DAYS) & (scene.days < VIABLE_DAYS)
    is_loss = ~scene.is_live & (is_early | _was_confirmed_early(scene))
    return share(scene.babies, scene.is_registered, scene.days >= EARLIEST_LIVE_DAYS, is_loss)


def mo06(scene: Scene) -> Counted:
    """Deaths before 365 days of live births."""
    return share(scene.babies, scene.is_live, scene.is_live, scene.age_at_death_days < 365)


def mm02(scene: Scene) -> Counted:
    """Deaths of mothers within 42 days of the end of pregnancy, of the whole system."""
    world = scene.world
    death = world.care.histories["mother_death_datetime"][: world.births].astype("M8[D]")
    ended = world.deliveries["birth_datetime"].astype("M8[D]")
    is_death = ~np.isnat(death) & ((death - ended).astype(np.int64) <= MATERNAL_DEATH_DAYS)
    everyone = np.ones(world.births, dtype=bool)
    return share(birth_units_of_provider(world, SYSTEM_CODE), everyone, everyone, is_death)


def dq04(scene: Scene) -> Counted:
    """First feed is recorded."""
    is_fed = np.isin(scene.world.babies["first_feed"], ("01", "02", "03"))
    return share(scene.babies, scene.is_registered, scene.is_registered, is_fed)


def _is_reportable(scene: Scene) -> Flags:
    return np.asarray((scene.days >= EARLIEST_LIVE_DAYS) & (scene.days <= POST_TERM_DAYS))


def _is_weighed(scene: Scene) -> Flags:
    weight = scene.world.babies["birth_weight_g"]
    return np.asarray((weight >= 1) & (weight <= 9998))


def _is_charted(scene: Scene) -> Flags:
    is_known_sex = np.isin(scene.world.babies["sex"], ("1", "2"))
    in_range = (scene.days >= VIABLE_DAYS) & (scene.days <= POST_TERM_DAYS)
    return np.asarray(scene.is_singleton & in_range & _is_weighed(scene) & is_known_sex)


def _is_below(scene: Scene, centile_z: float) -> Flags:
    """Whether each baby lies below this centile of the chart that the weights of the world are drawn from."""
    weeks = [float(week) for week in WEIGHT_MEDIAN_G_BY_WEEK.names]
    median = np.interp(scene.days / 7, weeks, WEIGHT_MEDIAN_G_BY_WEEK.weights)
    z = np.log(scene.world.babies["birth_weight_g"] / median) / WEIGHT_SPREAD_LOG.value
    return np.asarray(z < centile_z)


def _was_confirmed_early(scene: Scene) -> Flags:
    confirmed = scene.world.care.newborns["death_confirmed_gestation_days"]
    return np.asarray((confirmed >= EARLIEST_LIVE_DAYS) & (confirmed < VIABLE_DAYS))


def _is_total_birth(scene: Scene) -> Flags:
    return np.asarray((scene.days >= VIABLE_DAYS) & (scene.is_live | ~_was_confirmed_early(scene)))


def _deaths_before(scene: Scene, days: int) -> Counted:
    return share(scene.babies, scene.is_live, scene.days >= VIABLE_DAYS, scene.age_at_death_days < days)
