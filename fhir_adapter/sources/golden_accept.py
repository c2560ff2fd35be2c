"""Goldens rewritten to what the mapping gives: only the parts that differ, everything else as it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from fhir_adapter.sources.golden_case import GoldenCase, Outcome, compared, present_rows
from indicator_engine.tables import TABLES

TOP_KEY = re.compile(
    r"^(title|bundle|csv|rows|identities|issues|recognised|sources|strange_headers)[ \t]*:", re.MULTILINE
)
WIDEST = 1_000_000  # characters of a line; a text is never folded


def accepted_text(text: str, case: GoldenCase, found: Outcome) -> str:
    """The text of a case with what was found in place of what it expects.

    Parts without a difference, the input, comments before them and the order of rows that stay are kept.
    """
    different = {part_of(each.table) for each in compared(case, found)}
    if case.identities is None and found.identities:
        different.add("identities")
    written: dict[str, Any] = {
        "rows": rows_in_order(case, found),
        "identities": [dict(each) for each in found.identities],
        "issues": issues_in_order(case, found),
        "recognised": found.recognised,
        "sources": [*found.sources],
    }
    for name in ("rows", "identities", "issues", "recognised", "sources"):
        if name in different:
            text = with_part(text, name, rendered({name: written[name]}))
    return text


def part_of(table: str) -> str:
    """The part of a case in which a difference stands."""
    return "rows" if table in TABLES else table


def rows_in_order(case: GoldenCase, found: Outcome) -> dict[str, list[dict[str, Any]]]:
    """Tables and rows in the order of the case; what is new comes after, in the order of the common model."""
    tables = [table for table in dict.fromkeys((*case.rows, *found.rows)) if found.rows.get(table)]
    return {table: kept_order(table, case.rows.get(table, ()), found.rows[table]) for table in tables}


def kept_order(
    table: str, before: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows in the order in which their keys stood before."""
    key = TABLES[table].key
    places = {tuple(row.get(part) for part in key): at for at, row in enumerate(present(before))}
    ordered = sorted(rows, key=lambda row: places.get(tuple(row.get(part) for part in key), len(places)))
    return [{name: row[name] for name in TABLES[table].column_names if name in row} for row in ordered]


def present(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows as they stand, absent cells left out."""
    return [present_rows([row])[0] for row in rows]


def issues_in_order(case: GoldenCase, found: Outcome) -> list[dict[str, str]]:
    """Issues in the order of the case, then those that are new; with their severity where the case names it."""
    before = [(each.code, each.location) for each in case.issues]
    places = {each: at for at, each in reversed(list(enumerate(before)))}
    weighed = {(each.code, each.location) for each in case.issues if each.severity is not None}
    ordered = sorted(
        zip(found.issues, found.severities, strict=True), key=lambda each: places.get(each[0], len(before))
    )
    return [
        {"code": issue[0], "location": issue[1], **({"severity": str(severity)} if issue in weighed else {})}
        for issue, severity in ordered
    ]


def rendered(part: Mapping[str, Any]) -> str:
    """A part as YAML, in the layout of the cases that are shipped."""
    return yaml.safe_dump(dict(part), sort_keys=False, allow_unicode=True, width=WIDEST)


def with_part(text: str, name: str, part: str) -> str:
    """The text with one top-level part put in place of the one that is there, or added at its end."""
    keys = list(TOP_KEY.finditer(text))
    for at, found in enumerate(keys):
        if found[1] == name:
            end = keys[at + 1].start() if at + 1 < len(keys) else len(text)
            return text[: found.start()] + part + kept_comments(text[found.start() : end]) + text[end:]
    return f"{text.rstrip()}\n{part}"


def kept_comments(part: str) -> str:
    """The comments and blank lines at the end of a part; they belong to what follows."""
    lines = part.splitlines(keepends=True)
    last = max((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), default=0)
    return "".join(lines[last + 1 :])
