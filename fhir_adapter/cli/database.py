"""perinatal db …"""

from __future__ import annotations

from typing import Annotated

import typer

from fhir_adapter import wiring
from fhir_adapter.cli.options import Database, Json
from fhir_adapter.cli.output import print_json, say
from fhir_adapter.settings import read_settings
from fhir_adapter.store.database import open_database
from fhir_adapter.store.migrating import check_schema, newest_revision, upgrade
from fhir_adapter.workflows.purge import purge_old

database_app = typer.Typer(no_args_is_help=True, help="The schema of the store.")


@database_app.command("upgrade")
def upgrade_schema(*, database: Database = None, as_json: Json = False) -> None:
    """Bring the schema of the database up to date."""
    engine = open_database(read_settings(database_url=database).database_url)
    try:
        upgrade(engine)
    finally:
        engine.dispose()
    _say_revision(as_json=as_json)


@database_app.command("check")
def check(*, database: Database = None, as_json: Json = False) -> None:
    """Check that the database answers and has the schema that this version needs."""
    engine = open_database(read_settings(database_url=database).database_url)
    try:
        check_schema(engine)
    finally:
        engine.dispose()
    _say_revision(as_json=as_json)


@database_app.command("purge")
def purge(
    *,
    older_than: Annotated[
        int | None, typer.Option("--older-than", min=1, help="Days; default PERINATAL_PAYLOAD_RETENTION_DAYS.")
    ] = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Remove payloads, and bytes in quarantine, that came longer ago than so many days. Receipts and rows stay."""
    settings = read_settings(database_url=database)
    days = settings.payload_retention_days if older_than is None else older_than
    if days is None:
        raise typer.BadParameter("say how old payloads may be: --older-than or PERINATAL_PAYLOAD_RETENTION_DAYS")
    with wiring.opened_store(settings) as store:
        payloads, quarantined = purge_old(store, now=wiring.now(), days=days)
    if as_json:
        print_json({"payloads": payloads, "quarantined": quarantined})
        return
    say(f"{payloads} payloads and the bytes of {quarantined} in quarantine removed; receipts and rows stay")


def _say_revision(*, as_json: bool) -> None:
    revision = newest_revision()
    if as_json:
        print_json({"schema": revision})
        return
    say(f"the database is at schema {revision}")
