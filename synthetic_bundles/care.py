"""All tables of care of a population, each from a generator of its own so that one can change without the others."""

from __future__ import annotations

import numpy as np

from synthetic_bundles.booking_answers import build_booking_answers
from synthetic_bundles.care_plans import build_care_plans
from synthetic_bundles.care_tables import Care
from synthetic_bundles.families import build_fathers, build_residences
from synthetic_bundles.health_visits import build_health_visits
from synthetic_bundles.histories import build_histories
from synthetic_bundles.labours import build_labours
from synthetic_bundles.mental_health import build_contacts, build_referrals
from synthetic_bundles.neonatal_days import build_neonatal_days
from synthetic_bundles.neonatal_episodes import build_neonatal_episodes
from synthetic_bundles.newborns import build_newborns, deaths_of
from synthetic_bundles.population import Population
from synthetic_bundles.scenario import Scenario

TABLES = 12


def draw_care(random: np.random.Generator, scenario: Scenario, people: Population) -> Care:
    """Everything around the births of this population."""
    chances = iter(random.spawn(TABLES))
    residences = build_residences(next(chances), people)
    episodes = build_neonatal_episodes(next(chances), scenario, people)
    referrals = build_referrals(next(chances), scenario, people)
    newborns = build_newborns(next(chances), scenario, people, episodes)
    deaths = deaths_of(people.babies, newborns)
    return Care(
        booking_answers=build_booking_answers(next(chances), scenario, people),
        histories=build_histories(next(chances), people),
        fathers=build_fathers(next(chances), people),
        residences=residences,
        care_plans=build_care_plans(next(chances), scenario, people),
        labours=build_labours(next(chances), scenario, people),
        newborns=newborns,
        neonatal_episodes=episodes,
        neonatal_days=build_neonatal_days(next(chances), episodes, people.babies, people.end),
        health_visits=build_health_visits(next(chances), scenario, people, residences, deaths),
        mental_health_referrals=referrals,
        mental_health_contacts=build_contacts(next(chances), referrals, people.end),
    )
