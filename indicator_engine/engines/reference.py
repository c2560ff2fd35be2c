"""The oracle: a plain interpreter of the same nodes, row by row. Slow, clear, and how the fast engines are held."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import singledispatch

from indicator_engine import predicates
from indicator_engine.counts import NOT_ATTRIBUTED, Counted, CountRow, EventRow, MonthRange, gather, month_index
from indicator_engine.definition import UNKNOWN, WHOLE
from indicator_engine.engines.contested import CHOICES, OPEN, Holder, doubts_of_family
from indicator_engine.engines.members import Member, Members
from indicator_engine.plan import Family, PlannedFeature, PlannedIndicator, PlannedStratifier
from indicator_engine.tables import TABLES

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]
Tables = Mapping[str, Sequence[Row]]
Resolve = Callable[[str], Cell]
DATE_LENGTH = 10  # of a moment of which only the day is known


def count_rows_in_memory(families: Sequence[Family], tables: Tables, *, months: MonthRange) -> Counted:
    """Counts of all families over rows held in memory, table name -> rows of column name -> canonical cell."""
    cells: list[CountRow] = []
    events: list[EventRow] = []
    flagged: list[CountRow] = []
    for family in families:
        facts = [fact for fact in _facts(family, tables) if _is_within(fact.month, months)]
        for indicator in family.indicators:
            cells += _count(family, indicator, facts)
            flagged += _count(family, indicator, [each for each in facts if indicator.definition.id in each.in_doubt])
            if indicator.definition.charting.chart == "g":
                events += _events(indicator, facts)
    return gather(cells, events, flagged)


def members_in_memory(family: Family, tables: Tables, *, months: MonthRange) -> Members:
    """The members of each indicator of a family over rows held in memory."""
    facts = sorted(
        (fact for fact in _facts(family, tables) if _is_within(fact.month, months)), key=lambda fact: fact.entity
    )
    return {each.definition.id: [fact.members[each.definition.id] for fact in facts] for each in family.indicators}


@dataclass(frozen=True, slots=True)
class _Fact:
    entity: str
    cluster: str
    event_time: str
    month: int
    provider: str
    site: str
    levels: Mapping[str, str]
    members: Mapping[str, Member]
    in_doubt: frozenset[str]


def _is_within(month: int, months: MonthRange) -> bool:
    return (months.first is None or month >= months.first) and (months.last is None or month <= months.last)


def _count(family: Family, indicator: PlannedIndicator, facts: Sequence[_Fact]) -> Iterator[CountRow]:
    definition = indicator.definition
    sums: defaultdict[tuple[int, str, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    wanted = [each for each in family.dimensions if each in (WHOLE, *definition.stratifiers)]
    for fact in facts:
        flags = fact.members[definition.id].counted
        for dimension in wanted:
            cell = sums[fact.month, fact.provider, fact.site, dimension, fact.levels[dimension]]
            for place, flag in enumerate(flags):
                cell[place] += flag
    for (month, provider, site, dimension, stratum), (population, denominator, numerator) in sums.items():
        if population:
            key = (definition.id, definition.version, month, provider, site, dimension, stratum)
            yield (*key, population, denominator, numerator)


def _events(indicator: PlannedIndicator, facts: Sequence[_Fact]) -> Iterator[EventRow]:
    definition = indicator.definition
    births = [fact for fact in facts if fact.members[definition.id].counted[1]]
    births.sort(key=lambda fact: (fact.event_time, fact.cluster, fact.entity))
    of_provider: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    for place, fact in enumerate(births, start=1):
        of_provider[fact.provider] += 1
        if fact.members[definition.id].numerator and (fact.provider, fact.cluster) not in seen:
            seen.add((fact.provider, fact.cluster))
            yield definition.id, definition.version, fact.provider, fact.month, place, of_provider[fact.provider]


def _facts(family: Family, tables: Tables) -> Iterator[_Fact]:
    joined = _Joined(family, tables)
    for row in tables.get(family.shape.table, ()):
        fact = joined.fact(row)
        if fact is not None:
            yield fact


class _Joined:
    """Lookups of parents, features and residences, made once for a family."""

    def __init__(self, family: Family, tables: Tables) -> None:
        self.family = family
        self.parents = {
            each.name: {row[TABLES[each.table].key[0]]: row for row in tables.get(each.table, ())}
            for each in family.shape.parents
        }
        self.features = {each.name.key: _feature_values(each, tables) for each in family.features}
        self.conflicts = _Conflicts(family, tables)
        self.residences: defaultdict[Cell, list[Row]] = defaultdict(list)
        for row in sorted(tables.get("residence", ()), key=lambda row: str(row["valid_from"])):
            self.residences[row["person_key"]].append(row)

    def fact(self, row: Row) -> _Fact | None:
        values = self._values(row)
        anchor = evaluate(self.family.anchor, values.get)
        if anchor is None:
            return None
        values["fact.anchor"] = anchor
        values |= self._residence(values, str(anchor))
        sites = [values.get(key) for key in self.family.shape.site]
        site = next((each for each in sites if each is not None), None)
        values["fact.site"] = site
        for each in self.family.stratifiers:
            values[each.name.key] = evaluate(each.value, values.get)
        entity = str(row[self.family.shape.key])
        return _Fact(
            entity=entity,
            cluster=str(values.get(self.family.shape.cluster)),
            event_time=str(evaluate(self.family.event_time, values.get)),
            month=_month_of(str(anchor)),
            provider=str(values.get(self.family.shape.provider) or NOT_ATTRIBUTED),
            site=str(site or NOT_ATTRIBUTED),
            levels={WHOLE: WHOLE} | {each.id: _level(each, values.get) for each in self.family.stratifiers},
            members={each.definition.id: _member(entity, each, values.get) for each in self.family.indicators},
            in_doubt=self.conflicts.in_doubt(values.get),
        )

    def _values(self, row: Row) -> dict[str, Cell]:
        values = {f"{self.family.shape.table}.{name}": value for name, value in row.items()}
        for parent in self.family.shape.parents:
            found = self.parents[parent.name].get(values.get(f"{parent.of}.{parent.column}"), {})
            values |= {f"{parent.name}.{name}": value for name, value in found.items()}
        for feature in self.family.features:
            values[feature.name.key] = self.features[feature.name.key].get(row.get(feature.of), _empty(feature))
        return values

    def _residence(self, values: Mapping[str, Cell], anchor: str) -> dict[str, Cell]:
        begun = [row for row in self.residences[values.get("mother.person_key")] if str(row["valid_from"]) <= anchor]
        return {f"residence.{name}": value for name, value in begun[-1].items()} if begun else {}


class _Conflicts:
    """Open conflicts, by the records that hold them, and which indicators of a family they leave in doubt."""

    def __init__(self, family: Family, tables: Tables) -> None:
        self.columns: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for row in tables.get(CHOICES, ()):
            if row["conflict"] and row["status"] == OPEN:
                self.columns[str(row["table_name"]), str(row["record_key"])].add(str(row["column_name"]))
        contested = frozenset((table, name) for (table, _), names in self.columns.items() for name in names)
        self.doubts = doubts_of_family(family, contested)
        holders = {holder for doubts in self.doubts.values() for holder in doubts}
        self.records = {holder: _records_named(holder, tables) for holder in holders}

    def in_doubt(self, resolve: Resolve) -> frozenset[str]:
        """The indicators whose columns are contested of a record that the entity reads."""
        return frozenset(
            indicator
            for indicator, doubts in self.doubts.items()
            if any(self._holds(holder, resolve(holder.of), columns) for holder, columns in doubts.items())
        )

    def _holds(self, holder: Holder, name: Cell, columns: frozenset[str]) -> bool:
        records = self.records[holder][name] if holder.by is not None else [str(name)]
        return any(self.columns.get((holder.table, each), set()) & columns for each in records)


def _records_named(holder: Holder, tables: Tables) -> defaultdict[Cell, list[str]]:
    """Keys of the records of a holder, as one text each, by what they are looked up by."""
    found: defaultdict[Cell, list[str]] = defaultdict(list)
    if holder.by is not None:
        for row in tables.get(holder.table, ()):
            found[row[holder.by]].append("|".join(str(row[name]) for name in TABLES[holder.table].key))
    return found


def _empty(feature: PlannedFeature) -> Cell:
    return {"count": 0, "any": False}.get(feature.aggregate)


def _feature_values(feature: PlannedFeature, tables: Tables) -> dict[Cell, Cell]:
    groups: defaultdict[Cell, list[Cell]] = defaultdict(list)
    for row in tables.get(feature.table, ()):
        values = {f"{feature.table}.{name}": value for name, value in row.items()}
        if row.get(feature.by) is None:
            continue
        if feature.where is None or evaluate(feature.where, values.get) is True:
            groups[row[feature.by]].append(True if feature.value is None else evaluate(feature.value, values.get))
    return {key: _aggregate(feature.aggregate, group) for key, group in groups.items()}


def _aggregate(aggregate: str, group: Sequence[Cell]) -> Cell:
    if aggregate == "count":
        return len(group)
    if aggregate == "any":
        return bool(group)
    known = [each for each in group if each is not None]
    if not known:
        return None
    return min(known) if aggregate == "min" else max(known)


def _member(entity: str, indicator: PlannedIndicator, resolve: Resolve) -> Member:
    population = evaluate(indicator.population, resolve) is True
    denominator = population and evaluate(indicator.denominator, resolve) is True
    exclusion = denominator and indicator.exclusion is not None and evaluate(indicator.exclusion, resolve) is True
    numerator = denominator and not exclusion and evaluate(indicator.numerator, resolve) is True
    return Member(entity, population, denominator, exclusion, numerator)


def _level(stratifier: PlannedStratifier, resolve: Resolve) -> str:
    if stratifier.is_open:
        value = resolve(stratifier.name.key)
        return UNKNOWN if value is None else str(value)
    fitting = (each.code for each in stratifier.strata if evaluate(each.where, resolve) is True)
    return next(fitting, UNKNOWN)


def _month_of(day: str) -> int:
    return month_index(int(day[:4]), int(day[5:7]))


@singledispatch
def evaluate(node: predicates.Node, resolve: Resolve) -> Cell:  # noqa: ARG001 - the registered ones use it
    """Value of a node over one row, in the three-valued logic of SQL; None is unknown."""
    raise AssertionError(f"no meaning for {type(node).__name__}")


@evaluate.register
def _(node: predicates.Literal, _: Resolve) -> Cell:
    return node.value


@evaluate.register
def _(node: predicates.Column, resolve: Resolve) -> Cell:
    return resolve(node.name.key)


@evaluate.register
def _(node: predicates.DateOf, resolve: Resolve) -> Cell:
    value = evaluate(node.value, resolve)
    return None if value is None else str(value)[:10]


@evaluate.register
def _(node: predicates.DaysBetween, resolve: Resolve) -> Cell:
    later, earlier = _date(node.later, resolve), _date(node.earlier, resolve)
    return None if later is None or earlier is None else (later - earlier).days


@evaluate.register
def _(node: predicates.CompletedYears, resolve: Resolve) -> Cell:
    later, earlier = _date(node.later, resolve), _date(node.earlier, resolve)
    if later is None or earlier is None:
        return None
    return later.year - earlier.year - ((later.month, later.day) < (earlier.month, earlier.day))


def _date(node: predicates.Node, resolve: Resolve) -> date | None:
    value = evaluate(node, resolve)
    return None if value is None else date.fromisoformat(str(value)[:10])


@evaluate.register
def _(node: predicates.MinutesBetween, resolve: Resolve) -> Cell:
    later, earlier = evaluate(node.later, resolve), evaluate(node.earlier, resolve)
    if later is None or earlier is None or len(str(later)) <= DATE_LENGTH or len(str(earlier)) <= DATE_LENGTH:
        return None
    return (datetime.fromisoformat(str(later)) - datetime.fromisoformat(str(earlier))).total_seconds() / 60


ARITHMETIC: Mapping[str, Callable[[float, float], float | None]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: None if right == 0 else left / right,
}


@evaluate.register
def _(node: predicates.Arithmetic, resolve: Resolve) -> Cell:
    left, right = _number(node.left, resolve), _number(node.right, resolve)
    return None if left is None or right is None else ARITHMETIC[node.operator](left, right)


@evaluate.register
def _(node: predicates.Absolute, resolve: Resolve) -> Cell:
    value = _number(node.value, resolve)
    return None if value is None else abs(value)


def _number(node: predicates.Node, resolve: Resolve) -> float | None:
    value = evaluate(node, resolve)
    assert value is None or isinstance(value, int | float)
    return value


@evaluate.register
def _(node: predicates.GroupOf, resolve: Resolve) -> Cell:
    value = evaluate(node.value, resolve)
    return next((group for group, codes in node.groups if value in codes), None)


@evaluate.register
def _(node: predicates.GrowthScore, resolve: Resolve) -> Cell:
    grams, days, sex = _number(node.grams, resolve), _number(node.days, resolve), evaluate(node.sex, resolve)
    if grams is None or days is None:
        return None
    fitting = (each for each in node.means if each.sex == sex and each.first_day <= days <= each.last_day)
    mean = next(fitting, None)
    return None if mean is None else (grams - mean.mean_g) / mean.deviation_g


@evaluate.register
def _(node: predicates.Coalesce, resolve: Resolve) -> Cell:
    values = (evaluate(each, resolve) for each in node.values)
    return next((value for value in values if value is not None), None)


COMPARISONS: Mapping[str, Callable[[Cell, Cell], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,  # type: ignore[operator]  # types were checked when the node was made
    "<=": lambda left, right: left <= right,  # type: ignore[operator]  # types were checked when the node was made
    ">": lambda left, right: left > right,  # type: ignore[operator]  # types were checked when the node was made
    ">=": lambda left, right: left >= right,  # type: ignore[operator]  # types were checked when the node was made
}


@evaluate.register
def _(node: predicates.Comparison, resolve: Resolve) -> Cell:
    left, right = evaluate(node.left, resolve), evaluate(node.right, resolve)
    return None if left is None or right is None else COMPARISONS[node.operator](left, right)


@evaluate.register
def _(node: predicates.InList, resolve: Resolve) -> Cell:
    value = evaluate(node.value, resolve)
    return None if value is None else value in node.options


@evaluate.register
def _(node: predicates.ContainsAny, resolve: Resolve) -> Cell:
    value = evaluate(node.value, resolve)
    return None if value is None else any(f"|{code}|" in str(value) for code in node.codes)


@evaluate.register
def _(node: predicates.IsKnown, resolve: Resolve) -> Cell:
    return evaluate(node.value, resolve) is not None


@evaluate.register
def _(node: predicates.And, resolve: Resolve) -> Cell:
    values = [evaluate(part, resolve) for part in node.parts]
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


@evaluate.register
def _(node: predicates.Or, resolve: Resolve) -> Cell:
    values = [evaluate(part, resolve) for part in node.parts]
    if any(value is True for value in values):
        return True
    return None if any(value is None for value in values) else False


@evaluate.register
def _(node: predicates.Not, resolve: Resolve) -> Cell:
    value = evaluate(node.part, resolve)
    return None if value is None else not value
