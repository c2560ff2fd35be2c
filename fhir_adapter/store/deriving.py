"""Columns of the resolved model that follow from other rows: deprivation, and how a delivery ended."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.linked_rows import is_dirty
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import REFERENCE_IMD
from fhir_adapter.store.reference_tables import IMD_2019, IMD_2025
from indicator_engine.tables import TABLES

# the more interventional, the higher the digit; within a group the higher code counts
INTERVENTION_OF_METHOD = {
    **dict.fromkeys(("9",), "0"),
    **dict.fromkeys(("0", "1", "5"), "1"),
    **dict.fromkeys(("2", "3", "4", "6"), "2"),
    **dict.fromkeys(("7", "8"), "3"),
}


@cache
def derive_delivery_method_sql(only_dirty: bool, dialect_name: str) -> str:
    """Text that gives each delivery the most interventional method of its babies, where one is known."""
    delivery, baby = RESOLVED["delivery"], RESOLVED["baby"]
    ranked = sa.case(*((baby.c.delivery_method == code, rank + code) for code, rank in INTERVENTION_OF_METHOD.items()))
    highest = sa.select(sa.func.max(ranked)).where(baby.c.delivery_key == delivery.c.delivery_key).scalar_subquery()
    method = sa.func.coalesce(sa.func.substr(highest, 2, 1), delivery.c.delivery_method)
    statement = sa.update(delivery).values(delivery_method=method)
    if only_dirty:
        statement = statement.where(is_dirty(TABLES["delivery"], delivery.c.delivery_key))
    return literal_sql(statement, dialect_name)


# list csds_mechanism: face to face, and video consultation
SEEN_FACE_TO_FACE = ("01", "11")


@cache
def derive_first_contact_sql(only_dirty: bool, dialect_name: str) -> str:
    """Text that gives each referral the date of its first attended contact face to face or by video, where known."""
    referral, contact = RESOLVED["mh_referral"], RESOLVED["mh_contact"]
    first = (
        sa.select(sa.func.min(contact.c.contact_date))
        .where(
            contact.c.referral_key == referral.c.referral_key,
            contact.c.attended.is_(True),
            contact.c.mechanism.in_(SEEN_FACE_TO_FACE),
        )
        .scalar_subquery()
    )
    statement = sa.update(referral).values(first_contact_date=sa.func.coalesce(first, referral.c.first_contact_date))
    if only_dirty:
        statement = statement.where(is_dirty(TABLES["mh_referral"], referral.c.referral_key))
    return literal_sql(statement, dialect_name)


@cache
def derive_deprivation_sql(only_dirty: bool, dialect_name: str) -> str:
    """Text that gives each residence the deciles of its areas, or the reason why there is none."""
    residence = RESOLVED["residence"]
    decile = sa.func.coalesce(
        _looked_up(REFERENCE_IMD.c.decile, residence.c.lsoa_2011, IMD_2019), residence.c.imd_2019_decile
    )
    reason = sa.func.coalesce(residence.c.imd_missing_reason, "unknown_area")
    statement = sa.update(residence).values(
        imd_2019_decile=decile,
        imd_2025_decile=sa.func.coalesce(
            _looked_up(REFERENCE_IMD.c.decile, residence.c.lsoa_2021, IMD_2025), residence.c.imd_2025_decile
        ),
        imd_missing_reason=sa.case((decile.is_(None), reason)),
        local_authority=sa.func.coalesce(
            residence.c.local_authority,
            _looked_up(REFERENCE_IMD.c.local_authority, residence.c.lsoa_2011, IMD_2019),
        ),
    )
    if only_dirty:
        statement = statement.where(is_dirty(TABLES["residence"], residence.c.person_key))
    return literal_sql(statement, dialect_name)


def _looked_up(column: sa.Column[Any], lsoa: sa.Column[str], version: str) -> sa.ScalarSelect[Any]:
    found = sa.select(column).where(REFERENCE_IMD.c.lsoa == lsoa, REFERENCE_IMD.c.version == version)
    return found.scalar_subquery()
