"""What sources took back: source rows that are out, whenever they came, and what hung on them.

A withdrawal is kept, so that the order of arrival does not matter: a row that was recorded up to the moment of the
withdrawal is out when it comes later too. A row that the source records after that moment stands again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.compiled import insert_sql
from fhir_adapter.store.entities import CLINICAL_TABLES, KEYED_BY_ANOTHER, entity_of, own_key
from fhir_adapter.store.instants import to_utc_text
from fhir_adapter.store.link_removal import forget_entries
from fhir_adapter.store.linkage_schema import LINK_TOUCHED
from fhir_adapter.store.model_schema import SOURCE
from fhir_adapter.store.operational_schema import LINK, LINKAGE_ZONE, SETTLEMENT, TOUCHED_KEY
from fhir_adapter.store.person_schema import WITHDRAWAL
from fhir_adapter.store.running import fetch
from fhir_adapter.store.source_rows import SourceRecord
from fhir_adapter.store.touched_keys import note_dirty_keys, touch_dependents
from indicator_engine.tables import TABLES, Table

PROVIDER_FOLLOWS = ":"  # in the name of a source: the adapter, then the provider
AT_ONCE = 300  # SQLite takes a limited number of parameters
# Rows that give a key its link, by table and column: those that relinking reads.
GIVEN_BY: Mapping[str, tuple[tuple[str, str], ...]] = {
    "person": (("person", "person_key"), ("residence", "person_key"), ("baby", "person_key")),
    "delivery": (("delivery", "delivery_key"), ("baby", "delivery_key")),
    "pregnancy": (("pregnancy", "pregnancy_key"), ("delivery", "pregnancy_key"), ("booking", "pregnancy_key")),
    "neonatal_episode": (("neonatal_episode", "episode_key"), ("neonatal_day", "episode_key")),
    **{
        entity: ((entity, own_key(TABLES[entity])),)
        for entity in ("baby", "booking", "care_plan", "hv_contact", "mh_referral", "mh_contact")
    },
}
ALWAYS = "9999"  # after every moment: rows of erased people go, whenever they were recorded


class WithdrawalKind(StrEnum):
    """withdrawn: the record of this key is out, with all that hangs on it. superseded: its earlier versions are."""

    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One key of a source that was taken back. moment: instant in UTC, or a date. receipt_id: of what said so."""

    source_key: str
    source: str
    kind: WithdrawalKind
    moment: str
    receipt_id: str

    def puts_out(self, recorded: str) -> bool:
        """Whether a row recorded at this moment is out."""
        return recorded < self.moment or (recorded == self.moment and self.kind is WithdrawalKind.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class RowKeys:
    """Keys of one source row, by the entity that each is of. own: the key that the row is known by."""

    table: Table
    source: str
    own: str
    receipt_id: str
    keys: tuple[tuple[str, str], ...]


def save_withdrawals(connection: Connection, withdrawals: Sequence[Withdrawal]) -> None:
    """Keep withdrawals; those known already are left alone."""
    if not withdrawals:
        return
    columns = tuple(column.name for column in WITHDRAWAL.columns)
    rows = [(each.source_key, each.source, str(each.kind), each.moment, each.receipt_id) for each in withdrawals]
    connection.exec_driver_sql(insert_sql(WITHDRAWAL, columns, connection.dialect.name), rows)


def is_anything_withdrawn(connection: Connection) -> bool:
    """Whether any source ever took anything back."""
    return bool(fetch(connection, "SELECT 1 FROM withdrawal LIMIT 1"))


def withdrawals_of(connection: Connection, keys: Collection[str]) -> list[Withdrawal]:
    """Withdrawals of any of these source keys, of every source."""
    columns = [WITHDRAWAL.c[name] for name in Withdrawal.__dataclass_fields__]
    found: list[Withdrawal] = []
    for batch in _batches(keys):
        for key, source, kind, *others in connection.execute(
            sa.select(*columns).where(WITHDRAWAL.c.source_key.in_(batch))
        ):
            found.append(Withdrawal(key, source, WithdrawalKind(kind), *others))
    return found


def standing(table: Table, record: SourceRecord, withdrawals: Sequence[Withdrawal]) -> SourceRecord:
    """The rows of a record that no withdrawal puts out."""
    given = record.provenance
    recorded = given.received_at if given.recorded_at is None else to_utc_text(given.recorded_at)
    out = [each for each in withdrawals if _is_sender(given.source, each.source) and each.puts_out(recorded)]
    whole = {each.source_key for each in out if each.kind is WithdrawalKind.WITHDRAWN}
    earlier = {each.source_key for each in out}
    named = [record.cells[name] for name in _key_columns(table) if name in record.cells]
    kept = [
        place
        for place, own in enumerate(record.cells[own_key(table)] if record.rows else ())
        if own not in earlier and not any(cells[place] in whole for cells in named)
    ]
    left = {name: [cells[place] for place in kept] for name, cells in record.cells.items()}
    return SourceRecord(given, left, len(kept))


def take_back(connection: Connection, withdrawals: Sequence[Withdrawal]) -> set[str]:
    """Remove the source rows that the withdrawals put out; gives the receipts that these rows came under.

    What stood on the rows is noted, so that the next resolution looks at it again.
    """
    receipts: set[str] = set()
    open_ones, seen = list(withdrawals), set(withdrawals)
    while open_ones:
        each = open_ones.pop()
        rows = _rows_out(connection, each)
        receipts |= {row.receipt_id for row in rows}
        _remove(connection, rows, each)
        if each.kind is WithdrawalKind.WITHDRAWN:
            hanging = [
                Withdrawal(row.own, row.source, each.kind, each.moment, each.receipt_id)
                for row in rows
                if row.table.name not in KEYED_BY_ANOTHER
            ]
            fresh = [found for found in dict.fromkeys(hanging) if found not in seen]
            # a late row that hangs on one of these must find it gone, even when it names nothing that was withdrawn
            save_withdrawals(connection, fresh if each.moment != ALWAYS else [])
            seen.update(fresh)
            open_ones += fresh
    return receipts


def _rows_out(connection: Connection, withdrawal: Withdrawal) -> list[RowKeys]:
    found: list[RowKeys] = []
    for table in CLINICAL_TABLES:
        twin = SOURCE[table.name]
        names = _key_columns(table)
        columns = names if withdrawal.kind is WithdrawalKind.WITHDRAWN else [own_key(table)]
        keys = [twin.c[name] for name in names]
        is_named = sa.or_(*(_place(table, twin, name) == withdrawal.source_key for name in columns))
        statement = sa.select(twin.c.source, twin.c.receipt_id, *keys).where(
            _is_of(twin, withdrawal), is_named, _is_out(twin, withdrawal)
        )
        for source, receipt_id, *cells in connection.execute(statement):
            by_column = dict(zip(names, cells, strict=True))
            found.append(
                RowKeys(
                    table,
                    source,
                    str(by_column[own_key(table)]),
                    receipt_id,
                    tuple((_entity(table, name), str(cell)) for name, cell in by_column.items() if cell is not None),
                )
            )
    # two senders may have the same key: which of them took it back is then not known
    return found if len({each.source for each in found} - {withdrawal.source}) <= 1 else []


def _is_of(twin: sa.Table, withdrawal: Withdrawal) -> sa.ColumnElement[bool]:
    """Whether a row is of the source that took back; where it named no provider, of any provider of its adapter."""
    is_same = twin.c.source == withdrawal.source
    if PROVIDER_FOLLOWS in withdrawal.source:
        return is_same
    return sa.or_(is_same, twin.c.source.startswith(f"{withdrawal.source}{PROVIDER_FOLLOWS}", autoescape=True))


def _is_sender(source: str, withdrawing: str) -> bool:
    return source == withdrawing or (
        PROVIDER_FOLLOWS not in withdrawing and source.startswith(f"{withdrawing}{PROVIDER_FOLLOWS}")
    )


def _remove(connection: Connection, rows: Sequence[RowKeys], withdrawal: Withdrawal) -> None:
    if not rows:
        return
    touched = dict.fromkeys((entity, row.source, key) for row in rows for entity, key in row.keys)
    connection.execute(
        sa.insert(TOUCHED_KEY),
        [{"entity": entity, "source": source, "source_key": key} for entity, source, key in touched],
    )
    touch_dependents(connection)
    note_dirty_keys(connection)
    _touch_people(connection, [(source, key) for entity, source, key in touched if entity == "person"])
    for table, source, own in dict.fromkeys((row.table.name, row.source, row.own) for row in rows):
        _remove_rows(connection, table, source, own, withdrawal)
    for entity, source, key in touched:
        _forget_bare_link(connection, entity, key, source)


def _remove_rows(connection: Connection, table_name: str, source: str, own: str, withdrawal: Withdrawal) -> None:
    table = next(each for each in CLINICAL_TABLES if each.name == table_name)
    twin = SOURCE[table_name]
    is_own = sa.and_(_place(table, twin, own_key(table)) == own, twin.c.source == source)
    # a row found by the key of another is out as itself; one found by its own key may have a version that stands
    connection.execute(sa.delete(twin).where(is_own, _is_out(twin, withdrawal)))
    if table_name in KEYED_BY_ANOTHER:
        return
    if connection.execute(sa.select(twin.c.source).where(is_own).limit(1)).first() is None:
        _forget_key(connection, entity_of(table), own, source, is_for_good=withdrawal.moment == ALWAYS)


def _forget_key(connection: Connection, entity: str, key: str, source: str, *, is_for_good: bool) -> None:
    """Nothing of this key is left: neither its link nor its identifiers may stay; the history of the link may.

    is_for_good: the person is erased, and the history goes too, with what was settled, for that holds values.
    """
    if is_for_good:
        connection.execute(sa.delete(SETTLEMENT).where(*_is_key(SETTLEMENT, entity, key, source)))
    connection.execute(sa.delete(LINK).where(*_is_key(LINK, entity, key, source)))
    if entity == "person":
        forget_entries(connection, _entries(connection, [(source, key)]), with_history=is_for_good)


def _forget_bare_link(connection: Connection, entity: str, key: str, source: str) -> None:
    """Remove the link of a key that no row gives any more, such as of a delivery that only a birth named."""
    for name, column in GIVEN_BY.get(entity, ()):
        table = next(each for each in CLINICAL_TABLES if each.name == name)
        twin = SOURCE[name]
        is_given = sa.select(twin.c.source).where(_place(table, twin, column) == key, twin.c.source == source)
        if connection.execute(is_given.limit(1)).first() is not None:
            return
    if entity == "person" and _entries(connection, [(source, key)]):
        return
    connection.execute(sa.delete(LINK).where(*_is_key(LINK, entity, key, source)))


def _touch_people(connection: Connection, people: Sequence[tuple[str, str]]) -> None:
    """Note people named in rows that go: who is whose mother may rest on these rows alone."""
    noted = [{"entry_key": each} for each in _entries(connection, people)]
    if noted:
        connection.execute(sa.insert(LINK_TOUCHED), noted)


def _entries(connection: Connection, people: Sequence[tuple[str, str]]) -> list[str]:
    """Entries of people, each given by source and key."""
    asked = sa.select(LINKAGE_ZONE.c.entry_key)
    return [
        entry
        for source, key in people
        for entry in connection.execute(
            asked.where(LINKAGE_ZONE.c.source == source, LINKAGE_ZONE.c.source_key == key)
        ).scalars()
    ]


def _is_key(table: sa.Table, entity: str, key: str, source: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.entity == entity, table.c.source == source, table.c.source_key == key


def _is_out(twin: sa.Table, withdrawal: Withdrawal) -> sa.ColumnElement[bool]:
    # a row that says not when it was recorded counts as recorded when it came
    recorded = sa.func.coalesce(twin.c.recorded_at, twin.c.received_at)
    is_earlier_only = withdrawal.kind is WithdrawalKind.SUPERSEDED
    return recorded < withdrawal.moment if is_earlier_only else recorded <= withdrawal.moment


def _key_columns(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name.endswith("_key")]


def _place(table: Table, twin: sa.Table, column: str) -> sa.ColumnElement[Any]:
    # a single key is found through the primary key of the twin
    return twin.c["record_key" if table.key == (column,) else column]


def _entity(table: Table, column: str) -> str:
    references = table.column(column).references
    return references if references is not None else entity_of(table)


def _batches(values: Iterable[str]) -> Iterator[list[str]]:
    distinct = sorted(set(values))
    return (distinct[start : start + AT_ONCE] for start in range(0, len(distinct), AT_ONCE))
