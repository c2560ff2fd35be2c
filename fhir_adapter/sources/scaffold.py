"""The first draft of an adapter out of a sample: what can be guessed is, and every guess is marked as one."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.golden_case import GoldenCase, outcome_of
from fhir_adapter.sources.registry import MANIFEST, load_adapter
from indicator_engine.tables import TABLES

GUESS = "  # guess"
SCHEMA_LINE = "# yaml-language-server: $schema=../../docs/reference/adapter.schema.json"
WIDEST = 1_000_000
FIRST_CASE = "tests/sample.yaml"


@dataclass(frozen=True, slots=True)
class Draft:
    """The files of an adapter by their names below its folder; the golden case is made when they are written."""

    name: str
    manifest: Mapping[str, Any]
    files: Mapping[str, str]
    case: Mapping[str, Any]
    notes: Sequence[str]


def write_draft(draft: Draft, parent: Path) -> Path:
    """Write a draft and its golden case; gives its folder. Raises MappingInvalid when the folder is there already."""
    folder = parent / draft.name
    if folder.exists():
        raise MappingInvalid(str(folder), ["this folder is there already; choose another name or --out"])
    for name, text in {MANIFEST: manifest_text(draft.manifest), **draft.files, "README.md": readme(draft)}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    (folder / FIRST_CASE).parent.mkdir(exist_ok=True)
    (folder / FIRST_CASE).write_text(golden_text(folder, draft.case), "utf-8")
    return folder


def golden_text(folder: Path, given: Mapping[str, Any]) -> str:
    """A golden case of what the draft makes of the sample."""
    case = GoldenCase.model_validate({**given, "rows": {}})
    found = outcome_of(load_adapter(folder), case)
    written = {
        "title": case.title,
        **({} if found.recognised else {"recognised": False}),
        "rows": {
            table: [{name: row[name] for name in TABLES[table].column_names if name in row} for row in rows]
            for table, rows in found.rows.items()
        },
        "identities": [dict(each) for each in found.identities],
        "issues": [{"code": code, "location": location} for code, location in found.issues],
        **{name: given[name] for name in ("csv", "bundle") if name in given},
    }
    return yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=WIDEST)


def readme(draft: Draft) -> str:
    """What the draft says of itself."""
    lines = [f"# {draft.name}", "", "A draft out of a sample. Check every line that is marked `# guess`.", ""]
    return "\n".join([*lines, *(f"- {each}" for each in draft.notes), ""])


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """A manifest as YAML with a guess marked on each of its columns."""
    return "\n".join([SCHEMA_LINE, *lines_of(manifest, 0), ""])


def lines_of(part: Mapping[str, Any], indent: int) -> Iterable[str]:
    """The lines of a mapping: columns one a line with their mark, lists of mappings as items, the rest in one line."""
    space = " " * indent
    for key, value in part.items():
        if key == "columns":
            yield f"{space}columns:"
            yield from (f"{space}  {name}: {flow(rule)}{GUESS}" for name, rule in value.items())
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value) and key != "match":
            yield f"{space}{key}:"
            for each in value:
                first, *rest = lines_of(each, indent + 4)
                yield f"{space}  - {first.strip()}"
                yield from rest
        else:
            yield f"{space}{key}: {flow(value)}"


def flow(value: Any) -> str:
    """A value in one line of YAML."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, allow_unicode=True, width=WIDEST)
    return text.removesuffix("\n").removesuffix("\n...")


def json_text(document: object) -> str:
    """A document as the shipped files have it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def plain_name(header: str) -> str:
    """A header in lower letters and digits alone, without what stands in brackets."""
    return re.sub("[^a-z0-9]", "", header.partition("(")[0].lower())


def nearest_name(wanted: str, known: Sequence[str], least: float) -> str | None:
    """The name most like the one wanted, if it is alike enough."""
    found = difflib.get_close_matches(wanted, known, n=1, cutoff=least)
    return found[0] if found else None
