"""The page docs/reference/common_model.md, generated from the declarations."""

from __future__ import annotations

from indicator_engine.tables import TABLES, Column, Table

INTRODUCTION = """# The common model

Generated from `indicator_engine.tables` by `python -m indicator_engine.tables`; do not edit by hand.

Every source is brought into these tables. A *clinical* table has a twin `source_<table>` with the same columns, each
of which may be absent, beside where the row came from; the clinical table itself is resolved from its twin.

Form of the values, the same on every store: text, whole numbers, decimals and true/false as they are; a `date` is text
`YYYY-MM-DD`; a `datetime` is text in Europe/London with its offset, `YYYY-MM-DDTHH:MM:SS+01:00`, or `YYYY-MM-DD` when
the source gives no time; a `code` or `enum` is the code; a `code_set` is text `|code|code|`, sorted, without
repetition. An absent value is always null: never 0, never empty text.
"""
HEADER = "| column | type | needed | values and limits | what absent means |\n|---|---|---|---|---|"


def render_reference() -> str:
    """The whole page as Markdown, ending in a newline."""
    return "\n".join([INTRODUCTION, *(_section(table) for table in TABLES.values())])


def _section(table: Table) -> str:
    kind = "clinical" if table.clinical else "not clinical"
    key = ", ".join(f"`{name}`" for name in table.key)
    rows = "\n".join(_row(column) for column in table.columns)
    return f"## {table.name}\n\n{table.description} Key: {key}; {kind}.\n\n{HEADER}\n{rows}\n"


def _row(column: Column) -> str:
    return f"| `{column.name}` | {_type(column)} | {_needed(column)} | {_limits(column)} | {column.missing} |"


def _type(column: Column) -> str:
    return column.type if column.unit is None else f"{column.type}, {column.unit}"


def _needed(column: Column) -> str:
    if column.required:
        return "expected" if column.may_be_unknown else "always"
    if column.required_for:
        return "for " + ", ".join(column.required_for)
    return "derived" if column.derived else ""


def _limits(column: Column) -> str:
    parts = [
        f"list `{column.code_list}`" if column.code_list else "",
        ", ".join(f"`{value}`" for value in column.values),
        column.coding.replace("|", ", "),
        _range(column),
        f"key of `{column.references}`" if column.references else "",
        column.validity.replace("|", "\\|"),
    ]
    return "; ".join(part for part in parts if part)


def _range(column: Column) -> str:
    if column.minimum is None or column.maximum is None:
        return ""
    return f"{column.minimum:g} to {column.maximum:g}"
