"""The values of a batch of lines by column, and one closure a column that makes cells of them.

A column is converted as a whole: texts that were met before are looked up, so that a code or a date is converted once
a file. A closure gives a cell for each line and adds what cannot be a cell to a list, with the line it stands in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import Generic, TypeAlias, TypeVar

from fhir_adapter.sources.adapter import DateRule
from fhir_adapter.sources.convert import LONGEST_TEXT, CellFault, clock_text, london_offset, to_date
from fhir_adapter.sources.csv_conditions import CsvCondition
from fhir_adapter.sources.csv_plan import CsvKey
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.row_steps import Reader

MOST_REMEMBERED = 4_096  # texts of one column; more and its memory begins anew, so that it stays flat
CLOCK_CHARACTERS = 8  # HH:MM:SS; a longer one has an offset of its own

Values: TypeAlias = Sequence[str | None]
LineFault: TypeAlias = tuple[int, CellFault]  # line of the batch, from 0
Made = TypeVar("Made")
Chosen = TypeVar("Chosen")
ColumnReader: TypeAlias = Callable[["Columns", list[LineFault]], Sequence[Cell]]


class Columns:
    """Lines of one sender, by column. numbers: of the lines in the file.

    places: of the lines among those that they were chosen from. met: places of the lines that meet conditions, as far
    as it was asked; None for all. A part takes from the whole what is asked of it: a table reads few of the columns.
    """

    __slots__ = ("_joined", "_keys", "_missing", "_raw", "_values", "_whole", "met", "numbers", "places")

    def __init__(self, numbers: Sequence[int], raw: Sequence[Sequence[str] | None], missing: Set[str]) -> None:
        self.numbers = numbers
        self.places: Sequence[int] = range(len(numbers))
        self.met: dict[tuple[CsvCondition, ...], Sequence[int] | None] = {}
        self._whole: Columns | None = None
        self._raw: dict[int, Sequence[str] | None] = dict(enumerate(raw))
        self._missing = missing
        self._values: dict[int, Values] = {}
        self._keys: dict[CsvKey, Values] = {}
        self._joined: dict[int, str] = {}

    def raw(self, header: int) -> Sequence[str] | None:
        """The texts of a column as they stand; None for one that the file does not have."""
        if header not in self._raw:
            assert self._whole is not None
            whole = self._whole.raw(header)
            self._raw[header] = None if whole is None else self._chosen(whole)
        return self._raw[header]

    def values(self, header: int) -> Values:
        """The texts of a column without space around them; None for what counts as missing."""
        if header not in self._values:
            whole = self._whole
            self._values[header] = self._stripped(header) if whole is None else self._chosen(whole.values(header))
        return self._values[header]

    def joined(self, header: int) -> str:
        """The texts of a column as one, in which a sign is looked for faster than in each of them."""
        if header not in self._joined:
            self._joined[header] = "".join(self.raw(header) or ())
        return self._joined[header]

    def _stripped(self, header: int) -> Values:
        raw = self.raw(header)
        if raw is None:
            return [None] * len(self.numbers)
        joined = self.joined(header)
        texts = raw if joined.split(None, 1) == [joined] else list(map(str.strip, raw))  # there is no space in them
        missing = self._missing
        return [None if text in missing else text for text in texts] if not missing.isdisjoint(texts) else texts

    def keys(self, rule: CsvKey, scope: str) -> Values:
        """The source key of each line; made once for all rows that hold it."""
        if rule not in self._keys:
            whole = self._whole
            self._keys[rule] = (
                key_column(rule, scope, [self.values(part) for part in rule.parts])
                if whole is None
                else self._chosen(whole.keys(rule, scope))
            )
        return self._keys[rule]

    def only(self, places: Sequence[int]) -> Columns:
        """The lines at these places."""
        part = Columns([self.numbers[place] for place in places], (), self._missing)
        part._whole = self
        part.places = places
        return part

    def _chosen(self, whole: Sequence[Chosen]) -> list[Chosen]:
        return list(map(whole.__getitem__, self.places))


def key_column(rule: CsvKey, scope: str, parts: Sequence[Values]) -> Values:
    """The source key `<scope>/<kind>/<parts>` of each line; None when a part is absent."""
    head = f"{scope}/{rule.kind}/"
    if rule.suffix is not None:
        parts = [*parts, [rule.suffix] * len(parts[0])]
    if len(parts) == 1 and all(parts[0]):
        texts = [value for value in parts[0] if value is not None]
        if is_plain("".join(texts)):
            return [head + text for text in texts]
    rows = zip(*parts, strict=True)
    return [None if None in row else head + "/".join(key_part(str(value)) for value in row) for row in rows]


def is_plain(text: str) -> bool:
    """Whether a text lacks the sign that separates the parts of a key, and the one that stands in for it."""
    return "/" not in text and "%" not in text


def key_part(value: str) -> str:
    """A part of a key without the sign that separates parts."""
    return value if is_plain(value) else value.replace("%", "%25").replace("/", "%2F")


class Remembered(dict[str, Made | None], Generic[Made]):
    """Cells by the text they were made of; a new text is converted when it is asked for. faults: by text as well."""

    def __init__(self, read: Callable[[Sequence[str | None]], Made], missing: Set[str]) -> None:
        super().__init__()
        self._read = read
        self._missing = missing
        self.faults: dict[str, CellFault] = {}

    def __missing__(self, raw: str) -> Made | None:
        text = raw.strip()
        try:
            cell = self._read((None if text in self._missing else text,))
        except CellFault as fault:
            self.faults[raw] = fault
            cell = None
        self[raw] = cell
        return cell

    def cells(self, raw: Sequence[str]) -> list[Made | None]:
        """The cell of each text."""
        if len(self) > MOST_REMEMBERED:
            self.clear()
            self.faults.clear()
        return list(map(self.__getitem__, raw))


def remembered_column(origin: int, read: Reader, missing: Set[str]) -> ColumnReader:
    """Cells of one column of the file; read: from a row of its one value."""
    memory = Remembered(read, missing)

    def read_column(columns: Columns, faults: list[LineFault]) -> Sequence[Cell]:
        raw = columns.raw(origin)
        if raw is None:
            return of_nothing(1, len(columns.numbers), read, faults)
        cells = memory.cells(raw)
        if memory.faults and not memory.faults.keys().isdisjoint(raw):
            faults += [(at, memory.faults[text]) for at, text in enumerate(raw) if text in memory.faults]
        return cells

    return read_column


def text_column(origin: int, read: Reader) -> ColumnReader:
    """Texts as they stand; nearly all differ, so none is remembered."""

    def read_column(columns: Columns, faults: list[LineFault]) -> Sequence[Cell]:
        raw = columns.raw(origin) or ()
        values = columns.values(origin)
        joined = columns.joined(origin)
        is_short = len(joined) <= LONGEST_TEXT or max(map(len, raw)) <= LONGEST_TEXT
        if is_short and "\x00" not in joined:
            return values
        return one_by_one([values], read, faults)

    return read_column


def joint_column(origins: Sequence[int], read: Reader) -> ColumnReader:
    """Cells of several columns of the file together; read: from a row of their values."""

    def read_column(columns: Columns, faults: list[LineFault]) -> Sequence[Cell]:
        if all(columns.raw(origin) is None for origin in origins):
            return of_nothing(len(origins), len(columns.numbers), read, faults)
        return one_by_one([columns.values(origin) for origin in origins], read, faults)

    return read_column


def of_nothing(values: int, lines: int, read: Reader, faults: list[LineFault]) -> Sequence[Cell]:
    """The cells of columns that the file does not have: read once, and the same in every line."""
    nothing: Sequence[None] = [None] * values
    try:
        return [read(nothing)] * lines
    except CellFault as fault:
        faults += [(at, fault) for at in range(lines)]
        return [None] * lines


def one_by_one(values: Sequence[Values], read: Reader, faults: list[LineFault]) -> list[Cell]:
    """The cell of each line, read by itself."""
    cells: list[Cell] = []
    for at, row in enumerate(zip(*values, strict=True)):
        try:
            cells.append(read(row))
        except CellFault as fault:
            faults.append((at, fault))
            cells.append(None)
    return cells


def moment_column(origins: tuple[int, int], rule: DateRule, read: Reader, missing: Set[str]) -> ColumnReader:
    """Moments of a column of dates and one of times in London: day, time and the offset of the day put together.

    What is unusual (a day on which the offset changes, a missing time, a fault) is read line by line.
    """
    date_origin, time_origin = origins
    dates = Remembered(lambda row: usual_date(rule, row[0]), missing)
    clocks = Remembered(lambda row: usual_clock(row[0]), missing)

    def read_column(columns: Columns, faults: list[LineFault]) -> Sequence[Cell]:
        days, times = columns.raw(date_origin), columns.raw(time_origin)
        if days is None and times is None:
            return of_nothing(2, len(columns.numbers), read, faults)
        values = [columns.values(origin) for origin in origins]
        if days is None or times is None:
            return one_by_one(values, read, faults)
        parts = zip(dates.cells(days), clocks.cells(times), strict=True)
        cells: list[Cell] = [
            f"{day[0]}{clock}{day[1]}" if day is not None and clock is not None else None for day, clock in parts
        ]
        if not all(cells):
            for at in [at for at, cell in enumerate(cells) if cell is None]:
                found: list[LineFault] = []
                [cells[at]] = one_by_one([[each[at]] for each in values], read, found)
                faults += [(at, fault) for _, fault in found]
        return cells

    return read_column


def usual_date(rule: DateRule, text: str | None) -> tuple[str, str] | None:
    """What stands before and after a time on a date; None for what is no date, or has no single offset."""
    try:
        day = None if text is None else str(to_date(rule, text))
    except CellFault:
        return None
    offset = None if day is None else london_offset(day)
    return None if day is None or offset is None else (f"{day}T", offset)


def usual_clock(text: str | None) -> Cell:
    """The time as HH:MM:SS; None for what is no such time."""
    try:
        clock = None if text is None else clock_text(text)
    except CellFault:
        return None
    return clock if clock is not None and len(clock) == CLOCK_CHARACTERS else None
