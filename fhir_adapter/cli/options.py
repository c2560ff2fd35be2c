"""Options that several commands share."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from indicator_engine.counts import month_index


def read_month(text: str) -> int:
    """Month index of `YYYY-MM`; raises typer.BadParameter."""
    year, dash, month = text.partition("-")
    if not (dash and len(year) == 4 and year.isdigit() and month.isdigit() and 1 <= int(month) <= 12):
        raise typer.BadParameter(f"{text} is no month; write it as 2026-03")
    return month_index(int(year), int(month))


def read_date(text: str) -> date:
    """A calendar date of `YYYY-MM-DD`; raises typer.BadParameter."""
    try:
        return date.fromisoformat(text)
    except ValueError as cause:
        raise typer.BadParameter(f"{text} is no date; write it as 2026-03-31") from cause


Database = Annotated[
    str | None,
    typer.Option(
        "--database", metavar="URL", help="sqlite:///file.db or postgresql://…; default PERINATAL_DATABASE_URL."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Month = Annotated[int | None, typer.Option(parser=read_month, metavar="YYYY-MM")]
AsOf = Annotated[
    date | None,
    typer.Option(
        "--as-of",
        parser=read_date,
        metavar="YYYY-MM-DD",
        help="Day of the evaluation; periods not mature then are pending.",
    ),
]
Preset = Annotated[str | None, typer.Option("--preset", help="Disclosure preset; default PERINATAL_PRESET.")]


class AudienceName(StrEnum):
    """Who may read a result."""

    PUBLIC = "public"
    INTERNAL = "internal"


Audience = Annotated[AudienceName, typer.Option("--audience", help="Who may read the result.")]
OptionalPaths = Annotated[list[Path] | None, typer.Argument(metavar="PATH…", help="Files or folders.")]
