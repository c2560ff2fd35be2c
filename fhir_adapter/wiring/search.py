"""A FHIR search as the API read it, asked of the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy.engine import Engine

from fhir_adapter.api.matching import page_of
from fhir_adapter.api.queries import (
    CanonicalFilter,
    DateFilter,
    SearchFilter,
    SearchQuery,
    TokenFilter,
)
from fhir_adapter.api.services import SearchPage, StoredResource
from fhir_adapter.errors import SearchRefused
from fhir_adapter.fhir.canonical import ODS_ORGANISATION, ODS_SITE, Canonicals
from fhir_adapter.store.database import reading
from fhir_adapter.store.instants import instant_text
from fhir_adapter.store.releases import SavedResource, load_current
from fhir_adapter.store.searching import (
    AnyOf,
    MeasureIs,
    RangeIs,
    Reach,
    ResourceFilter,
    ResourceSearch,
    SortColumn,
    search_resources,
)

REPORTS = "MeasureReport"
SECOND = timedelta(seconds=1)
SORT_COLUMNS: Mapping[str, SortColumn] = {
    "_id": SortColumn.ID,
    "_lastUpdated": SortColumn.LAST_UPDATED,
    "period": SortColumn.PERIOD_START,
}
TOKEN_COLUMNS: Mapping[str, str] = {
    "_id": "id",
    "identifier": "identifier",
    "subject": "subject",
    "reporter": "reporter",
    "status": "status",
}


def search_store(
    engine: Engine, canonicals: Canonicals, resource_type: str, query: SearchQuery, *, audience: str
) -> SearchPage:
    """One page: reports by SQL, the few resources of other types in memory. Raises SearchRefused for a bad cursor."""
    if resource_type != REPORTS:
        with reading(engine) as connection:
            found = load_current(connection, resource_type, audience=audience)
        return page_of([stored_resource(each) for each in found], query)
    search = ResourceSearch(
        type=resource_type,
        audience=audience,
        filters=tuple(_filter(each, canonicals) for each in query.filters),
        sort=tuple((SORT_COLUMNS[key.name], key.descending) for key in query.sort),
        count=query.count,
        cursor=query.cursor,
    )
    with reading(engine) as connection:
        page = search_resources(connection, search)
    return SearchPage(tuple(stored_resource(each) for each in page.entries), page.total, page.next_cursor)


def stored_resource(saved: SavedResource) -> StoredResource:
    """A saved version as the API serves it."""
    return StoredResource(saved.type, saved.id, saved.version_id, saved.last_updated, saved.content)


def _filter(asked: SearchFilter, canonicals: Canonicals) -> ResourceFilter:
    if isinstance(asked, CanonicalFilter):
        return MeasureIs(tuple((each.url, each.version) for each in asked.values))
    if isinstance(asked, TokenFilter):
        return AnyOf(TOKEN_COLUMNS[asked.name], _codes(asked, canonicals))
    if isinstance(asked, DateFilter):
        return RANGES[asked.name](asked)
    raise SearchRefused(asked.name, f"{asked.name} cannot be searched on {REPORTS}")


def _codes(asked: TokenFilter, canonicals: Canonicals) -> tuple[str, ...]:
    """Codes whose system is not said, or is one that this parameter knows."""
    systems = {
        "identifier": {canonicals.report_key},
        "subject": {ODS_ORGANISATION, ODS_SITE, canonicals.organisation},
        "reporter": {ODS_ORGANISATION, ODS_SITE, canonicals.organisation},
    }.get(asked.name, set())
    return tuple(each.code for each in asked.values if each.system is None or each.system in systems)


def _period_range(asked: DateFilter) -> RangeIs:
    first, last = asked.first_day.isoformat(), asked.last_day.isoformat()
    return RangeIs("period_start", "period_end", Reach(asked.comparison.value), first, last)


def _instant_range(column: str) -> Callable[[DateFilter], RangeIs]:
    def build(asked: DateFilter) -> RangeIs:
        first, last = instant_text(asked.low), instant_text(_last_second(asked.before))
        return RangeIs(column, column, Reach(asked.comparison.value), first, last)

    return build


def _last_second(before: datetime) -> datetime:
    return before - SECOND


RANGES: Mapping[str, Callable[[DateFilter], RangeIs]] = {
    "period": _period_range,
    "date": _instant_range("date"),
    "_lastUpdated": _instant_range("last_updated"),
}
