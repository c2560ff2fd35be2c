"""What a table and a column of the common model are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """Kind of a column; the canonical form of its cells is in docs/reference/common_model.md.

    datetime is ISO text with offset, or a calendar date when the source gives no time. code_set is the text
    `|code|code|`, sorted and unique.
    """

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CODE = "code"
    ENUM = "enum"
    CODE_SET = "code_set"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type and what an absent value means.

    missing: one sentence, what an absent value means.
    code_list: name of a shipped code list that the value must be in; values: the closed list, when it is short.
    coding: the code system in words, where no list is shipped (ODS, BCP-47).
    required: expected of every record, and never absent from the resolved model unless `may_be_unknown`.
    required_for: roles of a person for which it is required.
    derived: computed by the resolution, never taken from a source as it is.
    may_be_unknown: expected of every source, but a record without it is kept; see docs/adr/0002.
    not_known_code: code that stands in the resolved model for an absent value of a required column.
    minimum, maximum: hard range, inclusive, in `unit`. validity: the whole rule in words; source: where it is from.
    references: table whose key the value is.
    """

    name: str
    type: ColumnType
    missing: str
    unit: str | None = None
    code_list: str | None = None
    values: tuple[str, ...] = ()
    coding: str = ""
    required: bool = False
    required_for: tuple[str, ...] = ()
    may_be_unknown: bool = False
    derived: bool = False
    not_known_code: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    validity: str = ""
    source: str = ""
    references: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row is, its key, and whether it has a source twin (`clinical`)."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    clinical: bool

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def needed_columns(self) -> tuple[Column, ...]:
        """Columns without which a record cannot be placed in the resolved model."""
        return tuple(column for column in self.columns if column.required and not column.may_be_unknown)

    def column(self, name: str) -> Column:
        """The column of this name. Raises KeyError when the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")
