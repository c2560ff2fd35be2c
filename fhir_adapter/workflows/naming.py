"""Source keys under names: what a hospital calls a patient or a record goes no further than this.

Keys of sources are hospital numbers, NHS numbers, or made of them. Here each becomes a keyed digest, the same for the
same key, so that rows still find each other and nobody can read them.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fhir_adapter.sources.records import Cell, ColumnRows, Home, MappedRecord, Row
from indicator_engine.tables import TABLES, Table

NAME_CHARACTERS = 32  # half of a SHA-256: no two keys of one installation meet by chance
OWN_NUMBER = "local_id"


def key_columns_of(table: Table) -> tuple[str, ...]:
    """Columns of a table that hold the key of a record: its own, and those that point to another."""
    return tuple(each.name for each in table.columns if each.name.endswith("_key"))


KEY_COLUMNS: Mapping[str, tuple[str, ...]] = {
    table.name: key_columns_of(table) for table in TABLES.values() if table.clinical
}
PERSON_COLUMNS: Mapping[str, tuple[str, ...]] = {
    name: tuple(each for each in columns if each == "person_key" or TABLES[name].column(each).references == "person")
    for name, columns in KEY_COLUMNS.items()
}


@dataclass(frozen=True, slots=True)
class Names:
    """Names under one secret. Those given are remembered, for a key stands in many rows."""

    secret: bytes
    _known: dict[str, str] = field(default_factory=dict)

    def of_key(self, key: str) -> str:
        """Name of a source key."""
        name = self._known.get(key)
        if name is None:
            name = self._known[key] = f"k{self._digest(f'key|{key}')}"
        return name

    def of_number(self, number: str) -> str:
        """Name of a local number, such as a hospital number."""
        return f"h{self._digest(f'local-id|{number}')}"

    def of_record(self, record: str) -> str:
        """Name of what a sender calls a record."""
        return f"r{self._digest(f'record|{record}')}"

    def _digest(self, text: str) -> str:
        return hmac.digest(self.secret, text.encode(), "sha256").hex()[:NAME_CHARACTERS]


def person_keys(record: MappedRecord) -> Iterator[str]:
    """Source keys of the people of a record, some of them several times."""
    for identity in record.identities:
        yield identity.person_source_key
    for table, rows in record.rows.items():
        for column in PERSON_COLUMNS[table]:
            for row in rows:
                key = row.get(column)
                if type(key) is str:
                    yield key


def named(record: MappedRecord, names: Names, *, is_file_name: bool) -> MappedRecord:
    """A record with names for keys. is_file_name: whether the name of the record is ours already, as of a CSV file."""
    return replace(
        record,
        source_record_id=record.source_record_id if is_file_name else names.of_record(record.source_record_id),
        rows={table: _named_rows(rows, KEY_COLUMNS[table], names) for table, rows in record.rows.items()},
        identities=[
            each._replace(person_source_key=names.of_key(each.person_source_key)) for each in record.identities
        ],
        homes=_named_homes(record.homes, names),
        withdrawn=tuple(names.of_key(each) for each in record.withdrawn),
    )


def _named_rows(rows: Sequence[Row], columns: tuple[str, ...], names: Names) -> Sequence[Row]:
    if not isinstance(rows, ColumnRows):
        return [_named_row(row, columns, names) for row in rows]
    naming = {OWN_NUMBER: names.of_number, **dict.fromkeys(columns, names.of_key)}
    by_column = zip(rows.columns, rows.cells, strict=True)
    cells = (_named_cells(each, naming[name]) if name in naming else each for name, each in by_column)
    return ColumnRows(rows.columns, tuple(cells))


def _named_cells(cells: Sequence[Cell], name_of: Callable[[str], str]) -> list[Cell]:
    return [None if each is None else name_of(str(each)) for each in cells]


def _named_row(row: Row, columns: tuple[str, ...], names: Names) -> Row:
    changed: dict[str, Cell] = dict(row)
    for column in columns:
        key = row.get(column)
        if key is not None:
            changed[column] = names.of_key(str(key))
    number = row.get(OWN_NUMBER)
    if number is not None:
        changed[OWN_NUMBER] = names.of_number(str(number))
    return changed


def _named_homes(homes: Mapping[Home, str], names: Names) -> dict[Home, str]:
    return {(names.of_key(person), since): postcode for (person, since), postcode in homes.items()}
