"""What the API needs from the rest of the service; the composition root fills it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from fhir_adapter.api.queries import SearchQuery
from fhir_adapter.feedback import Feedback
from fhir_adapter.fhir.canonical import Canonicals
from fhir_adapter.fhir.incoming import IncomingLimits
from fhir_adapter.fhir.outcome import Fault

ReceiptStatus = Literal["accepted", "already-processed", "refused"]


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """What became of one payload. rows: rows mapped, by table. refused: nothing of it was kept.

    feedback: what became of each record in it.
    """

    receipt_id: str
    status: ReceiptStatus
    adapter: str
    rows: Mapping[str, int]
    issues: tuple[Fault, ...]
    feedback: Feedback = field(default_factory=Feedback)


@dataclass(frozen=True, slots=True)
class StoredResource:
    """One version of a published resource. last_updated: ISO text with offset. content: its JSON."""

    type: str
    id: str
    version_id: int
    last_updated: str
    content: bytes


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a search. total: matches over all pages. next_cursor: None on the last page."""

    entries: tuple[StoredResource, ...]
    total: int
    next_cursor: str | None


class ReceiveBundle(Protocol):
    """Takes a Bundle in. A transaction with an error is refused whole; a batch keeps what it can."""

    def __call__(self, raw: bytes, *, transaction: bool) -> ReceiptView: ...


class ReceiveIntake(Protocol):
    """Takes any payload in. adapter: None lets the service choose; name: what messages call the payload."""

    def __call__(self, raw: bytes, media_type: str, adapter: str | None, name: str) -> ReceiptView: ...


class ReadResource(Protocol):
    """One version of a resource, the current one when version is None; raises ResourceNotFound."""

    def __call__(self, resource_type: str, resource_id: str, version: int | None) -> StoredResource: ...


class TryMapping(Protocol):
    """Tries an adapter on a golden case or an input; keeps nothing. All raise AdapterUnknown and PayloadRefused."""

    def test(self, name: str, raw: bytes) -> Mapping[str, object]:
        """What comes of the case in the body, or of the adapter's own cases when it is empty."""

    def explain(self, name: str, raw: bytes, media_type: str) -> Mapping[str, object]:
        """Rows and issues of the input in the body."""

    def explain_row(
        self, name: str, raw: bytes, media_type: str, *, table: str, row: int, column: str | None
    ) -> Mapping[str, object]:
        """The cells of one row of the input in the body, each with its steps back to the input. row: from 1."""


@dataclass(frozen=True, slots=True)
class ConflictQuery:
    """Which conflicts are asked for; None stands for any. limit and skip: the page."""

    table: str | None
    column: str | None
    severity: str | None
    status: str | None
    source: str | None
    everything: bool
    limit: int
    skip: int


@dataclass(frozen=True, slots=True)
class SettlementRequest:
    """What somebody decides on a conflict: a value, or the source whose value to take."""

    author: str
    reason: str
    value: str | None
    take_source: str | None


class Worklist(Protocol):
    """Conflicts with the values of patients; for those who sent the token alone."""

    def is_allowed(self, token: str) -> bool:
        """Whether a bearer token is the one that was set."""

    def list(self, query: ConflictQuery) -> Mapping[str, object]:
        """One page of conflicts."""

    def settle(self, conflict_id: str, request: SettlementRequest) -> Mapping[str, object]:
        """The conflict once it is settled; raises ConflictUnknown and SettlementRefused."""

    def withdraw(self, conflict_id: str, author: str, reason: str) -> Mapping[str, object]:
        """The conflict once its settlement is withdrawn; raises ConflictUnknown and SettlementRefused."""


@dataclass(frozen=True, slots=True)
class Services:
    """The work behind the routes, and what the service says of itself.

    history: newest version first, raises ResourceNotFound. search: may raise SearchRefused for a cursor that it
    does not know. base_url: absolute, without `/fhir` and without a slash at its end.
    workbench: None where mappings are not to be tried. worklist: None where conflicts are not shown over HTTP.
    """

    receive_bundle: ReceiveBundle
    receive_intake: ReceiveIntake
    read: ReadResource
    history: Callable[[str, str], tuple[StoredResource, ...]]
    search: Callable[[str, SearchQuery], SearchPage]
    is_ready: Callable[[], bool]
    base_url: str
    software_version: str
    software_date: date
    synthetic: bool
    workbench: TryMapping | None = None
    worklist: Worklist | None = None
    canonicals: Canonicals = field(default_factory=Canonicals)
    limits: IncomingLimits = field(default_factory=IncomingLimits)

    @property
    def fhir_base(self) -> str:
        """Base of all FHIR URLs of this server."""
        return f"{self.base_url}/fhir"
