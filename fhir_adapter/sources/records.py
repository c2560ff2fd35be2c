"""What leaves the mapping of one record: typed rows, identifiers apart from them, and issues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, overload

from fhir_adapter.sources.issues import Issue

Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = Mapping[str, Cell]
Home: TypeAlias = tuple[str, str]  # `person_key` and `valid_from` of a residence


@dataclass(frozen=True, slots=True, eq=False)
class ColumnRows(Sequence[Row]):
    """Rows of one table kept by column; a row becomes a mapping when it is asked for.

    A file gives a thousand lines a record and few readers look at a row by its names: a column of cells takes a tenth
    of the memory of as many dicts, and as much of the time to make it. cells: of each of the columns, one a row.
    """

    columns: tuple[str, ...]
    cells: tuple[Sequence[Cell], ...]

    @overload
    def __getitem__(self, at: int, /) -> Row: ...
    @overload
    def __getitem__(self, at: slice, /) -> ColumnRows: ...
    def __getitem__(self, at: int | slice, /) -> Row | ColumnRows:
        """The row at a place, or the rows of a part."""
        if isinstance(at, slice):
            return ColumnRows(self.columns, tuple(each[at] for each in self.cells))
        return dict(zip(self.columns, [each[at] for each in self.cells], strict=True))

    def __iter__(self) -> Iterator[Row]:
        """The rows one after the other."""
        return (dict(zip(self.columns, cells, strict=True)) for cells in zip(*self.cells, strict=True))

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.cells[0])

    def __eq__(self, other: object) -> bool:
        """Whether another sequence holds the same rows, in whichever form."""
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as of a list, which it stands in for


class Identity(NamedTuple):
    """Identifiers of one person as received; they go to the linkage zone only, never into rows or messages.

    person_source_key: `person_key` of the row that they belong to. birth_date: ISO date, None when it is none.
    lived_from: ISO date of a former home, which tells nothing but its postcode; None for the present one.
    A tuple, because one is made for each line of a file and a frozen dataclass takes four times as long to make.
    """

    person_source_key: str
    role: str
    nhs_number: str | None
    nhs_number_status: str | None
    local_id: str | None
    local_id_system: str | None
    family_name: str | None
    given_name: str | None
    birth_date: str | None
    postcode: str | None
    lived_from: str | None = None


def identity_of(key: str, role: str, fields: Sequence[str | None], postcode: str | None) -> Identity:
    """An identity out of its fields in the order of the class, from nhs_number to birth_date."""
    nhs_number, status, local_id, local_id_system, family_name, given_name, birth_date = fields
    return Identity(
        key, role, nhs_number, status, local_id, local_id_system, family_name, given_name, birth_date, postcode
    )


@dataclass(frozen=True, slots=True)
class MappedRecord:
    """One bundle, or one batch of CSV rows of one provider, in the terms of the common model.

    source: name of the feed, `<adapter>` or `<adapter>:<provider ODS code>`.
    source_record_id: what the source calls the record; stable when it is sent again.
    recorded_at: ISO text when the source says when it recorded, else None.
    rows: table to rows; keys are source keys, every row of a table has the same columns.
    homes: postcodes of residences, apart from their rows; one that is not here has that of the person's identity.
    withdrawn: source keys of what the record takes back: resources entered in error, or deleted.
    """

    source: str
    source_record_id: str
    recorded_at: str | None
    rows: Mapping[str, Sequence[Row]]
    identities: Sequence[Identity]
    issues: Sequence[Issue]
    homes: Mapping[Home, str] = field(default_factory=dict)
    withdrawn: Sequence[str] = ()
