"""Faults of cells that are hits of a rule name it, so that they are counted under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from fhir_adapter.sources.convert import CellFault, Reader
from fhir_adapter.sources.records import Cell
from indicator_engine.rules import shipped_rules


def rule_mark(rule: str, column: str) -> str:
    """What stands at the end of the text of an issue: `(rule R11, baby.birth_weight_g)`."""
    return f"(rule {rule}, {column})"


@cache
def rules_of_column(column: str) -> Mapping[str, str]:
    """The rule that a fault of each code breaks in a column `table.column`."""
    return {issue.code: rule.id for rule in shipped_rules().values() for issue in rule.issues if issue.column == column}


def marking_rules(column: str, read: Reader) -> Reader:
    """The same reader, whose faults name the rule that they break."""
    rules = rules_of_column(column)
    if not rules:
        return read

    def marked(row: Sequence[Any]) -> Cell:
        try:
            return read(row)
        except CellFault as fault:
            if fault.code not in rules:
                raise
            raise CellFault(fault.code, f"{fault} {rule_mark(rules[fault.code], column)}") from None

    return marked
