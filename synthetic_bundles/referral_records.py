"""What a perinatal mental-health team's system writes of each referral."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from synthetic_bundles.families import homes_at
from synthetic_bundles.homes import HomeRecord, homes_of
from synthetic_bundles.identifiers import mental_health_number
from synthetic_bundles.plain_records import (
    MotherRecord,
    ReferralContactRecord,
    ReferralRecord,
    children,
    records_of,
)
from synthetic_bundles.tables import World

REFERRALS_AT_ONCE = 5000


class ReferralTold(NamedTuple):
    """One referral with its contacts. row: over all parts of a world. postcode: of the home at the referral."""

    row: int
    referral: ReferralRecord
    contacts: Sequence[ReferralContactRecord]
    person_number: str
    nhs_number: str | None
    birth_date: str
    ethnic_category: str | None
    language: str | None
    postcode: str | None

    @property
    def trust(self) -> str:
        return self.referral.provider

    @property
    def month(self) -> str:
        """The month (YYYY-MM) in whose files it stands: that of the referral."""
        return self.referral.referral_date[:7]

    @property
    def recorded_datetime(self) -> str:
        return self.referral.referral_date


def referral_records(world: World) -> Iterator[ReferralTold]:
    """Every referral in order of date."""
    referrals = world.care.mental_health_referrals
    contacts = children(world.care.mental_health_contacts, "referral", len(referrals))
    homes = homes_of(world).rows.table
    at = homes_at(homes, referrals["mother"].astype(np.int64), referrals["referral_date"])
    for start in range(0, len(referrals), REFERRALS_AT_ONCE):
        span = slice(start, start + REFERRALS_AT_ONCE)
        last = start + len(referrals[span])
        told = zip(
            range(start, last),
            records_of(ReferralRecord, referrals[span]),
            contacts.of(ReferralContactRecord, start, last),
            records_of(MotherRecord, world.mothers[referrals["mother"][span]]),
            records_of(HomeRecord, homes[at[span]]),
            strict=True,
        )
        for row, referral, own, mother, home in told:
            yield ReferralTold(
                row=world.first_row + row,
                referral=referral,
                contacts=own,
                person_number=mental_health_number(world.first_row + referral.mother),
                nhs_number=mother.nhs_number,
                birth_date=mother.birth_date,
                ethnic_category=mother.recorded_ethnic_category,
                language=mother.language,
                postcode=home.postcode,
            )
