"""perinatal links …"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from fhir_adapter import wiring
from fhir_adapter.cli.options import Database, Json
from fhir_adapter.cli.output import print_json, print_rows, say
from fhir_adapter.settings import read_settings
from fhir_adapter.store.database import reading
from fhir_adapter.store.instants import instant_text
from fhir_adapter.store.link_decisions import Decision, count_links, list_history, open_pairs
from fhir_adapter.wiring.store import now
from fhir_adapter.workflows.link_decisions import Steward, decide_pair, merge_people, unmerge_person

links_app = typer.Typer(no_args_is_help=True, help="See how people were linked, and decide where the program asks.")
Author = Annotated[str, typer.Option("--author", help="Who decides; kept with the decision.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; no names and no numbers of patients.")]
PairId = Annotated[str, typer.Argument(metavar="PAIR", help="Id of a pair, as `links review` lists it.")]
PersonKey = Annotated[str, typer.Argument(metavar="PERSON", help="Key of a person.")]


@links_app.command("list")
def list_links(*, database: Database = None, as_json: Json = False) -> None:
    """Count the entries of the linkage zone by role, pass and status."""
    with wiring.opened_store(read_settings(database_url=database)) as store, reading(store) as connection:
        found = count_links(connection)
    if as_json:
        print_rows(found)
        return
    for each in found:
        say(f"{each.role}  {each.pass_name}  {each.status}: {each.entries}")


@links_app.command("review")
def review(*, database: Database = None, as_json: Json = False) -> None:
    """List the pairs that the program does not decide by itself, with the reason; never an identifier."""
    with wiring.opened_store(read_settings(database_url=database)) as store, reading(store) as connection:
        found = open_pairs(connection)
    if as_json:
        print_rows(found)
        return
    for each in found:
        probability = "" if each.probability is None else f" p={each.probability:.3f}"
        say(
            f"{each.id}  {each.role}  {each.pass_name}: {each.reason}{probability}  "
            f"{each.left_person} ({each.left_source}) and {each.right_person} ({each.right_source})"
        )
    say(f"{len(found)} pairs to review")


@links_app.command("accept")
def accept(
    pair: PairId, *, author: Author, reason: Reason = "", database: Database = None, as_json: Json = False
) -> None:
    """Say that a pair is one person."""
    _say_decided(_decide(pair, "accept", _steward(author, reason), database), as_json=as_json)


@links_app.command("reject")
def reject(
    pair: PairId, *, author: Author, reason: Reason = "", database: Database = None, as_json: Json = False
) -> None:
    """Say that a pair is two people."""
    _say_decided(_decide(pair, "reject", _steward(author, reason), database), as_json=as_json)


@links_app.command("merge")
def merge(
    person: PersonKey,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="Key of the person who is the same.")],
    *,
    author: Author,
    reason: Reason = "",
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make two persons one; both keys stay in the history, and `unmerge` brings them back."""
    with wiring.opened_store(read_settings(database_url=database)) as store:
        decided = merge_people(store, person, other, _steward(author, reason))
    if decided is None:
        raise typer.BadParameter(
            "give the keys of two different persons, as `links review` or `links history` show them"
        )
    _say_decided([decided], as_json=as_json)


@links_app.command("unmerge")
def unmerge(
    person: PersonKey,
    *,
    author: Author,
    reason: Reason = "",
    entry: Annotated[str | None, typer.Option("--entry", help="Take this entry out; it stands alone then.")] = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Take a person apart again: what people merged, else what the program joined by pairs."""
    with wiring.opened_store(read_settings(database_url=database)) as store:
        undone = unmerge_person(store, person, entry, _steward(author, reason))
    if not undone:
        raise typer.BadParameter(f"{person} was not put together by pairs or people; name an entry with --entry")
    _say_decided(undone, as_json=as_json)


@links_app.command("history")
def history(
    person: Annotated[str | None, typer.Argument(metavar="PERSON", help="Only what this key had part in.")] = None,
    *,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """List every link that changed: from which person to which, by which pass, when and why."""
    with wiring.opened_store(read_settings(database_url=database)) as store, reading(store) as connection:
        found = list_history(connection, person)
    if as_json:
        print_rows(found)
        return
    for each in found:
        say(f"{each.changed_at}  {each.entry_key}: {each.from_key} -> {each.to_key} by {each.pass_name} ({each.why})")
    say(f"{len(found)} changes")


def _steward(author: str, reason: str) -> Steward:
    return Steward(author, reason, instant_text(now()))


def _decide(pair: str, kind: str, steward: Steward, database: str | None) -> list[Decision]:
    with wiring.opened_store(read_settings(database_url=database)) as store:
        decided = decide_pair(store, pair, kind, steward)
    if decided is None:
        raise typer.BadParameter(
            f"{pair} is no pair that can be decided so; `links review` lists them. Swapped twins are never accepted: "
            "take each wrong entry out with `links unmerge PERSON --entry ENTRY`, then merge it with its own"
        )
    return [decided]


def _say_decided(decisions: list[Decision], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) for each in decisions])
        return
    for each in decisions:
        say(f"{each.id}  {each.kind}  {each.left_entry} {each.right_entry} by {each.author}")
