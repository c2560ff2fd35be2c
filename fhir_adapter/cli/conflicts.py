"""perinatal conflicts …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from fhir_adapter import wiring
from fhir_adapter.cli.options import Database, Json
from fhir_adapter.cli.output import print_json, say
from fhir_adapter.settings import read_settings
from fhir_adapter.store.resolution_log import Wanted
from fhir_adapter.workflows.conflicts import Decision, settle, withdraw, worklist

conflicts_app = typer.Typer(no_args_is_help=True, help="Values on which sources disagree.")
WIDTH = 10  # of the standing of a candidate

ConflictId = Annotated[str, typer.Argument(metavar="ID", help="As `conflicts list` shows it.")]
Author = Annotated[str, typer.Option("--author", help="Who decides.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; without anything that identifies a patient.")]


@conflicts_app.command("list")
def list_conflicts(
    *,
    table: Annotated[str | None, typer.Option(help="Of this table only.")] = None,
    column: Annotated[str | None, typer.Option(help="Of this column only.")] = None,
    severity: Annotated[str | None, typer.Option(help="info, warn or error.")] = None,
    status: Annotated[str | None, typer.Option(help="open, settled, resolved-by-source or automatic.")] = None,
    source: Annotated[str | None, typer.Option(help="Where this source differs from the value that counts.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also differences within the tolerance, and cells that were worked out.")
    ] = False,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """List the fields on which sources disagree: the values, whose counts and why, and where to correct it."""
    wanted = Wanted(table, column, severity, status, source, everything)
    with wiring.opened_store(read_settings(database_url=database)) as store:
        document = worklist(store, wanted)
    if as_json:
        print_json(document)
        return
    for each in document["conflicts"]:
        say_conflict(each)
    say(f"{document['total']} {'choices' if everything else 'conflicts'}")


@conflicts_app.command("settle")
def settle_conflict(
    conflict: ConflictId,
    *,
    value: Annotated[str | None, typer.Option("--value", help="The value that counts from now on.")] = None,
    take_source: Annotated[str | None, typer.Option("--take-source", help="The source whose value counts.")] = None,
    author: Author,
    reason: Reason,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Settle a conflict: the value counts until it is withdrawn, or until the sources agree."""
    with wiring.opened_store(read_settings(database_url=database)) as store:
        found = settle(store, conflict, Decision(author, reason, value, take_source), wiring.now())
    _show(found, as_json=as_json)


@conflicts_app.command("withdraw")
def withdraw_settlement(
    conflict: ConflictId, *, author: Author, reason: Reason, database: Database = None, as_json: Json = False
) -> None:
    """Withdraw what was settled: the rules choose again, and the decision is kept with who withdrew it."""
    with wiring.opened_store(read_settings(database_url=database)) as store:
        found = withdraw(store, conflict, author=author, reason=reason, now=wiring.now())
    _show(found, as_json=as_json)


def say_conflict(conflict: Mapping[str, Any]) -> None:
    """A conflict in lines: what each source says, the rule, and where to correct it."""
    tolerated = ", within the tolerance" if conflict["within_tolerance"] else ""
    say(
        f"{conflict['id']}  {conflict['table']}.{conflict['column']} of {conflict['record']}: "
        f"{conflict['status']}, {conflict['severity']}{tolerated}"
    )
    for each in conflict["candidates"]:
        recorded = f"recorded {each['recorded_at']}" if each["recorded_at"] else "recorded at no stated time"
        say(f"  {each['standing']:{WIDTH}}{each['value']}  {each['source']} ({each['system']}), {recorded}")
    if not conflict["candidates"]:
        say(f"  {conflict['reason']}: {conflict['chosen_source']}")
    settled = conflict["settlement"]
    if settled is not None:
        say(f"  {'settled':{WIDTH}}{settled['value']}  by {settled['author']}, {settled['settled_at']}")
        say(f"  {'':{WIDTH}}{settled['reason']}")
    say(f"  rule {conflict['rule']}: {conflict['because']}")
    for each in conflict["correct_in"]:
        say(f"  correct it in {each['source']} ({each['system']})")


def _show(conflict: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(conflict)
        return
    say_conflict(conflict)
