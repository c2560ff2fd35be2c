"""Columns of the resolved model that follow from other rows: deprivation, and how a delivery ended."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa

from fhir_adapter.store.compiled import literal_sql
from fhir_adapter.store.linked_rows import is_dirty
from fhir_adapter.store.model_schema import RESOLVED
from fhir_adapter.store.operational_schema import REFERENCE_IMD
from indicator_engine.tables import TABLES

IMD_2019, IMD_2025 = "2019", "2025"
# most interventional last: other, spontaneous, instrumental, caesarean; within a group the higher code
METHODS_BY_INTERVENTION = ("9", "0", "1", "5", "2", "3", "4", "6", "7", "8")


@cache
def derive_delivery_method_sql(only_dirty: bool, dialect_name: str) -> str:
    """Text that gives each delivery the most interventional method of its babies, where one is known."""
    delivery, baby = RESOLVED["delivery"], RESOLVED["baby"]
    place = sa.case(*((baby.c.delivery_method == code, rank) for rank, code in enumerate(METHODS_BY_INTERVENTION)))
    highest = sa.select(sa.func.max(place)).where(baby.c.delivery_key == delivery.c.delivery_key).scalar_subquery()
    method = sa.case(*((highest == rank, code) for rank, code in enumerate(METHODS_BY_INTERVENTION)))
    statement = sa.update(delivery).values(delivery_method=method).where(highest.is_not(None))
    if only_dirty:
        statement = statement.where(is_dirty(TABLES["delivery"], delivery.c.delivery_key))
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
