"""perinatal mapping …"""

from __future__ import annotations

import typer

from fhir_adapter import wiring
from fhir_adapter.cli import mapping_new, mapping_reports, mapping_tests
from fhir_adapter.cli.mapping_explain import explain_cell
from fhir_adapter.cli.mapping_lint import lint_mappings
from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import print_json, say
from fhir_adapter.settings import read_settings

mapping_app = typer.Typer(no_args_is_help=True, help="Adapters: mappings that are data.")
mapping_app.command()(mapping_new.new)
mapping_app.command("test")(mapping_tests.run_tests)
mapping_app.command()(mapping_tests.mutate)
mapping_app.command()(mapping_reports.coverage)
mapping_app.command()(mapping_reports.unmapped)
mapping_app.command()(mapping_reports.conceptmap)
mapping_app.command("explain")(explain_cell)
mapping_app.command("lint")(lint_mappings)


@mapping_app.command("list")
def list_adapters(*, as_json: Json = False) -> None:
    """List the adapters known, each checked as it is loaded."""
    adapters = wiring.adapters_of(read_settings()).adapters.values()
    if as_json:
        print_json(
            [
                {"name": each.name, "version": each.version, "kind": each.manifest.kind, "title": each.manifest.title}
                for each in adapters
            ]
        )
        return
    for each in adapters:
        say(f"{each.name}  {each.version}  {each.manifest.kind}  {each.manifest.title}")
