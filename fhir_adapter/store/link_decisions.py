"""What people see of links and decide about them: keys and reasons, never an identifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.store.linkage_schema import LINK_DECISION, LINK_HISTORY, LINK_PAIR
from fhir_adapter.store.operational_schema import LINK, LINKAGE_ZONE

ID_CHARACTERS = 12  # of a digest: enough to name one of a million pairs
ZONE = LINKAGE_ZONE


@dataclass(frozen=True, slots=True)
class LinkCount:
    """How many entries a pass linked, and how they stand."""

    role: str
    pass_name: str
    status: str
    entries: int


@dataclass(frozen=True, slots=True)
class ReviewPair:
    """A question for people: whether two entries are one person. id: names the pair in a decision."""

    id: str
    role: str
    pass_name: str
    reason: str
    weight: float | None
    probability: float | None
    model_version: str | None
    left_entry: str
    left_person: str
    left_source: str
    right_entry: str
    right_person: str
    right_source: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided. kind: accept, reject, merge or separate. revoked_by: who took it back."""

    id: str
    kind: str
    left_entry: str
    right_entry: str
    author: str
    reason: str
    decided_at: str
    revoked_by: str | None = None
    revoked_at: str | None = None


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A link that changed: the entry, the person that it stood for, and the one that it stands for now."""

    entry_key: str
    from_key: str
    to_key: str
    pass_name: str
    weight: float | None
    model_version: str | None
    changed_at: str
    why: str


def count_links(connection: Connection) -> list[LinkCount]:
    """Entries by role, pass and status."""
    columns = (ZONE.c.role, LINK.c.pass_name, sa.func.coalesce(LINK.c.status, ""))
    found = sa.select(*columns, sa.func.count()).join_from(ZONE, LINK, _is_own(LINK)).group_by(*columns)
    return [LinkCount(*row) for row in connection.execute(found.order_by(*columns))]


def open_pairs(connection: Connection) -> list[ReviewPair]:
    """Every pair that waits for somebody, the likeliest first."""
    return _review_pairs(connection, LINK_PAIR.c.status == "open")


def find_pair(connection: Connection, pair_id: str) -> ReviewPair | None:
    """A pair by its id, whatever became of it."""
    return next((each for each in _review_pairs(connection, sa.true()) if each.id == pair_id), None)


def entries_of_person(connection: Connection, person_key: str) -> list[str]:
    """Entries that stand for a person, in order."""
    found = sa.select(ZONE.c.entry_key).join_from(ZONE, LINK, _is_own(LINK)).where(LINK.c.resolved_key == person_key)
    return list(connection.execute(found.order_by(ZONE.c.entry_key)).scalars())


def joined_pairs(connection: Connection, entry_keys: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs by which the program itself put these entries together."""
    found = (
        sa.select(LINK_PAIR.c.left_entry, LINK_PAIR.c.right_entry)
        .where(LINK_PAIR.c.left_entry.in_(entry_keys), LINK_PAIR.c.status == "joined")
        .order_by(LINK_PAIR.c.left_entry, LINK_PAIR.c.right_entry)
    )
    return [(left, right) for left, right in connection.execute(found)]


def list_decisions(connection: Connection, entry_keys: Sequence[str] | None = None) -> list[Decision]:
    """Decisions on these entries, or all; those taken back too."""
    names = Decision.__dataclass_fields__
    found = sa.select(*(LINK_DECISION.c[name] for name in names))
    if entry_keys is not None:
        sides = (LINK_DECISION.c.left_entry, LINK_DECISION.c.right_entry)
        found = found.where(sa.or_(*(side.in_(entry_keys) for side in sides)))
    return [
        Decision(*row) for row in connection.execute(found.order_by(LINK_DECISION.c.decided_at, LINK_DECISION.c.id))
    ]


def save_decision(connection: Connection, kind: str, pair: tuple[str, str], by: tuple[str, str], at: str) -> Decision:
    """Keep a decision on two entries; by: author and reason. The same decision of the same moment is kept once."""
    left, right = sorted(pair)
    author, reason = by
    decision = Decision(_id(kind, left, right, at), kind, left, right, author, reason, at)
    is_known = connection.execute(sa.select(LINK_DECISION.c.id).where(LINK_DECISION.c.id == decision.id)).first()
    if is_known is None:
        row = {name: getattr(decision, name) for name in Decision.__dataclass_fields__}
        connection.execute(sa.insert(LINK_DECISION).values(row))
    return decision


def revoke_decision(connection: Connection, decision_id: str, author: str, at: str) -> None:
    """Note that a decision no longer stands; it is kept."""
    of_id = sa.update(LINK_DECISION).where(LINK_DECISION.c.id == decision_id, LINK_DECISION.c.revoked_at.is_(None))
    connection.execute(of_id.values(revoked_by=author, revoked_at=at))


def list_history(connection: Connection, person_key: str | None) -> list[LinkChange]:
    """Every change of a link from or to a person, or all, oldest first."""
    names = LinkChange.__dataclass_fields__
    found = sa.select(*(LINK_HISTORY.c[name] for name in names))
    if person_key is not None:
        found = found.where(sa.or_(LINK_HISTORY.c.from_key == person_key, LINK_HISTORY.c.to_key == person_key))
    order = (LINK_HISTORY.c.changed_at, LINK_HISTORY.c.entry_key, LINK_HISTORY.c.to_key)
    return [LinkChange(*row) for row in connection.execute(found.order_by(*order))]


def _is_own(link: sa.FromClause, zone: sa.FromClause = ZONE) -> sa.ColumnElement[bool]:
    return sa.and_(link.c.entity == "person", link.c.source_key == zone.c.source_key, link.c.source == zone.c.source)


def _review_pairs(connection: Connection, condition: sa.ColumnElement[bool]) -> list[ReviewPair]:
    left, right = ZONE.alias("left_side"), ZONE.alias("right_side")
    left_link, right_link = LINK.alias("left_link"), LINK.alias("right_link")
    found = (
        sa.select(
            left.c.role,
            *(LINK_PAIR.c[name] for name in ("pass_name", "reason", "weight", "probability", "model_version")),
            *(left.c.entry_key, left_link.c.resolved_key, left.c.source),
            *(right.c.entry_key, right_link.c.resolved_key, right.c.source),
        )
        .select_from(
            LINK_PAIR.join(left, left.c.entry_key == LINK_PAIR.c.left_entry)
            .join(right, right.c.entry_key == LINK_PAIR.c.right_entry)
            .join(left_link, _is_own(left_link, left))
            .join(right_link, _is_own(right_link, right))
        )
        .where(condition)
        .order_by(sa.func.coalesce(LINK_PAIR.c.probability, 0).desc(), left.c.entry_key, right.c.entry_key)
    )
    return [ReviewPair(_id(str(row[6]), str(row[9])), *tuple(row)) for row in connection.execute(found)]


def _id(*parts: str) -> str:
    return sha256("|".join(parts).encode()).hexdigest()[:ID_CHARACTERS]
