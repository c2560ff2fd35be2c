"""perinatal ingest, reference and quarantine"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import Engine

from fhir_adapter import wiring
from fhir_adapter.cli.options import Database, Json, OptionalPaths
from fhir_adapter.cli.output import Exit, complain, print_json, print_rows, progress_bar, say
from fhir_adapter.feedback import FeedbackTotals, RecordFeedback, feedback_document
from fhir_adapter.feedback_words import (
    conflicts_words,
    entered_words,
    held_words,
    rule_words,
    stored_words,
    totals_words,
)
from fhir_adapter.settings import Settings, read_settings
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.intake_log import ReceivedIssue, list_quarantine
from fhir_adapter.store.reference_tables import load_reference
from fhir_adapter.workflows.erase import load_opt_outs
from fhir_adapter.workflows.files import find_inputs
from fhir_adapter.workflows.ingest import ReadPayload
from fhir_adapter.workflows.ingest_files import FileReport, IngestReport, dry_run, ingest_files, record_rows
from fhir_adapter.workflows.keep import ALREADY_PROCESSED
from fhir_adapter.workflows.reading_pool import ReadingPool
from fhir_adapter.workflows.remap import RemapReport, remap
from fhir_adapter.workflows.resolve import resolve_everything

MOST_RECORDS_SAID = 5  # one by one; --json goes through more of them

reference_app = typer.Typer(no_args_is_help=True, help="Load reference tables.")
quarantine_app = typer.Typer(no_args_is_help=True, help="What was set aside.")


class ReferenceKind(StrEnum):
    """Kinds of reference files."""

    IMD = "imd"
    POSTCODES = "postcodes"
    ORGANISATIONS = "organisations"
    OPT_OUTS = "opt-outs"
    BENCHMARKS = "benchmarks"


def ingest(
    paths: OptionalPaths = None,
    *,
    adapter: Annotated[str | None, typer.Option(help="Adapter to use; chosen by content when not given.")] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Show what each file would become; keep nothing.")] = False,
    again: Annotated[
        bool, typer.Option("--remap", help="Map what is stored again, of --adapter or of all, and tell what changes.")
    ] = False,
    processes: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that read NDJSON; one more writes, beyond 1.")
    ] = 1,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Take in files or folders: .json, .ndjson, .csv, .gz of each, exports. Exit code 1 when anything was wrong."""
    settings = read_settings(database_url=database)
    if adapter is not None:
        wiring.adapters_of(settings).by_name(adapter)
    if bool(paths) is again:
        raise typer.BadParameter("give files or folders to take in, or --remap alone to map what is stored again")
    if again:
        _remap(adapter, settings, is_dry=dry, as_json=as_json)
        return
    paths = paths or []
    if dry:
        _dry_run(paths, adapter, settings, as_json=as_json)
        return
    report = _ingest(paths, adapter, settings, processes)
    if as_json:
        print_json(ingest_document(report))
    else:
        _say_report(report)
    if report.has_problems:
        raise typer.Exit(Exit.DATA_PROBLEMS)


