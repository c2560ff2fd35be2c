"""The manifest of a bundle adapter turned into steps: where each cell is read and how rows are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import (
    WORKING_COLUMN,
    WORKING_TABLE,
    BundleManifest,
    BundleRows,
    Columns,
    Contribution,
    IdentityRule,
    KeyRule,
    Window,
)
from fhir_adapter.sources.concept_map import CodeMap
from fhir_adapter.sources.convert import Places, RuleInvalid, cell_reader
from fhir_adapter.sources.dispatch import Chooser, plan_views
from fhir_adapter.sources.issues import Severity
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.row_runtime import ENTRY
from fhir_adapter.sources.row_steps import CellStep, RowsPlan, SpineStep, TableJoin, ViewJoin
from fhir_adapter.sources.row_writer import DraftsFunction, compile_rows
from fhir_adapter.sources.rule_marks import marking_rules
from fhir_adapter.sources.timing import Timing, WindowPlan, duration
from fhir_adapter.sources.view import View
from indicator_engine.tables import TABLES, Column, ColumnType

RECORD = "record"  # a table of one row about the bundle itself, for `table: record`
NOWHERE = -1  # the place of what a view does not give
RECORD_COLUMNS = ("recorded_at", "recorded_date")


@dataclass(frozen=True, slots=True)
class TablePlan:
    """How drafts of one table become rows. columns: those that leave, in the order of the common model.

    working: what a draft holds besides, and a row does not.
    """

    key: tuple[str, ...]
    columns: tuple[str, ...]
    working: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentityPlan:
    """Where the identifiers of a person stand in the rows of a view; places in the order of `Identity`."""

    slot: int
    role: str
    key: int
    places: tuple[int, ...]
    postcodes: tuple[int, ...]
    lived_from: int | None


@dataclass(frozen=True, slots=True)
class BundlePlan:
    """All that `map_bundle` needs. choosers: which views to run, by type of resource.

    slots: how many views there are. rows: the steps of each table in their order, with the function they became.
    fact_slots: views whose rows must find a row to belong to.
    """

    choosers: Mapping[str, Chooser]
    slots: int
    rows: tuple[tuple[RowsPlan, DraftsFunction], ...]
    tables: Mapping[str, TablePlan]
    identities: tuple[IdentityPlan, ...]
    fact_slots: tuple[int, ...]
    provider: tuple[tuple[str, str], ...]


def plan_bundle(
    manifest: BundleManifest,
    views: Mapping[str, View],
    maps: Mapping[str, CodeMap],
    *,
    place: str,
    choosers: Mapping[str, Chooser] | None = None,
) -> BundlePlan:
    """The steps of an adapter; raises MappingInvalid with every rule that cannot be carried out.

    choosers: of these views, when they are compiled already.
    """
    return BundlePlanner(manifest, views, maps, place).plan(choosers)


class BundlePlanner:
    """Collects faults while it turns rules into steps."""

    def __init__(
        self, manifest: BundleManifest, views: Mapping[str, View], maps: Mapping[str, CodeMap], place: str
    ) -> None:
        self._manifest = manifest
        self._views = views
        self._slots = {name: slot for slot, name in enumerate(views)}
        self._maps = maps
        self._place = place
        self._faults: list[str] = []
        self._tables: dict[str, set[str]] = {RECORD: set(RECORD_COLUMNS)}

    def plan(self, choosers: Mapping[str, Chooser] | None = None) -> BundlePlan:
        """The plan. choosers: of the views; they are compiled when there are none. Raises MappingInvalid."""
        rows = tuple(self._rows(each, f"tables[{at}]") for at, each in enumerate(self._manifest.tables))
        identities = tuple(
            plan for at, each in enumerate(self._manifest.identities) if (plan := self._identity(each, at)) is not None
        )
        provider = tuple(self._provider(each) for each in self._manifest.provider)
        if self._faults:
            raise MappingInvalid(self._place, self._faults)
        slots = fact_slots(rows)
        tables = {
            name: table_plan(name, columns)
            for name, columns in self._tables.items()
            if name != RECORD and not is_working(name)
        }
        return BundlePlan(
            choosers=plan_views(list(self._views.values())) if choosers is None else choosers,
            slots=len(self._slots),
            rows=tuple(
                (each, compile_rows(each, draft_columns(each.table, self._tables[each.table]), slots)) for each in rows
            ),
            tables=tables,
            identities=identities,
            fact_slots=tuple(sorted(slots)),
            provider=provider,
        )

    def _slot(self, view: str, key: str) -> int:
        if view in self._slots:
            return self._slots[view]
        self._faults.append(f"{key}: there is no view {view}; there are {', '.join(self._slots)}")
        return 0

    def _rows(self, rules: BundleRows, key: str) -> RowsPlan:
        named = self._tables.setdefault(rules.table, set())
        spine: list[SpineStep] = []
        for at, rule in enumerate(rules.spine):
            when = None if rule.when is None else self._slot(rule.when, f"{key}.spine[{at}].when")
            slot = self._slot(rule.view, f"{key}.spine[{at}].view")
            cells = self._view_cells(rules.table, rule.view, rule.columns, f"{key}.spine[{at}]")
            spine.append(SpineStep(slot, when, cells))
            named.update(rule.columns)
        joins: list[ViewJoin | TableJoin] = []
        for at, contribution in enumerate(rules.contributions):
            joins.append(self._join(rules.table, contribution, f"{key}.contributions[{at}]"))
            named.update(contribution.columns)
        required = tuple(step for each in (*spine, *joins) for step in each.cells if step.is_required)
        self._check_row_columns(rules.when, rules.table, f"{key}.when")
        row_key = () if is_working(rules.table) else TABLES[rules.table].key
        return RowsPlan(rules.table, row_key, tuple(spine), tuple(joins), required, rules.when)

    def _join(self, table: str, rule: Contribution, key: str) -> ViewJoin | TableJoin:
        pairs = [next(iter(each.items())) for each in rule.match]
        self._check_row_columns([column for _, column in pairs], table, f"{key}.match")
        if rule.view is not None:
            places = self._places(rule.view)
            self._check_names([name for name, _ in pairs], places, f"{key}.match")
            matches = tuple((places.get(name, 0), column) for name, column in pairs)
            cells = self._view_cells(table, rule.view, rule.columns, key)
            timing = self._timing(table, rule, places, key) if rule.during or rule.latest else None
            return ViewJoin(self._slot(rule.view, f"{key}.view"), matches, rule.fill or rule.only, cells, timing)
        assert rule.table is not None
        return self._table_join(table, rule.table, pairs, rule, key)

    def _timing(self, table: str, rule: Contribution, places: Places, key: str) -> Timing:
        self._check_names(rule.latest, places, f"{key}.latest")
        during = tuple(
            tuple(self._window(table, each, places, f"{key}.during[{at}]") for each in one)
            for at, one in enumerate(rule.during)
        )
        return Timing(during, tuple(places.get(name, 0) for name in rule.latest))

    def _window(self, table: str, window: Window, places: Places, key: str) -> WindowPlan:
        self._check_names(window.at, places, key)
        self._check_row_columns([*window.from_, *window.to, *window.day], table, key)
        return WindowPlan(
            at=tuple(places.get(name, 0) for name in window.at),
            start=window.from_,
            end=window.to,
            day=window.day,
            is_open=window.before,
            longest=None if window.within is None else duration(window.within),
        )

    def _table_join(
        self, table: str, source: str, pairs: Sequence[tuple[str, str]], rule: Contribution, key: str
    ) -> TableJoin:
        origins = tuple(name for each in rule.columns.values() for name in each.from_[:1])
        known = self._tables.get(source, set())
        places = {name: place for place, name in enumerate(sorted(known))}
        self._check_names([*(name for name, _ in pairs), *origins], places, key)
        if any(len(each.from_) != 1 for each in rule.columns.values()):
            self._faults.append(f"{key}.columns: a column of a table is taken over by one name")
        cells = tuple(
            CellStep(target, no_cell, "", self._is_set(table, target), each.required, ranks(each.prefer))
            for target, each in rule.columns.items()
        )
        return TableJoin(source, tuple(pairs), rule.fill or rule.only, cells, origins)

    def _check_row_columns(self, names: Sequence[str], table: str, key: str) -> None:
        missing = [name for name in names if name not in self._tables[table]]
        if missing:
            self._faults.append(f"{key}: table {table} has no column {', '.join(missing)} at this point")

    def _check_names(self, names: Sequence[str], places: Places, key: str) -> None:
        unknown = [name for name in names if name not in places]
        if unknown:
            self._faults.append(f"{key}: there is no column {', '.join(unknown)}; there are {', '.join(places)}")

    def _places(self, view: str) -> Places:
        if view not in self._views:
            return {}
        return {column.name: place for place, column in enumerate(self._views[view].columns())}

    def _is_set(self, table: str, target: str) -> bool:
        return not target.startswith(WORKING_COLUMN) and TABLES[table].column(target).type is ColumnType.CODE_SET

    def _view_cells(self, table: str, view: str, columns: Columns, key: str) -> tuple[CellStep, ...]:
        places = self._places(view)
        texts = {each.name: each.element for each in self._views[view].columns()} if view in self._views else {}
        steps: list[CellStep] = []
        for target, rule in columns.items():
            try:
                plain = cell_reader(target_column(table, target), rule, places, self._maps)
                read = marking_rules(f"{table}.{target}", plain)
            except (RuleInvalid, KeyError) as cause:
                self._faults.append(f"{key}.columns.{target}: {cause}")
                continue
            text = texts.get(rule.from_[0], "") if rule.from_ else ""
            is_set = self._is_set(table, target)
            path = f".{text}" if text else ""
            severity = Severity(rule.fault)
            steps.append(CellStep(target, read, path, is_set, rule.required, ranks(rule.prefer), rule.value, severity))
        return tuple(steps)

    def _identity(self, rule: IdentityRule, at: int) -> IdentityPlan | None:
        key = f"identities[{at}]"
        if rule.view is None or isinstance(rule.key, KeyRule):
            self._faults.append(f"{key}: a bundle adapter names a view, and `key` is one of its columns")
            return None
        places = self._places(rule.view)
        fields = [
            rule.nhs_number,
            rule.nhs_number_status,
            rule.local_id,
            rule.local_id_system,
            rule.family_name,
            rule.given_name,
            rule.birth_date,
        ]
        self._check_names([each for each in (rule.key, *fields, *rule.postcode, rule.lived_from) if each], places, key)
        return IdentityPlan(
            slot=self._slot(rule.view, key),
            role=rule.role,
            key=places.get(rule.key, 0),
            places=tuple(NOWHERE if each is None else places.get(each, 0) for each in fields),
            postcodes=tuple(places.get(each, 0) for each in rule.postcode),
            lived_from=None if rule.lived_from is None else places.get(rule.lived_from, 0),
        )

    def _provider(self, written: str) -> tuple[str, str]:
        table, _, column = written.partition(".")
        if column not in self._tables.get(table, set()):
            self._faults.append(f"provider: {written} is not a mapped column")
        return table, column


def no_cell(_row: Sequence[Any]) -> Cell:
    """Nothing; a cell that is taken over from a table is not read from a row."""
    return None


def fact_slots(rows: Sequence[RowsPlan]) -> frozenset[int]:
    """Slots of the views that only add to rows: those that begin rows have a place of their own."""
    adding = {join.slot for plan in rows for join in plan.joins if isinstance(join, ViewJoin)}
    return frozenset(adding - {step.slot for plan in rows for step in plan.spine})


def target_column(table: str, target: str) -> Column:
    """The column of the common model, or a plain text for a working column."""
    if target.startswith(WORKING_COLUMN):
        return Column(target, ColumnType.STRING, "Joins rows; it never leaves the mapper.")
    return TABLES[table].column(target)


def ranks(preferred: Sequence[str]) -> Mapping[object, int]:
    """Place of each value in the order of preference."""
    return {code: rank for rank, code in enumerate(preferred)}


def table_plan(table: str, named: Set[str]) -> TablePlan:
    """The columns of a table that leave, and those that do not."""
    working = sorted(name for name in named if name.startswith(WORKING_COLUMN))
    columns = tuple(name for name in TABLES[table].column_names if name in named)
    return TablePlan(TABLES[table].key, columns, (*working, ENTRY))


def draft_columns(table: str, named: Set[str]) -> tuple[str, ...]:
    """Every column of a draft."""
    if is_working(table):
        return tuple(sorted(named))
    plan = table_plan(table, named)
    return (*plan.columns, *(name for name in plan.working if name != ENTRY))


def is_working(table: str) -> bool:
    """Whether a table only joins others and never leaves the mapper."""
    return table.startswith(WORKING_TABLE)
