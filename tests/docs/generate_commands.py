"""The page docs/reference/commands.md, from the command line as it is declared."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from fhir_adapter.cli.app import app

PROGRAM = "perinatal"
HEAD = """# Commands

Generated from `fhir_adapter/cli` by `make docs`; do not edit by hand.

Exit codes of every command: 0 done, 1 problems in the data, 2 wrong usage or configuration. With `--json` a command
prints one JSON document on stdout, as [JSON documents](json_documents.md) says; progress and faults go to stderr.
Defaults marked `PERINATAL_…` are [settings](settings.md).
"""


def command_group() -> TyperGroup:
    """The whole command line."""
    found = get_command(app)
    assert isinstance(found, TyperGroup)
    return found


def commands() -> dict[str, TyperCommand]:
    """Every command by the words that call it, in the order of `--help`."""
    return dict(_commands(command_group(), ()))


def render_commands() -> str:
    """The page of all commands, as Markdown."""
    found = commands()
    overview = ["| command | what it does |", "|---|---|", *(_row(name, each) for name, each in found.items())]
    return "\n".join([HEAD, *overview, "", *(_section(name, each) for name, each in found.items())])


def _commands(group: TyperGroup, words: Sequence[str]) -> Iterator[tuple[str, TyperCommand]]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, (*words, name))
        else:
            assert isinstance(command, TyperCommand)
            yield " ".join((PROGRAM, *words, name)), command


def _row(name: str, command: TyperCommand) -> str:
    return f"| [`{name}`](#{name.replace(' ', '-')}) | {_sentences(command)} |"


def _section(name: str, command: TyperCommand) -> str:
    context = typer.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    rows = [_parameter_row(*record) for each in command.params if (record := each.get_help_record(context))]
    table = ["", "| argument or option | what it is |", "|---|---|", *rows] if rows else []
    return "\n".join([f"## {name}", "", _sentences(command), "", f"    {usage}", *table, ""])


def _sentences(command: TyperCommand) -> str:
    return " ".join(inspect.cleandoc(command.help or "").split())


def _parameter_row(name: str, words: str) -> str:
    return f"| `{_escaped(name)}` | {_escaped(' '.join(words.split()))} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
