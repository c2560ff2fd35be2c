"""Why a cell of a file is what it is: the row is found as it is taken in, then explained by its rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.fhir.incoming import IncomingLimits, check_bundle, parse_json
from fhir_adapter.sources.adapter_files import AdapterFiles
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.csv_text import read_header
from fhir_adapter.sources.explain_bundle import explain_bundle_row
from fhir_adapter.sources.explain_csv import CsvPlace, explain_csv_row, find_csv_row, no_such_row
from fhir_adapter.sources.explanation import ExplainedRow
from fhir_adapter.sources.records import Row
from fhir_adapter.sources.registry import Adapter, AdapterRegistry
from fhir_adapter.sources.suggestions import did_you_mean
from fhir_adapter.workflows.files import FileKind, InputFile, find_files, lines, opened, readable, whole
from indicator_engine.tables import TABLES


@dataclass(frozen=True, slots=True)
class Question:
    """Which cells are asked for. row: from 1, in the order in which the input gives them. column: None for all."""

    table: str
    row: int
    column: str | None = None
    adapter: str | None = None


@dataclass(frozen=True, slots=True)
class Explainer:
    """The adapters and where their folders are. folder: the folder of folders."""

    adapters: AdapterRegistry
    folder: Path
    limits: IncomingLimits

    def explain_file(self, path: Path, question: Question) -> ExplainedRow:
        """One row of a bundle, an NDJSON file of bundles or a CSV file. Raises PayloadRefused."""
        check_question(question)
        file = only_file(path)
        if file.kind is FileKind.CSV:
            return self._csv(file, question)
        if file.kind is FileKind.NDJSON:
            return self._ndjson(file, question)
        if file.kind is FileKind.JSON:
            return self.explain_payload(whole(file), question, location=file.name)
        raise PayloadRefused("file.unknown-kind", file.name, "a .json, .ndjson or .csv file is expected, or .gz of one")

    def explain_payload(self, raw: bytes, question: Question, *, location: str) -> ExplainedRow:
        """One row of a bundle. Raises PayloadRefused."""
        check_question(question)
        document, adapter, rows = self._mapped(raw, question, location)
        if question.row > len(rows):
            raise no_such_row(location, question.table, len(rows))
        return self._bundle_row(raw, document, adapter, rows[question.row - 1], question, location)

    def _mapped(self, raw: bytes, question: Question, location: str) -> tuple[Any, Adapter, Sequence[Row]]:
        document = parse_json(raw, self.limits, place=location)
        check_bundle(document, place=location)
        if question.adapter is None:
            adapter = self.adapters.for_bundle(document, location)
        else:
            adapter = self.adapters.by_name(question.adapter)
        record = map_bundle(adapter, document, digest=sha256(raw).hexdigest())
        return document, adapter, record.rows.get(question.table, ())

    def _bundle_row(
        self,
        raw: bytes,
        document: Mapping[str, Any],
        adapter: Adapter,
        row: Row,
        question: Question,
        location: str,
    ) -> ExplainedRow:
        cells = explain_bundle_row(
            adapter,
            AdapterFiles(self.folder / adapter.name),
            document,
            row,
            table=question.table,
            columns=asked_columns(question, row),
            digest=sha256(raw).hexdigest(),
        )
        return ExplainedRow(adapter.name, question.table, question.row, location, cells)

    def _ndjson(self, file: InputFile, question: Question) -> ExplainedRow:
        seen, refusal = 0, None
        for line in lines(file):
            location = f"{file.name}:{line.number}"
            try:
                document, adapter, rows = self._mapped(line.content, question, location)
            except PayloadRefused as cause:  # taking the file in leaves such a line out too
                refusal = refusal or cause
                continue
            if question.row <= seen + len(rows):
                row = rows[question.row - seen - 1]
                return self._bundle_row(line.content, document, adapter, row, question, location)
            seen += len(rows)
        raise no_such_row(file.name, question.table, seen) if seen or refusal is None else refusal

    def explain_lines(self, stream: BinaryIO, question: Question, *, location: str) -> ExplainedRow:
        """One row of a CSV file that is read twice; the stream is seekable. Raises PayloadRefused."""
        check_question(question)
        start = stream.tell()
        place, adapter = self._csv_place(stream, question, location)
        stream.seek(start)
        return self._csv_row(stream, place, adapter, question, location)

    def _csv(self, file: InputFile, question: Question) -> ExplainedRow:
        with readable(file), opened(file) as stream:
            place, adapter = self._csv_place(stream, question, file.name)
        with readable(file), opened(file) as stream:
            return self._csv_row(stream, place, adapter, question, file.name)

    def _csv_place(self, stream: BinaryIO, question: Question, name: str) -> tuple[CsvPlace, Adapter]:
        if question.adapter is None:
            adapter = self.adapters.for_header(read_header(stream, name=name), name)
        else:
            adapter = self.adapters.by_name(question.adapter)
        place = find_csv_row(adapter, stream, name=name, digest="explain", table=question.table, row=question.row)
        return place, adapter

    def _csv_row(
        self, stream: BinaryIO, place: CsvPlace, adapter: Adapter, question: Question, name: str
    ) -> ExplainedRow:
        files, columns = AdapterFiles(self.folder / adapter.name), asked_columns(question, place.row)
        cells = explain_csv_row(adapter, files, stream, place, name=name, table=question.table, columns=columns)
        return ExplainedRow(adapter.name, question.table, question.row, name, cells)


def only_file(path: Path) -> InputFile:
    """The file at a path. Raises PayloadRefused for none and for a folder."""
    if path.is_dir():
        raise PayloadRefused("file.unknown-kind", str(path), "one file is expected; name the file in this folder")
    [file] = find_files([path])
    return file


def check_question(question: Question) -> None:
    """Raise PayloadRefused for a table or column that the common model does not have."""
    if question.table not in TABLES:
        text = f"the common model has no such table{did_you_mean(question.table, TABLES)}"
        raise PayloadRefused("explain.unknown-table", "--table", text)
    known = TABLES[question.table].column_names
    if question.column is not None and question.column not in known:
        text = f"table {question.table} has no such column{did_you_mean(question.column, known)}"
        raise PayloadRefused("explain.unknown-column", "--column", text)


def asked_columns(question: Question, row: Row) -> Sequence[str]:
    """The column asked for, else every column that the adapter maps."""
    return tuple(row) if question.column is None else (question.column,)
