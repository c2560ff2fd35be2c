"""perinatal evaluate, publish, release and outbox"""

from __future__ import annotations

from typing import Annotated

import typer

from fhir_adapter import wiring
from fhir_adapter.cli.indicators import known_indicator
from fhir_adapter.cli.options import AsOf, Audience, AudienceName, Database, Json, Preset, read_month
from fhir_adapter.cli.output import Exit, print_json, print_rows, progress_bar, say
from fhir_adapter.publisher.push import Drained
from fhir_adapter.settings import read_settings
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.outbox import list_outbox, retry
from fhir_adapter.store.releases import SavedRelease, list_releases
from fhir_adapter.workflows.evaluate import EngineName
from fhir_adapter.workflows.results import results_document
from indicator_engine.counts import MonthRange
from indicator_engine.disclosure import DisclosedTable

outbox_app = typer.Typer(no_args_is_help=True, help="Reports on their way to other servers.")
release_app = typer.Typer(no_args_is_help=True, help="What was published, and when.")

From = Annotated[int | None, typer.Option("--from", parser=read_month, metavar="YYYY-MM", help="First month.")]
To = Annotated[int | None, typer.Option("--to", parser=read_month, metavar="YYYY-MM", help="Last month.")]
Indicators = Annotated[
    list[str] | None, typer.Option("--indicator", metavar="ID", help="Evaluate these alone; may be repeated.")
]


def evaluate(
    *,
    from_: From = None,
    to: To = None,
    indicator: Indicators = None,
    engine: Annotated[EngineName, typer.Option(help="Engine that counts.")] = EngineName.DUCKDB,
    preset: Preset = None,
    audience: Audience = AudienceName.PUBLIC,
    as_of: AsOf = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Count the indicators, estimate and disclose them; keep the counts for `publish`."""
    settings = read_settings(database_url=database, preset=preset)
    for each in indicator or []:
        known_indicator(each)
    months = MonthRange(from_, to)
    with wiring.opened_store(settings) as store:
        wiring.count_and_keep(
            settings, store, months=months, indicators=indicator or (), engine=engine, as_of=as_of or wiring.today()
        )
        _, table = wiring.disclosed_latest(settings, store, audience=audience.value)
        reporter = wiring.tree_of(settings, store).reporter.code
    if as_json:
        print_json(results_document(table, reporter=reporter))
        return
    _say_table(table)


def publish(
    *,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="URL", help="FHIR base to PUT to; may repeat.")
    ] = None,
    preset: Preset = None,
    audience: Audience = AudienceName.PUBLIC,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Release the latest evaluation as FHIR; send what changed to every --to. Exit code 1 when some was not taken."""
    settings = read_settings(database_url=database, preset=preset)
    drained = Drained(0, 0, 0)
    with wiring.opened_store(settings) as store:
        released, _ = wiring.publish_latest(settings, store, audience=audience.value, targets=to or [])
        if to:
            with progress_bar("Push", released.queued) as move:
                drained = wiring.drain(store, progress=move)
    if as_json:
        print_json(_publish_document(released, drained))
    else:
        say(
            f"release {released.number}: {released.changed} resources changed, {released.unchanged} unchanged; "
            f"{drained.sent} sent, {drained.delayed} to try again, {drained.parked} refused"
        )
    if drained.delayed or drained.parked:
        raise typer.Exit(Exit.DATA_PROBLEMS)


@release_app.command("list")
def releases(*, database: Database = None, as_json: Json = False) -> None:
    """List the releases, newest first."""
    with wiring.opened_store(read_settings(database_url=database)) as store, reading(store) as connection:
        found = list_releases(connection)
    if as_json:
        print_rows(found)
        return
    for each in found:
        say(f"{each.number}  {each.created_at}  {each.audience} {each.preset}  {each.report_count} reports")


@outbox_app.command("list")
def outbox(*, database: Database = None, as_json: Json = False) -> None:
    """List what waits, was sent or was refused."""
    with wiring.opened_store(read_settings(database_url=database)) as store, reading(store) as connection:
        found = list_outbox(connection)
    if as_json:
        print_rows(found)
        return
    for each in found:
        fault = f"  {each.last_error}" if each.last_error else ""
        say(f"{each.status}  {each.resource_type}/{each.resource_id}/{each.version_id} -> {each.target}{fault}")


@outbox_app.command("retry")
def retry_outbox(*, database: Database = None, as_json: Json = False) -> None:
    """Send again, at once, everything that waits or was refused. Exit code 1 when some was still not taken."""
    with wiring.opened_store(read_settings(database_url=database)) as store:
        with writing(store) as connection:
            due = retry(connection, wiring.now())
        with progress_bar("Push", due) as move:
            drained = wiring.drain(store, progress=move)
    if as_json:
        print_json({"sent": drained.sent, "delayed": drained.delayed, "parked": drained.parked})
    else:
        say(f"{drained.sent} sent, {drained.delayed} to try again, {drained.parked} refused")
    if drained.delayed or drained.parked:
        raise typer.Exit(Exit.DATA_PROBLEMS)


def _publish_document(released: SavedRelease, drained: Drained) -> dict[str, int]:
    return {
        "release": released.number,
        "changed": released.changed,
        "unchanged": released.unchanged,
        "queued": released.queued,
        "sent": drained.sent,
        "delayed": drained.delayed,
        "parked": drained.parked,
    }


def _say_table(table: DisclosedTable) -> None:
    for report in table.reports:
        whole = report.cells[0]
        value = "not shown" if whole.value is None else f"{whole.value:.4f}"
        say(
            f"{report.indicator} {report.subject} {report.start} to {report.end} {report.length} {report.status}: "
            f"{value}"
        )
    say(f"{len(table.reports)} reports under preset {table.preset}")
