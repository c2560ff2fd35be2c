"""perinatal indicator …"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import Exit, complain, print_json, say
from indicator_engine.definition import (
    IndicatorDefinition,
    parse_definition,
    shipped_definitions,
    shipped_stratifiers,
)
from indicator_engine.errors import DefinitionInvalid
from indicator_engine.plan import check_definition

indicator_app = typer.Typer(no_args_is_help=True, help="Read and check indicator definitions.")


@indicator_app.command("list")
def list_indicators(*, as_json: Json = False) -> None:
    """List the indicators that are shipped."""
    definitions = shipped_definitions().values()
    if as_json:
        print_json([{"id": each.id, "version": each.version, "title": each.title} for each in definitions])
        return
    for each in definitions:
        say(f"{each.id}  {each.version}  {each.title}")


@indicator_app.command("show")
def show_indicator(
    indicator: Annotated[str, typer.Argument(metavar="ID", help="Such as LB06.")], *, as_json: Json = False
) -> None:
    """Show one definition as it is evaluated."""
    definition = known_indicator(indicator)
    if as_json:
        print_json(definition.model_dump(mode="json"))
        return
    say(f"{definition.id} {definition.version}: {definition.title}")
    say(definition.rationale)
    for name in ("population", "denominator", "numerator"):
        say(f"{name}: {getattr(definition, f'{name}_text')}")
        say(f"    {getattr(definition, name)}")
    say(f"exclusions: {definition.exclusions}")
    say(f"published: {', '.join(definition.published_periods)}; cut by: {', '.join(definition.stratifiers)}")
    say(f"framework: {definition.framework}. source: {definition.source} [{definition.confidence}]")


@indicator_app.command("lint")
def lint_indicator(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A definition file, or a folder of them.")],
    *,
    as_json: Json = False,
) -> None:
    """Check definition files: every fault with its place and a suggestion. Exit code 1 when there is one."""
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise typer.BadParameter(f"{path} is no definition file and holds none")
    faults = {str(file): _faults_of(file) for file in files}
    if as_json:
        print_json({"files": [{"path": name, "faults": found} for name, found in faults.items()]})
    else:
        for name, found in faults.items():
            for fault in found:
                complain(f"{name}: {fault}")
            say(f"{name}: {'in order' if not found else f'{len(found)} faults'}")
    if any(faults.values()):
        raise typer.Exit(Exit.DATA_PROBLEMS)


def known_indicator(indicator: str) -> IndicatorDefinition:
    """A shipped definition by id; raises typer.BadParameter listing those known."""
    definitions = shipped_definitions()
    if indicator not in definitions:
        raise typer.BadParameter(f"{indicator} is no indicator; known: {', '.join(definitions)}")
    return definitions[indicator]


def _faults_of(file: Path) -> list[str]:
    try:
        check_definition(parse_definition(file.read_text("utf-8"), place=file.name), shipped_stratifiers())
    except DefinitionInvalid as cause:
        return [f"{cause.place}: {fault}" for fault in cause.faults]
    except UnicodeDecodeError:
        return ["not UTF-8; save the file as UTF-8"]
    return []
