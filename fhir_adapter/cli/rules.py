"""perinatal rules …"""

from __future__ import annotations

from typing import Annotated

import typer

from fhir_adapter import wiring
from fhir_adapter.cli.options import AsOf, Database, Json
from fhir_adapter.cli.output import print_json, print_rows, say
from fhir_adapter.settings import read_settings
from fhir_adapter.workflows.rules import hits_of_store
from indicator_engine.rules import Rule, shipped_rules

rules_app = typer.Typer(no_args_is_help=True, help="The rules of data quality, and how often they are broken.")


@rules_app.command("list")
def list_rules(*, as_json: Json = False) -> None:
    """List the rules that are shipped."""
    rules = shipped_rules().values()
    if as_json:
        print_json([{"id": each.id, "severity": str(each.severity), "title": each.title} for each in rules])
        return
    for each in rules:
        say(f"{each.id}  {each.severity:<5}  {each.title}")


@rules_app.command("show")
def show_rule(
    rule: Annotated[str, typer.Argument(metavar="ID", help="Such as R05.")], *, as_json: Json = False
) -> None:
    """Show one rule: its conditions, what they do, and where the rule is from."""
    shown = _known_rule(rule)
    if as_json:
        print_json(shown.model_dump(mode="json"))
        return
    say(f"{shown.id} ({shown.severity}): {shown.title}")
    if shown.note:
        say(shown.note)
    for number, check in enumerate(shown.checks, 1):
        say(f"{number}. {check.title or shown.title} [{check.severity or shown.severity}, {check.effect}]")
        say(f"    {check.table}, {check.scope}: {check.breaks}")
    if shown.at_intake:
        say(f"when a payload is read: {shown.at_intake}")
    say(f"source: {shown.source} [{shown.confidence}]")


@rules_app.command("hits")
def list_hits(*, as_of: AsOf = None, database: Database = None, as_json: Json = False) -> None:
    """Count the records that break each rule, by source and site; never a value or a record."""
    with wiring.opened_store(read_settings(database_url=database)) as store:
        counts = hits_of_store(store, as_of=as_of or wiring.today())
    if as_json:
        print_rows(counts)
        return
    for each in counts:
        where = f"{each.table}  {each.source}  {each.site}"
        say(f"{each.rule}  {each.severity:<5}  {each.count:>8,}  {where}  {each.effect}")
    say(f"{sum(each.count for each in counts):,} hits of {len({each.rule for each in counts})} rules")


def _known_rule(rule: str) -> Rule:
    rules = shipped_rules()
    if rule not in rules:
        raise typer.BadParameter(f"{rule} is no rule; known: {', '.join(rules)}")
    return rules[rule]
