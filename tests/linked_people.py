"""Submissions about mothers and babies, as three systems send them, linked and resolved: for tests of the linkage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from fhir_adapter.sources.records import Identity
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.entities import CLINICAL_TABLES
from fhir_adapter.store.linkage_zone import save_zone_entries
from fhir_adapter.store.operational_schema import LINK, LINKAGE_ZONE
from fhir_adapter.store.resolved import resolve_all
from fhir_adapter.store.schema import LINK_CLUSTER, LINK_KIN, LINK_PAIR, RESOLVED
from fhir_adapter.store.sealing import Sealer
from fhir_adapter.store.source_rows import Cell, Provenance, save_source_rows
from fhir_adapter.workflows.identities import Pseudonyms, Told, zone_entries
from fhir_adapter.workflows.linkage import Change, link_people

KEY = bytes(range(32))
PSEUDONYMS = Pseudonyms(KEY)
# valid numbers of the synthetic range
NUMBERS = tuple(
    f"{stem}{check}"
    for stem in range(999000000, 999000400)
    for check in [(11 - sum(int(digit) * (10 - place) for place, digit in enumerate(str(stem))) % 11) % 11]
    if check < 10
)
WRONG_NUMBER = "9990000001"
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a source tells them."""

    key: str
    number: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    local_id: str | None = None
    status: str | None = None
    family: str | None = None
    given: str | None = None
    postcode: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One receipt of one source."""

    receipt: str
    source: str
    recorded_at: str | None
    mother: Person | None
    babies: Sequence[tuple[Person, Row]]
    has_delivery: bool = True


def mother(key: str = "m", **told: str | None) -> Person:
    """A mother born on 1 May 1990."""
    return Person(key, **({"birth_date": "1990-05-01", "sex": "2"} | told))


def baby(key: str = "b", **told: str | None) -> Person:
    """A girl born on 2 March 2026."""
    return Person(key, **({"birth_date": "2026-03-02", "sex": "2"} | told))


def facts(**cells: Cell) -> Row:
    """What a record says of a birth."""
    given: dict[str, Cell] = {
        "birth_datetime": "2026-03-02T04:15:00+00:00",
        "birth_weight_g": 2460,
        "gestation_days": 257,
        "birth_order": 1,
    }
    return given | cells


def maternity(
    receipt: str, woman: Person | None, *babies: tuple[Person, Row], source: str = "mat:RSA", at: str | None = None
) -> Submission:
    """A birth as a maternity system sends it."""
    outcome: Row = {"outcome": "01", "delivery_method": "0"}
    return Submission(receipt, source, at, woman, [(person, {**row, **outcome}) for person, row in babies])


def stay(
    receipt: str, woman: Person | None, child: Person, row: Row, *, source: str = "neo:RSA", at: str | None = None
) -> Submission:
    """A stay as a neonatal unit sends it: without outcome, and of one baby."""
    return Submission(receipt, source, at, woman, [(child, row)], has_delivery=row.get("birth_order") != 2)


def submit(connection: Connection, sent: Submission) -> None:
    """Keep rows and identifiers."""
    provenance = Provenance(sent.source, "record", None, sent.recorded_at, "2026-04-01T00:00:00Z", sent.receipt, "1")
    people = [*([] if sent.mother is None else [sent.mother]), *(person for person, _ in sent.babies)]
    roles = {person.key: "baby" for person, _ in sent.babies}
    rows = [
        {"person_key": each.key, "role": roles.get(each.key, "mother"), "birth_date": each.birth_date, "sex": each.sex}
        for each in people
    ]
    save_source_rows(connection, "person", rows, provenance)
    _save_births(connection, sent, provenance)
    identities = [_identity(each, roles.get(each.key, "mother")) for each in people]
    told = Told(sent.source, sent.recorded_at, {each.key: each.sex for each in people if each.sex is not None})
    save_zone_entries(connection, list(zone_entries(identities, told, PSEUDONYMS, synthetic=True)), Sealer(KEY))


def _save_births(connection: Connection, sent: Submission, provenance: Provenance) -> None:
    delivery = f"d-{sent.mother.key if sent.mother else sent.babies[0][0].key}" if sent.has_delivery else None
    mother_key = None if sent.mother is None else sent.mother.key
    keys = {"delivery_key": delivery, "mother_key": mother_key}
    rows = [{"baby_key": each.key, "person_key": each.key, **keys, **row} for each, row in sent.babies]
    save_source_rows(connection, "baby", rows, provenance)
    if delivery is not None:
        pregnancy = None if mother_key is None else f"p-{mother_key}"
        save_source_rows(connection, "delivery", [{"delivery_key": delivery, "pregnancy_key": pregnancy}], provenance)
        if pregnancy is not None:
            told = [{"pregnancy_key": pregnancy, "mother_key": mother_key}]
            save_source_rows(connection, "pregnancy", told, provenance)


def _identity(person: Person, role: str) -> Identity:
    system = None if person.local_id is None else "https://example.org/hospital-number/RSA"
    names = (person.family, person.given, person.birth_date, person.postcode)
    return Identity(person.key, role, person.number, person.status, person.local_id, system, *names)


def take_in(store: Engine, *batches: Iterable[Submission]) -> None:
    """Take submissions in, batch by batch, linking and resolving what each batch touches."""
    for batch in batches:
        with writing(store) as connection:
            sent = list(batch)
            for each in sent:
                submit(connection, each)
            receipts = [each.receipt for each in sent]
            link_people(connection, receipts=receipts, change=Change("2026-04-01T00:00:00Z", "received"))
            resolve_all(connection, touched=receipts)


def link_everything(store: Engine) -> None:
    """Link and resolve the whole store again."""
    with writing(store) as connection:
        link_people(connection, receipts=None, change=Change("2026-04-02T00:00:00Z", "all linked again"))
        resolve_all(connection, touched=None)


def people(store: Engine) -> dict[tuple[str, str], str]:
    """Person of each entry, by source and key."""
    return {(row.source, row.source_key): row.resolved_key for row in links(store)}


def links(store: Engine) -> Sequence[sa.Row[tuple[str, ...]]]:
    """Every link of a person, in order."""
    found = sa.select(LINK).where(LINK.c.entity == "person").order_by(LINK.c.source, LINK.c.source_key)
    with reading(store) as connection:
        return connection.execute(found).all()


def pairs(store: Engine) -> list[tuple[str, str, str, str]]:
    """Pass, verdict, reason and status of every pair, in order."""
    columns = (LINK_PAIR.c.pass_name, LINK_PAIR.c.verdict, LINK_PAIR.c.reason, LINK_PAIR.c.status)
    with reading(store) as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns))]


def everything(store: Engine) -> dict[str, list[tuple[object, ...]]]:
    """All that the linkage and the resolution made, in an order of its own."""
    zone = sa.select(*(LINKAGE_ZONE.c[name] for name in ("source", "source_key", "rank", "core_key", "core_pass")))
    with reading(store) as connection:
        made = {name: _rows(connection, sa.select(RESOLVED[name])) for name in (*_names(), "resolution")}
        made |= {table.name: _rows(connection, sa.select(table)) for table in (LINK, LINK_PAIR, LINK_CLUSTER, LINK_KIN)}
        return made | {"zone": _rows(connection, zone)}


def _rows(connection: Connection, found: sa.Select[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return sorted((tuple(row) for row in connection.execute(found)), key=repr)


def _names() -> list[str]:
    return [table.name for table in CLINICAL_TABLES]
