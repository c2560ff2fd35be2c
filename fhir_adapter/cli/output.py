"""What commands print: one JSON document or plain lines on stdout, progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from enum import IntEnum
from typing import TYPE_CHECKING

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fhir_adapter import errors as adapter
from indicator_engine import errors as engine

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PLAIN = Console(highlight=False, soft_wrap=True)
ASIDE = Console(stderr=True, highlight=False, soft_wrap=True)


class Exit(IntEnum):
    """Exit codes: stable, part of the public interface."""

    DONE = 0
    DATA_PROBLEMS = 1
    USAGE = 2


EXIT_OF_ERROR: Mapping[type[Exception], Exit] = {
    adapter.SettingsInvalid: Exit.USAGE,
    adapter.PayloadRefused: Exit.DATA_PROBLEMS,
    adapter.AdapterUnknown: Exit.USAGE,
    adapter.MappingInvalid: Exit.USAGE,
    adapter.StoreUnavailable: Exit.USAGE,
    adapter.StoreOutdated: Exit.USAGE,
    adapter.SealBroken: Exit.USAGE,
    adapter.PersonUnknown: Exit.DATA_PROBLEMS,
    adapter.AuditBroken: Exit.DATA_PROBLEMS,
    adapter.ResourceNotFound: Exit.DATA_PROBLEMS,
    adapter.ConflictUnknown: Exit.DATA_PROBLEMS,
    adapter.SettlementRefused: Exit.DATA_PROBLEMS,
    adapter.SearchRefused: Exit.USAGE,
    adapter.ReportInvalid: Exit.DATA_PROBLEMS,
    adapter.NothingToPublish: Exit.DATA_PROBLEMS,
    adapter.PublisherRefused: Exit.DATA_PROBLEMS,
    adapter.PublisherUnreachable: Exit.DATA_PROBLEMS,
    engine.DefinitionInvalid: Exit.DATA_PROBLEMS,
    engine.CodeListUnknown: Exit.USAGE,
    engine.PresetUnknown: Exit.USAGE,
    engine.InvalidCounts: Exit.DATA_PROBLEMS,
    engine.EngineUnavailable: Exit.USAGE,
    engine.CountsInvalid: Exit.DATA_PROBLEMS,
}


def exit_code_of(error: Exception) -> Exit:
    """Exit code of one of our errors, by its nearest type in the table."""
    return next(EXIT_OF_ERROR[each] for each in type(error).__mro__ if each in EXIT_OF_ERROR)


def print_json(document: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n")
    sys.stdout.flush()


def print_rows(rows: Sequence[DataclassInstance]) -> None:
    """A list of frozen values as one JSON array on stdout, one object a value."""
    print_json([{each.name: getattr(row, each.name) for each in fields(row)} for row in rows])


def say(text: str) -> None:
    """A line on stdout."""
    PLAIN.print(text, markup=False)


def complain(text: str) -> None:
    """A line on stderr."""
    ASIDE.print(text, markup=False)


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr, drawn only on a terminal; gives the function that moves it to a place."""
    columns = (
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=ASIDE, disable=not ASIDE.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        yield lambda completed: progress.update(task, completed=completed)
