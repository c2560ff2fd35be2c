"""Instants as text in UTC: what every `_at` column of the store holds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

DATE_LENGTH = 10


def instant_text(moment: datetime) -> str:
    """An aware moment as `YYYY-MM-DDTHH:MM:SSZ`; fractions of a second are dropped."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def exact_instant_text(moment: datetime) -> str:
    """An aware moment as `YYYY-MM-DDTHH:MM:SS.ffffffZ`, for what can happen twice in a second; sorts as time does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@lru_cache(maxsize=4096)
def to_utc_text(moment: str) -> str:
    """ISO text with an offset as UTC text; a bare date stays as it is. Raises ValueError when it is neither."""
    if len(moment) == DATE_LENGTH:
        return moment
    return instant_text(datetime.fromisoformat(moment))
