"""Releases: everything published at one moment, each resource with all its versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from fhir_adapter.errors import ResourceNotFound
from fhir_adapter.store.instants import instant_text
from fhir_adapter.store.operational_schema import RELEASE, RESOURCE
from fhir_adapter.store.outbox import VersionToSend, enqueue


@dataclass(frozen=True, slots=True)
class SearchColumns:
    """What a resource can be found by. Dates are ISO text; None: the resource has no such element."""

    measure: str | None = None
    measure_version: str | None = None
    subject: str | None = None
    reporter: str | None = None
    identifier_system: str | None = None
    identifier: str | None = None
    name: str | None = None
    url: str | None = None
    period_start: str | None = None
    period_end: str | None = None
    date: str | None = None
    status: str | None = None
    length: str | None = None
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class ResourceToSave:
    """One resource as it shall be published.

    digest: of all that matters in the content, without the moment of release; by default that of the content.
    """

    type: str
    id: str
    content: bytes
    columns: SearchColumns = field(default_factory=SearchColumns)
    digest: str | None = None

    @property
    def saved_digest(self) -> str:
        """The digest by which a change is noticed."""
        return self.digest or sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class NewRelease:
    """What is said of a release. as_of: calendar date as ISO text. inputs_hash: digest of the counts it was made of."""

    id: str
    number: int
    created_at: datetime
    as_of: str
    preset: str
    audience: str
    reporter: str
    engine: str
    inputs_hash: str
    status: str
    report_count: int


@dataclass(frozen=True, slots=True)
class SavedRelease:
    """What became of the resources of a release. queued: entries made in the outbox."""

    number: int
    changed: int
    unchanged: int
    queued: int


@dataclass(frozen=True, slots=True)
class SavedResource:
    """One version of a resource. last_updated: instant in UTC as text."""

    type: str
    id: str
    version_id: int
    last_updated: str
    content: bytes


SAVED_COLUMNS = [RESOURCE.c[name] for name in SavedResource.__dataclass_fields__]


def next_release_number(connection: Connection) -> int:
    """One more than the number of the last release; 1 for the first."""
    last: int | None = connection.execute(sa.select(sa.func.max(RELEASE.c.number))).scalar_one()
    return (last or 0) + 1


@dataclass(frozen=True, slots=True)
class ListedRelease:
    """A release as it is listed. created_at: instant in UTC as text."""

    number: int
    created_at: str
    as_of: str
    preset: str
    audience: str
    reporter: str
    engine: str
    inputs_hash: str
    status: str
    report_count: int


def list_releases(connection: Connection) -> tuple[ListedRelease, ...]:
    """Every release, newest first."""
    columns = [RELEASE.c[name] for name in ListedRelease.__dataclass_fields__]
    return tuple(
        ListedRelease(*row) for row in connection.execute(sa.select(*columns).order_by(RELEASE.c.number.desc()))
    )


def save_release(
    connection: Connection, release: NewRelease, resources: Sequence[ResourceToSave], targets: Sequence[str]
) -> SavedRelease:
    """Keep a release, the resources that changed and the outbox entries, in the caller's transaction.

    A resource whose digest is that of its current version keeps that version. Every target is queued the versions
    that it was never queued: those that changed, and all of them when it is new.
    """
    connection.execute(sa.insert(RELEASE).values(asdict(release) | {"created_at": instant_text(release.created_at)}))
    known = _current_versions(connection, {each.type for each in resources})
    pairs = [(each, _version(each, known)) for each in resources]
    changed = [(each, version) for each, version in pairs if not _is_known(version, known)]
    _replace_current(connection, [version for _, version in changed if version.version_id > 1])
    if changed:
        connection.execute(sa.insert(RESOURCE), [_row(each, version, release) for each, version in changed])
    queued = enqueue(connection, [version for _, version in pairs], targets, release.created_at)
    return SavedRelease(release.number, len(changed), len(resources) - len(changed), queued)


def load_resource(
    connection: Connection, resource_type: str, resource_id: str, *, audience: str, version: int | None = None
) -> SavedResource:
    """One version, the current one when `version` is None.

    Raises ResourceNotFound when there is none, or none for this audience.
    """
    statement = _visible(resource_type, audience).where(RESOURCE.c.id == resource_id)
    wanted = RESOURCE.c.is_current if version is None else RESOURCE.c.version_id == version
    row = connection.execute(statement.where(wanted)).first()
    if row is None:
        raise ResourceNotFound(resource_type, resource_id)
    return SavedResource(*row)


def load_history(
    connection: Connection, resource_type: str, resource_id: str, *, audience: str
) -> tuple[SavedResource, ...]:
    """All versions, the newest first. Raises ResourceNotFound when there is none for this audience."""
    statement = _visible(resource_type, audience).where(RESOURCE.c.id == resource_id)
    rows = connection.execute(statement.order_by(RESOURCE.c.version_id.desc())).all()
    if not rows:
        raise ResourceNotFound(resource_type, resource_id)
    return tuple(SavedResource(*row) for row in rows)


def load_current(connection: Connection, resource_type: str, *, audience: str) -> tuple[SavedResource, ...]:
    """Every current resource of a type, by id: for types of which there are few."""
    statement = _visible(resource_type, audience).where(RESOURCE.c.is_current).order_by(RESOURCE.c.id)
    return tuple(SavedResource(*row) for row in connection.execute(statement))


def is_visible(audience: str) -> sa.ColumnElement[bool]:
    """Whether a resource may be shown to an audience; one without an audience may be shown to all."""
    return sa.or_(RESOURCE.c.audience.is_(None), RESOURCE.c.audience == audience)


def _visible(resource_type: str, audience: str) -> sa.Select[str, str, int, str, bytes]:
    return sa.select(*SAVED_COLUMNS).where(RESOURCE.c.type == resource_type, is_visible(audience))


KnownVersions = dict[tuple[str, str], tuple[str, int]]  # digest and version by type and id


def _current_versions(connection: Connection, types: set[str]) -> KnownVersions:
    statement = sa.select(RESOURCE.c.type, RESOURCE.c.id, RESOURCE.c.digest, RESOURCE.c.version_id)
    rows = connection.execute(statement.where(RESOURCE.c.type.in_(sorted(types)), RESOURCE.c.is_current))
    return {(row.type, row.id): (row.digest, row.version_id) for row in rows}


def _version(resource: ResourceToSave, known: KnownVersions) -> VersionToSend:
    """The current version when nothing changed, else the next."""
    digest, version = known.get((resource.type, resource.id), ("", 0))
    number = version if digest == resource.saved_digest else version + 1
    return VersionToSend(resource.type, resource.id, number, resource.saved_digest)


def _is_known(version: VersionToSend, known: KnownVersions) -> bool:
    return known.get((version.resource_type, version.resource_id)) == (version.digest, version.version_id)


def _replace_current(connection: Connection, versions: Sequence[VersionToSend]) -> None:
    if versions:
        replaced = [{"of_type": each.resource_type, "of_id": each.resource_id} for each in versions]
        connection.execute(_NO_LONGER_CURRENT, replaced)


_NO_LONGER_CURRENT = (
    sa.update(RESOURCE)
    .where(RESOURCE.c.type == sa.bindparam("of_type"), RESOURCE.c.id == sa.bindparam("of_id"), RESOURCE.c.is_current)
    .values(is_current=False)
)


def _row(resource: ResourceToSave, version: VersionToSend, release: NewRelease) -> dict[str, object]:
    return asdict(resource.columns) | {
        "type": resource.type,
        "id": resource.id,
        "version_id": version.version_id,
        "release_id": release.id,
        "last_updated": instant_text(release.created_at),
        "content": resource.content,
        "digest": version.digest,
        "is_current": True,
    }
