"""The commands of `perinatal`, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import sys

import typer

from fhir_adapter.cli.benchmark import bench
from fhir_adapter.cli.conflicts import conflicts_app
from fhir_adapter.cli.database import database_app
from fhir_adapter.cli.demo import demo
from fhir_adapter.cli.evaluation import evaluate, outbox_app, publish, release_app
from fhir_adapter.cli.indicators import indicator_app
from fhir_adapter.cli.intake import ingest, quarantine_app, reference_app
from fhir_adapter.cli.links import links_app
from fhir_adapter.cli.mappings import mapping_app
from fhir_adapter.cli.output import Exit, complain, exit_code_of
from fhir_adapter.cli.people import audit_app, key_app, person_app
from fhir_adapter.cli.rules import rules_app
from fhir_adapter.cli.serving import serve, worker
from fhir_adapter.cli.synthesis import synth
from fhir_adapter.errors import FhirAdapterError
from indicator_engine.errors import IndicatorEngineError
from synthetic_bundles.errors import SyntheticBundlesError

HELP = "Perinatal health inequalities: records in, FHIR MeasureReports out."

app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.command()(demo)
app.command()(synth)
app.command()(ingest)
app.command()(evaluate)
app.command()(publish)
app.command()(serve)
app.command()(worker)
app.command()(bench)
app.add_typer(mapping_app, name="mapping")
app.add_typer(reference_app, name="reference")
app.add_typer(conflicts_app, name="conflicts")
app.add_typer(links_app, name="links")
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(indicator_app, name="indicator")
app.add_typer(rules_app, name="rules")
app.add_typer(release_app, name="release")
app.add_typer(outbox_app, name="outbox")
app.add_typer(person_app, name="person")
app.add_typer(key_app, name="key")
app.add_typer(audit_app, name="audit")
app.add_typer(database_app, name="db")


def main() -> None:
    """Run the command line; errors of ours become one line on stderr and an exit code."""
    try:
        app()
    except (FhirAdapterError, IndicatorEngineError) as error:
        complain(f"perinatal: {error}")
        sys.exit(exit_code_of(error))
    except SyntheticBundlesError as error:
        complain(f"perinatal: {error}")
        sys.exit(Exit.USAGE)
