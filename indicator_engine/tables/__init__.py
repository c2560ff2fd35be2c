"""The common model: every table and column with its type, unit, codes and what an absent value means."""

from collections.abc import Mapping
from types import MappingProxyType

from indicator_engine.tables.administration import ANNOTATION, ORGANISATION, RECORD_SOURCE, RESOLUTION
from indicator_engine.tables.birth import BABY, DELIVERY
from indicator_engine.tables.columns import Column, ColumnType, Table
from indicator_engine.tables.community import HV_CONTACT, MH_CONTACT, MH_REFERRAL
from indicator_engine.tables.neonatal import NEONATAL_DAY, NEONATAL_EPISODE
from indicator_engine.tables.people import LINKAGE_ZONE, PERSON, RESIDENCE
from indicator_engine.tables.pregnancy import BOOKING, CARE_PLAN, PREGNANCY

TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            ORGANISATION,
            PERSON,
            RESIDENCE,
            LINKAGE_ZONE,
            PREGNANCY,
            BOOKING,
            CARE_PLAN,
            DELIVERY,
            BABY,
            NEONATAL_EPISODE,
            NEONATAL_DAY,
            HV_CONTACT,
            MH_REFERRAL,
            MH_CONTACT,
            ANNOTATION,
            RESOLUTION,
            RECORD_SOURCE,
        )
    }
)

__all__ = ["TABLES", "Column", "ColumnType", "Table"]