@reference_app.command("load")
def load(
    kind: Annotated[ReferenceKind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file in that layout.")],
    *,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Load deprivation (IMD 2019 or 2025), postcodes (ONSPD layout), organisations, benchmarks, or the opt-out list.

    Nothing of a file with a fault is loaded. An opt-out list replaces the one before it.
    """
    settings = read_settings(database_url=database)
    with wiring.opened_store(settings) as store:
        if kind is ReferenceKind.OPT_OUTS:
            _load_opt_outs(file, settings, store, as_json=as_json)
            return
        with writing(store) as connection:
            rows = load_reference(connection, kind, file)
        resolve_everything(store)
    if as_json:
        print_json({"kind": kind, "file": str(file), "rows": rows, "taken_out": 0})
        return
    say(f"{rows} rows of {kind} loaded from {file}")


def _load_opt_outs(file: Path, settings: Settings, store: Engine, *, as_json: bool) -> None:
    listed, erased = load_opt_outs(file, wiring.intake_of(settings, store))
    wiring.forget_snapshot(settings, store)
    if as_json:
        print_json({"kind": "opt-outs", "file": str(file), "rows": listed, "taken_out": erased.known_as})
        return
    say(f"{listed} people opted out, from {file}; the list before it no longer counts")
    say(f"{erased.known_as} identities of theirs and {erased.files} payloads were taken out")


@quarantine_app.command("list")
def quarantined(*, database: Database = None, as_json: Json = False) -> None:
    """List what was set aside and why."""
    with wiring.opened_store(read_settings(database_url=database)) as store, reading(store) as connection:
        found = list_quarantine(connection)
    if as_json:
        print_rows(found)
        return
    for each in found:
        say(f"{each.id}  {each.location}: {each.text} [{each.reason_code}]")
    say(f"{len(found)} payloads in quarantine")


def ingest_document(report: IngestReport) -> dict[str, object]:
    """What `ingest --json` prints."""
    return {
        "accepted": report.total("accepted"),
        "quarantined": report.total("quarantined"),
        "already_processed": report.total("already_processed"),
        "conflicts": report.resolved.conflicts,
        "held": dict(report.resolved.held),
        "files": [_file_document(file) for file in report.files],
    }


def _file_document(file: FileReport) -> dict[str, object]:
    return {
        "path": file.path,
        "adapter": file.adapter or None,
        "accepted": file.accepted,
        "quarantined": file.quarantined,
        "already_processed": file.already_processed,
        "rows": dict(sorted(file.rows.items())),
        "issue_count": file.issue_count,
        "issues": [_issue_document(issue) for issue in file.issues],
        **feedback_document(file.feedback),
    }


def _issue_document(issue: ReceivedIssue) -> dict[str, str]:
    return {"severity": issue.severity, "code": issue.code, "location": issue.location, "text": issue.text}


def remap_document(report: RemapReport, *, is_dry: bool) -> dict[str, object]:
    """What `ingest --remap --json` prints."""
    return {
        "payloads": report.payloads,
        "refused": report.refused,
        "not_kept": report.not_kept,
        "written": not is_dry,
        "tables": {
            table: {
                "added": change.added,
                "changed": change.changed,
                "removed": change.removed,
                "columns": dict(sorted(change.columns.items())),
            }
            for table, change in sorted(report.tables.items())
        },
        "issues": {
            code: {"before": report.before[code], "after": report.after[code]}
            for code in sorted({*report.before, *report.after})
        },
    }


def _remap(adapter: str | None, settings: Settings, *, is_dry: bool, as_json: bool) -> None:
    with wiring.opened_store(settings) as store:
        report = remap(wiring.intake_of(settings, store), adapter_name=adapter, is_dry=is_dry)
    if as_json:
        print_json(remap_document(report, is_dry=is_dry))
    else:
        _say_remap(report)
    if report.refused:
        raise typer.Exit(Exit.DATA_PROBLEMS)


def _say_remap(report: RemapReport) -> None:
    for table, change in sorted(report.tables.items()):
        if change.added or change.changed or change.removed:
            say(f"{table}: {change.added} rows added, {change.changed} changed, {change.removed} removed")
            for column, cells in sorted(change.columns.items()):
                say(f"  {column}: {cells} cells differ")
    for code in sorted({*report.before, *report.after}):
        if report.before[code] != report.after[code]:
            say(f"{code}: {report.before[code]} issues before, {report.after[code]} after")
    if report.not_kept:
        say(f"{report.not_kept} payloads are not kept any more, or never were: their rows stay as they are")
    say(f"{report.payloads} payloads mapped again, {report.refused} not taken by the mapping of today and left alone")


def _ingest(paths: list[Path], adapter: str | None, settings: Settings, processes: int) -> IngestReport:
    files = find_inputs(paths)
    with (
        wiring.opened_store(settings) as store,
        progress_bar("Ingest", None) as move,
        _reading_pool(settings, processes) as pool,
    ):
        intake = wiring.intake_of(settings, store)
        return ingest_files(files, intake, adapter_name=adapter, progress=move, pool=pool)


def _reading_pool(settings: Settings, processes: int) -> AbstractContextManager[ReadingPool | None]:
    """The pool, or nothing where this process reads by itself."""
    return nullcontext() if processes == 1 else ReadingPool(processes, partial(wiring.reading_rules, settings))


def _dry_run(paths: list[Path], adapter: str | None, settings: Settings, *, as_json: bool) -> None:
    files = find_inputs(paths)
    with wiring.opened_store(settings) as store:
        reads = dry_run(files, wiring.intake_of(settings, store), adapter_name=adapter)
        documents = [_dry_document(file.name, read) for file, read in reads]
    if as_json:
        print_json({"files": documents})
        return
    for document in documents:
        rows = document["rows"]
        assert isinstance(rows, dict)
        counts = ", ".join(f"{len(found)} {table}" for table, found in rows.items())
        say(f"{document['path']}: {document['adapter'] or 'no adapter'}: {counts or 'no rows'}")
        _complain_issues(document["path"], document["issues"])


def _dry_document(name: str, payloads: list[ReadPayload]) -> dict[str, object]:
    refused = [payload.refused for payload in payloads if payload.refused is not None]
    issues = [*refused, *(issue for payload in payloads for issue in payload.issues)]
    return {
        "path": name,
        "adapter": next((payload.adapter for payload in payloads if payload.adapter), None),
        "rows": record_rows([record for payload in payloads for record in payload.records]),
        "issues": [
            {"severity": str(each.severity), "code": each.code, "location": each.location, "text": each.text}
            for each in issues
        ],
    }


def _complain_issues(path: object, issues: object) -> None:
    assert isinstance(issues, list)
    for issue in issues:
        complain(f"{path}: {issue['severity']}: {issue['location']}: {issue['text']} [{issue['code']}]")


def _say_report(report: IngestReport) -> None:
    for file in report.files:
        for issue in file.issues:
            complain(f"{issue.severity}: {issue.location}: {issue.text} [{issue.code}]")
        if file.issue_count > len(file.issues):
            complain(f"{file.path}: {file.issue_count - len(file.issues)} more issues; --json counts them all")
    say(
        f"{report.total('accepted')} records accepted, {report.total('already_processed')} already processed, "
        f"{report.total('quarantined')} set aside; {report.resolved.conflicts} conflicts"
    )
    _say_held(report.resolved.held.items())
    _say_feedback(report)


def _say_feedback(report: IngestReport) -> None:
    """What became of each of a few records, or of all of many together."""
    records = [each for file in report.files for each in file.feedback.records]
    totals = FeedbackTotals()
    for file in report.files:
        totals.add_all(file.feedback.totals)
    if totals.records > MOST_RECORDS_SAID:
        for line in totals_words(totals):
            say(line)
        return
    for each in records:
        _say_record(each)


def _say_record(record: RecordFeedback) -> None:
    told = record.told
    if told is None:
        return
    earlier = "already processed; told then: " if record.status == ALREADY_PROCESSED else ""
    say(f"{record.place}: {earlier}{stored_words(told)}")
    for line in chain(
        map(rule_words, told.rules),
        (f"conflict opened: {each}" for each in conflicts_words(told.conflicts_opened)),
        (f"conflict closed: {each}" for each in conflicts_words(told.conflicts_closed)),
        map(held_words, told.held),
        [entered_words(told)],
    ):
        say(f"  {line}")


def _say_held(held: Iterable[tuple[str, int]]) -> None:
    for column, count in held:
        name, _, undecided = column.partition(" ")
        why = f"sources contradict each other in {name}; settle it" if undecided else f"no source gave {name}"
        say(f"{count} records are held because {why}")
