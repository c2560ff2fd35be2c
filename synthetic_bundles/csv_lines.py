"""Lines of CSV as RFC 4180 has them."""

from __future__ import annotations

from collections.abc import Iterable

QUOTED = frozenset('",\r\n')


def csv_line(values: Iterable[str]) -> bytes:
    """One line in UTF-8 with its end; a value is put in quotes only where it needs them."""
    return (",".join(map(_cell, values)) + "\r\n").encode()


def _cell(value: str) -> str:
    if QUOTED.isdisjoint(value):
        return value
    return '"' + value.replace('"', '""') + '"'
