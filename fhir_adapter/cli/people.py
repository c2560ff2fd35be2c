"""perinatal person, key and audit"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from fhir_adapter import wiring
from fhir_adapter.cli.options import Database, Json
from fhir_adapter.cli.output import print_json, print_rows, progress_bar, say
from fhir_adapter.errors import AuditBroken
from fhir_adapter.settings import read_settings
from fhir_adapter.store.audit_log import list_openings, verify_audit
from fhir_adapter.store.database import reading
from fhir_adapter.workflows.erase import erase_by_nhs_number, erase_by_person_key
from fhir_adapter.workflows.rotate import left_to_rotate, rotate_key

person_app = typer.Typer(no_args_is_help=True, help="People whose records are here.")
key_app = typer.Typer(no_args_is_help=True, help="The deployment key that seals payloads and identifiers.")
audit_app = typer.Typer(no_args_is_help=True, help="Who opened what is sealed.")


@person_app.command("erase")
def erase(
    *,
    person_key: Annotated[
        str | None,
        typer.Option("--person-key", help="Key of the person; else an NHS number is read from stdin."),
    ] = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Erase a person: records, identifiers, links and payloads that hold them. What comes in later is not kept.

    The NHS number is read from standard input, never given as an argument: a shell remembers its arguments.
    """
    settings = read_settings(database_url=database)
    with wiring.opened_store(settings) as store:
        intake = wiring.intake_of(settings, store)
        if person_key is None:
            erased = erase_by_nhs_number(intake, sys.stdin.readline().strip())
        else:
            erased = erase_by_person_key(intake, person_key)
        wiring.forget_snapshot(settings, store)
    if as_json:
        print_json({"known_as": erased.known_as, "payloads": erased.files, "quarantined": erased.quarantined})
        return
    say(f"one person erased, known under {erased.known_as} keys of sources")
    say(f"{erased.files} payloads and the bytes of {erased.quarantined} in quarantine were dropped; receipts stay")
    say("evaluate and publish again: releases made before still count the person")


@key_app.command("new")
def new_key(file: Annotated[Path, typer.Argument(metavar="FILE", help="File to make; it must not be there.")]) -> None:
    """Make a deployment key in a file that only you may read."""
    wiring.make_key_file(file)
    say(f"a new deployment key is in {file}: keep a copy where the database is not")


@key_app.command("rotate")
def rotate(*, database: Database = None, as_json: Json = False) -> None:
    """Seal everything anew under the deployment key of today that is sealed under an earlier one.

    The earlier key is in PERINATAL_EARLIER_KEYS or PERINATAL_EARLIER_KEY_FILE. May be broken off and begun again.
    """
    settings = read_settings(database_url=database)
    with wiring.opened_store(settings) as store:
        intake = wiring.intake_of(settings, store)
        with progress_bar("Seal anew", left_to_rotate(intake)) as move:
            rotated = rotate_key(intake, progress=move)
    if as_json:
        print_json({"key_id": rotated.key_id, "rows": dict(rotated.rows)})
        return
    for table, rows in rotated.rows.items():
        say(f"{table}: {rows} rows sealed anew")
    say(f"everything is sealed under key {rotated.key_id}: earlier keys are not needed any more")


@audit_app.command("list")
def list_audit(*, database: Database = None, as_json: Json = False) -> None:
    """List every opening of what is sealed: when, who, what for, and how many records; never a value."""
    with wiring.opened_store(read_settings(database_url=database)) as store, reading(store) as connection:
        found = list(list_openings(connection))
    if as_json:
        print_rows(found)
        return
    for each in found:
        say(f"{each.position}  {each.at}  {each.actor}  {each.purpose}: {each.records} of kind {each.kind}")
    say(f"{len(found)} openings")


@audit_app.command("verify")
def verify(
    *,
    head: Annotated[
        str | None, typer.Option("--head", help="A head printed earlier, to see that nothing was cut off since.")
    ] = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Check that no event of the audit was changed, added or removed by somebody without the key."""
    settings = read_settings(database_url=database)
    with wiring.opened_store(settings) as store:
        secret = wiring.intake_of(settings, store).pseudonyms.key
        with reading(store) as connection:
            verdict = verify_audit(connection, secret, known_head=head)
    if as_json:
        print_json({"events": verdict.events, "head": verdict.head, "broken_at": verdict.broken_at})
    if verdict.broken_at is not None:
        raise AuditBroken(f"the audit is not as it was written from event {verdict.broken_at} on: ask who could write")
    if not as_json:
        say(f"{verdict.events} openings, all as they were written; head {verdict.head}")
