"""The rules of an adapter that take codes, and the codes that a feed sends to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_adapter.sources.adapter import WORKING_COLUMN, BundleManifest, ColumnRule, CsvFile, FixedCode
from fhir_adapter.sources.bundle_plan import target_column
from fhir_adapter.sources.concept_map import CodeMap
from fhir_adapter.sources.convert import allowed_codes, shaped
from fhir_adapter.sources.view import View
from indicator_engine.code_lists import code_list
from indicator_engine.tables import ColumnType

CODED = frozenset({ColumnType.CODE, ColumnType.ENUM, ColumnType.CODE_SET})


@dataclass(frozen=True, slots=True)
class CodeRule:
    """A column that takes codes. origins: its columns in the view or file. element: path of the first of them.

    known: codes as sent that give a code of the list. map: ConceptMap, empty when codes are taken as they are.
    unmapped: what becomes of other codes. targets: code to label of the list of the column.
    """

    table: str
    column: str
    view: str
    origins: tuple[str, ...]
    element: str
    rule: ColumnRule
    map: str
    known: frozenset[str]
    is_set: bool
    unmapped: str
    targets: Mapping[str, str]

    def codes(self, value: Any) -> list[str]:
        """Codes in one value as they are looked up."""
        values = value if isinstance(value, list) else [value]
        texts = [shaped(each.strip(), self.rule.text) for each in values if isinstance(each, str)]
        return [text for text in texts if text and text not in self.rule.missing]

    def strangers(self, value: Any) -> list[str]:
        """Codes in one value that have no place; of codings of one concept, none when one of them is known."""
        codes = self.codes(value)
        unknown = [code for code in codes if code not in self.known]
        return unknown if self.is_set or len(unknown) == len(codes) else []


def bundle_code_rules(
    manifest: BundleManifest, views: Mapping[str, View], maps: Mapping[str, CodeMap]
) -> Iterator[CodeRule]:
    """The rules that take codes out of views."""
    for rows in manifest.tables:
        blocks = [(each.view, each.columns) for each in rows.spine]
        blocks += [(each.view, each.columns) for each in rows.contributions if each.view is not None]
        for view, columns in blocks:
            elements = {each.name: each.element for each in views[view].columns()}
            for name, rule in columns.items():
                element = elements.get(rule.from_[0], "") if rule.from_ else ""
                found = code_rule(rows.table, name, rule, maps, view=view, element=element)
                if found is not None:
                    yield found


def file_code_rules(shape: CsvFile, maps: Mapping[str, CodeMap]) -> list[tuple[int, CodeRule]]:
    """The rules that take codes out of a file, each with the place of its table."""
    return [
        (at, found)
        for at, rows in enumerate(shape.tables)
        for name, rule in rows.columns.items()
        if (found := code_rule(rows.table, name, rule, maps, view="", element="")) is not None
    ]


def code_rule(
    table: str, name: str, rule: ColumnRule, maps: Mapping[str, CodeMap], *, view: str, element: str
) -> CodeRule | None:
    """The rule of a column that takes codes of a closed list; None for any other."""
    column = target_column(table, name)
    kind = rule.type or column.type
    if not rule.from_ or rule.as_ is not None or (kind not in CODED and rule.translate is None):
        return None
    allowed = allowed_codes(column, rule)
    known = frozenset(maps[rule.translate.map].targets) if rule.translate else frozenset(allowed or ())
    if rule.translate is None and allowed is None:
        return None
    list_name = rule.code_list or (None if name.startswith(WORKING_COLUMN) else column.code_list)
    labels = {code: entry.display for code, entry in code_list(list_name).codes.items()} if list_name else {}
    return CodeRule(
        table=table,
        column=name,
        view=view,
        origins=rule.from_,
        element=element,
        rule=rule,
        map=rule.translate.map if rule.translate else "",
        known=known,
        is_set=kind is ColumnType.CODE_SET,
        unmapped=policy(rule),
        targets=labels or {code: code for code in allowed or ()},
    )


def policy(rule: ColumnRule) -> str:
    """What becomes of a code without a place: `error`, `null`, `ignore`, or the code that stands for it."""
    if rule.translate is None:
        return rule.outside
    return rule.translate.unmapped.fixed if isinstance(rule.translate.unmapped, FixedCode) else rule.translate.unmapped


def first_present(row: Sequence[Any], places: Sequence[int]) -> Any:
    """The first value of a row that is there, as a rule with several origins takes it."""
    return next((row[place] for place in places if row[place] is not None and row[place] != []), None)
