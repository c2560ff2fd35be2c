"""A CSV file to mapped records: a batch of lines of one provider each, memory flat in the size of the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from operator import itemgetter
from typing import BinaryIO, cast

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.sources.csv_columns import Columns, Remembered
from fhir_adapter.sources.csv_header import HeaderPlan, header_names, plan_header
from fhir_adapter.sources.csv_merging import LineIssue
from fhir_adapter.sources.csv_plan import CsvPlan
from fhir_adapter.sources.csv_tables import SenderRows, SenderTables
from fhir_adapter.sources.csv_text import LineBatch, LineReader, check_encoding, csv_lines
from fhir_adapter.sources.issues import Issue, Severity
from fhir_adapter.sources.records import ColumnRows, MappedRecord
from fhir_adapter.sources.registry import Adapter

BROKEN = "the line is no CSV; check the quotation marks"
LINES_AT_ONCE = 250  # of a batch; so few stay in the cache of the processor while they are turned by column
BY_LINE = itemgetter(0, 1)  # of a line, in the order of the rules
NAMED_DIGITS = 16  # of the digest; enough to tell files apart in the name of a record


def map_csv(
    adapter: Adapter, stream: BinaryIO, *, name: str, digest: str, batch_rows: int = 1000
) -> Iterator[MappedRecord]:
    """Records of the file: one for each provider in each batch of lines, in the order of the file.

    stream: seekable, read from where it stands; it stays open. name: of the file, for the places of faults.
    Raises PayloadRefused for an empty file, a wrong encoding or a header that is not the adapter's.
    """
    plan = adapter.csv_plan
    if plan is None:
        raise PayloadRefused("adapter.wrong-kind", name, f"adapter {adapter.name} does not read CSV files")
    check_encoding(stream, plan.format, name=name)
    with csv_lines(stream, plan.format) as lines:
        plan, header = first_line(lines, plan, name=name)
        reading = CsvReading(adapter.name, plan, header, name, digest)
        while reading.add(lines, batch_rows):
            yield from reading.records()
        yield from reading.remaining()


def first_line(lines: LineReader, plan: CsvPlan, *, name: str) -> tuple[CsvPlan, HeaderPlan]:
    """The plan of the shape of file, and its header. Raises PayloadRefused when there is none or it is not known."""
    batch = lines.take(1)
    if batch.broken:
        text = "the first line is no header; check the quotation marks"
        raise PayloadRefused("csv.header-unreadable", f"{name}:1", text)
    if not batch.cells:
        raise PayloadRefused("csv.empty", name, "the file is empty; a header and lines below it are expected")
    plan = plan.for_header(header_names(batch.cells[0], plan.format.aliases))
    return plan, plan_header(plan, batch.cells[0], name=name)


class CsvReading:
    """One file being read: what its columns remember, and issues that no record has taken yet."""

    def __init__(self, adapter: str, plan: CsvPlan, header: HeaderPlan, name: str, digest: str) -> None:
        self._adapter = adapter
        self._plan = plan
        self._header = header
        self._name = name
        self._digest = digest
        self._missing = frozenset(plan.format.missing)
        self._senders = Remembered(lambda row: row[0] or "", self._missing)
        self._tables = SenderTables(plan, name, self._missing)
        self._local = {sender: SenderTables(each, name, self._missing) for sender, each in plan.by_sender.items()}
        self._issues = list(header.issues)
        self._found: list[LineIssue] = []
        self._rows: dict[str, SenderRows] = {}
        self._span: tuple[int, int] | None = None

    def add(self, lines: LineReader, most: int) -> bool:
        """Read so many lines, or as many as there are; gives whether there were any."""
        left, began = most, None
        while left > 0:
            piece = lines.take(min(left, LINES_AT_ONCE))
            if not piece.count:
                break
            left -= piece.count
            first, last = piece.span()
            began = first if began is None else began
            self._span = (began, last)
            self._read(piece)
        return left < most

    def _read(self, piece: LineBatch) -> None:
        self._found += [self._issue(number, "csv.line-unreadable", BROKEN) for number in piece.broken]
        for sender, columns in self._by_sender(self._whole(piece)).items():
            rows = self._rows.setdefault(sender, SenderRows({}, []))
            self._local.get(sender, self._tables).read(sender, columns, rows, self._found)

    def records(self) -> Iterator[MappedRecord]:
        """A record for each sender of the lines, in the order in which they come; the first takes the issues."""
        mapped = self._rows
        if (self._found or self._issues) and not mapped:
            mapped = {"": SenderRows({}, [])}
        first, last = self._span or (0, 0)
        merged = {sender: each.merged(self._name, self._found) for sender, each in mapped.items()}
        issues = (*self._issues, *(issue for *_, issue in sorted(self._found, key=BY_LINE)))
        self._issues, self._found, self._rows = [], [], {}
        for sender, rows in mapped.items():
            yield self._record(sender, rows, merged[sender], f"{first}-{last}", issues)
            issues = ()

    def remaining(self) -> Iterator[MappedRecord]:
        """A record for the issues of a file without lines."""
        if self._span is None:
            text = "the file has a header and no line below it"
            issues = (*self._issues, Issue(Severity.WARNING, "csv.no-rows", self._name, text))
            yield self._record("", SenderRows({}, []), {}, "0-0", issues)

    def _record(
        self, sender: str, mapped: SenderRows, rows: Mapping[str, ColumnRows], span: str, issues: tuple[Issue, ...]
    ) -> MappedRecord:
        return MappedRecord(
            source=f"{self._adapter}:{sender}" if sender else self._adapter,
            source_record_id=f"{self._digest[:NAMED_DIGITS]}:{span}",
            recorded_at=None,
            rows=rows,
            identities=mapped.identities,
            issues=issues,
            homes=mapped.homes,
        )

    def _issue(self, number: int, code: str, text: str) -> LineIssue:
        return number, 0, Issue(Severity.ERROR, code, f"{self._name}:{number}", text)

    def _whole(self, batch: LineBatch) -> tuple[list[int], list[list[str]]]:
        """The lines that have as many cells as the header."""
        width = self._header.width
        if set(map(len, batch.cells)) <= {width}:
            return batch.numbers, batch.cells
        whole: tuple[list[int], list[list[str]]] = ([], [])
        for number, cells in zip(batch.numbers, batch.cells, strict=True):
            if len(cells) == width:
                whole[0].append(number)
                whole[1].append(cells)
            else:
                text = f"the line has {len(cells)} cells where the header has {width}; it was set aside"
                self._found.append(self._issue(number, "csv.ragged-row", text))
        return whole

    def _by_sender(self, lines: tuple[list[int], list[list[str]]]) -> Mapping[str, Columns]:
        """The lines of each sender by column; "" for lines that name none."""
        numbers, cells = lines
        place = self._header.places[self._plan.sender]
        if not cells:
            return {}
        if place is None:
            return {"": self._columns(numbers, cells)}
        senders = cast("list[str]", self._senders.cells([line[place] for line in cells]))  # absent ones are ""
        different = dict.fromkeys(senders)
        if len(different) == 1:
            return {senders[0]: self._columns(numbers, cells)}
        return {
            sender: self._columns(list(compress(numbers, chosen)), list(compress(cells, chosen)))
            for sender in different
            if (chosen := [each == sender for each in senders])
        }

    def _columns(self, numbers: Sequence[int], cells: Sequence[Sequence[str]]) -> Columns:
        turned = list(zip(*cells, strict=True))
        raw = [None if place is None else turned[place] for place in self._header.places]
        return Columns(numbers, raw, self._missing)
