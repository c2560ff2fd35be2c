"""Answers a search from resources in memory: for types of which there are few."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial

import orjson

from fhir_adapter.api.queries import (
    CanonicalFilter,
    Comparison,
    DateFilter,
    SearchFilter,
    SearchQuery,
    TextFilter,
    Token,
    TokenFilter,
)
from fhir_adapter.api.services import SearchPage, StoredResource
from fhir_adapter.errors import SearchRefused
from fhir_adapter.fhir.elements import LOCAL_ZONE, Json

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def page_of(resources: Iterable[StoredResource], query: SearchQuery) -> SearchPage:
    """One page of the resources that match; raises SearchRefused for a cursor that is none of ours."""
    found = [(each, orjson.loads(each.content)) for each in resources]
    matching = [(each, document) for each, document in found if matches(each, document, query)]
    ordered = _ordered(matching, query)
    start = 0 if query.cursor is None else _position_after(ordered, query.cursor)
    page = ordered[start : start + query.count]
    is_last = start + query.count >= len(ordered) or not page
    return SearchPage(tuple(page), len(ordered), None if is_last else _cursor(page[-1]))


def matches(stored: StoredResource, document: Json, query: SearchQuery) -> bool:
    """Whether a resource satisfies every filter."""
    return all(_holds(stored, document, each) for each in query.filters)


def _holds(stored: StoredResource, document: Json, wanted: SearchFilter) -> bool:
    match wanted:
        case DateFilter():
            return _date_holds(_span(stored, document, wanted.name), wanted)
        case TextFilter():
            text = str(document.get(wanted.name, "")).casefold()
            return any(text.startswith(value.casefold()) for value in wanted.values)
        case CanonicalFilter():
            url, _, version = str(document.get(wanted.name, "")).partition("|")
            return any(value.url == url and value.version in (None, version) for value in wanted.values)
        case TokenFilter():
            tokens = list(_tokens(stored, document, wanted.name))
            return any(_token_holds(value, token) for value in wanted.values for token in tokens)


def _token_holds(wanted: Token, token: Token) -> bool:
    return wanted.code == token.code and (wanted.system is None or wanted.system == token.system)


def _tokens(stored: StoredResource, document: Json, name: str) -> Iterator[Token]:
    if name == "_id":
        yield Token(None, stored.id)
    elif name == "identifier":
        yield from (Token(each.get("system"), str(each.get("value"))) for each in document.get("identifier", []))
    elif name in ("subject", "reporter"):
        identifier = document.get(name, {}).get("identifier", {})
        yield Token(identifier.get("system"), str(identifier.get("value")))
    else:
        yield Token(None, str(document.get(name)))


def _span(stored: StoredResource, document: Json, name: str) -> tuple[datetime, datetime]:
    if name == "period":
        period = document["period"]
        return _day(period["start"]), _day(period["end"]) + DAY
    moment = datetime.fromisoformat(stored.last_updated if name == "_lastUpdated" else str(document["date"]))
    if moment.tzinfo is None:
        return moment.replace(tzinfo=LOCAL_ZONE), moment.replace(tzinfo=LOCAL_ZONE) + DAY
    return moment.replace(microsecond=0), moment.replace(microsecond=0) + SECOND


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


def _date_holds(span: tuple[datetime, datetime], wanted: DateFilter) -> bool:
    start, end = span
    lies_inside = wanted.low <= start and end <= wanted.before
    reaches_later, reaches_earlier = end > wanted.before, start < wanted.low
    match wanted.comparison:
        case Comparison.EQUAL:
            return lies_inside
        case Comparison.GREATER_OR_EQUAL:
            return lies_inside or reaches_later
        case Comparison.LESS_OR_EQUAL:
            return lies_inside or reaches_earlier
        case Comparison.GREATER:
            return reaches_later
        case Comparison.LESS:
            return reaches_earlier


def _ordered(matching: list[tuple[StoredResource, Json]], query: SearchQuery) -> list[StoredResource]:
    matching.sort(key=lambda pair: pair[0].id)
    # Stable sorts from the last key to the first give the order of all keys together.
    for key in reversed(query.sort):
        matching.sort(key=partial(_sort_value, key.name), reverse=key.descending)
    return [stored for stored, _ in matching]


def _sort_value(name: str, pair: tuple[StoredResource, Json]) -> tuple[str, str]:
    stored, document = pair
    if name == "period":
        return document["period"]["start"], document["period"]["end"]
    return (stored.id, "") if name == "_id" else (stored.last_updated, "")


def _cursor(last: StoredResource) -> str:
    return urlsafe_b64encode(last.id.encode()).decode().rstrip("=")


def _position_after(ordered: list[StoredResource], cursor: str) -> int:
    try:
        last = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return [each.id for each in ordered].index(last) + 1
    except (NotBase64, ValueError):
        raise SearchRefused("_cursor", "`_cursor` is not one of ours; start the search again without it") from None
