"""What a neonatal unit's own system writes of each stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from synthetic_bundles.chance import Integers
from synthetic_bundles.identifiers import baby_hospital_number, mother_hospital_number
from synthetic_bundles.plain_records import (
    BabyRecord,
    DayRecord,
    DeliveryRecord,
    EpisodeRecord,
    LabourRecord,
    MotherRecord,
    NewbornRecord,
    children,
    records_of,
)
from synthetic_bundles.tables import Table, World

STAYS_AT_ONCE = 2000


class NeonatalRecord(NamedTuple):
    """One stay. What the unit wrote of the birth may differ from what the maternity system wrote.

    row: of the episode over all parts of a world. A stay that cannot be linked has no number of anybody but its own.
    episode_number: which stay of the baby it is, from 1 on. birth_weight_g: grams, or what was written where grams
    belong. birth_order: of `births` babies.
    """

    row: int
    episode_number: int
    recorded_datetime: str
    episode: EpisodeRecord
    days: Sequence[DayRecord]
    labour: LabourRecord
    newborn: NewbornRecord
    birth_row: int
    nhs_number: str | None
    nhs_number_status: str | None
    hospital_number: str | None
    mother_nhs_number: str | None
    mother_hospital_number: str | None
    birth_datetime: str
    death_datetime: str | None
    sex: str
    gestation_days: int
    birth_weight_g: float
    birth_order: int
    births: int
    apgar_5: int | None
    ethnic_category: str
    mother_ethnic_category: str | None
    mother_birth_date: str

    @property
    def trust(self) -> str:
        return self.episode.provider

    @property
    def month(self) -> str:
        """The month (YYYY-MM) in whose files it stands: that of the admission."""
        return self.episode.admit_datetime[:7]


def neonatal_records(world: World) -> Iterator[NeonatalRecord]:
    """Every stay in order of baby and admission."""
    care = world.care
    days = children(care.neonatal_days, "episode", len(care.neonatal_episodes))
    numbers = _numbers(care.neonatal_episodes["baby"])
    for start in range(0, len(care.neonatal_episodes), STAYS_AT_ONCE):
        stays = care.neonatal_episodes[start : start + STAYS_AT_ONCE]
        babies = world.babies[stays["baby"]]
        deliveries = world.deliveries[babies["delivery"]]
        told = zip(
            range(start, start + len(stays)),
            numbers[start : start + len(stays)].tolist(),
            records_of(EpisodeRecord, stays),
            days.of(DayRecord, start, start + len(stays)),
            records_of(BabyRecord, babies),
            records_of(NewbornRecord, care.newborns[stays["baby"]]),
            records_of(DeliveryRecord, deliveries),
            records_of(LabourRecord, _rows(care.labours, babies["delivery"])),
            records_of(MotherRecord, _rows(world.mothers, babies["mother"])),
            strict=True,
        )
        for row, number, episode, own_days, baby, newborn, delivery, labour, mother in told:
            birth_row = world.first_row + baby.delivery
            yield NeonatalRecord(
                row=world.first_row + row,
                episode_number=number,
                recorded_datetime=episode.discharge_datetime or episode.admit_datetime,
                episode=episode,
                days=own_days,
                labour=labour,
                newborn=newborn,
                birth_row=birth_row,
                nhs_number=baby.nhs_number if episode.is_linked else None,
                nhs_number_status=baby.nhs_number_status if episode.is_linked else None,
                hospital_number=_own_number(delivery, birth_row, baby) if episode.is_linked else None,
                mother_nhs_number=mother.nhs_number if episode.is_linked else None,
                mother_hospital_number=(
                    mother_hospital_number(delivery.provider, birth_row) if episode.is_linked else None
                ),
                birth_datetime=baby.birth_datetime,
                death_datetime=baby.death_datetime,
                sex=baby.sex,
                gestation_days=episode.recorded_gestation_days,
                birth_weight_g=episode.recorded_birth_weight_g,
                birth_order=baby.birth_order,
                births=delivery.babies,
                apgar_5=baby.apgar_5,
                ethnic_category=baby.ethnic_category,
                mother_ethnic_category=mother.recorded_ethnic_category,
                mother_birth_date=mother.birth_date,
            )


def _own_number(delivery: DeliveryRecord, birth_row: int, baby: BabyRecord) -> str:
    return baby_hospital_number(delivery.provider, birth_row, baby.birth_order)


def _numbers(baby: Table) -> Integers:
    """Which stay of its baby each one is, from 1 on; those of a baby are neighbours."""
    starts = np.flatnonzero(np.diff(baby, prepend=-1) != 0)
    return np.asarray(np.arange(len(baby)) - np.repeat(starts, np.diff(starts, append=len(baby))) + 1)


def _rows(table: Table, rows: Table) -> Table:
    taken: Table = table[rows]
    return taken
