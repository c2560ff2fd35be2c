"""The worklist over a store, for the routes that show it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy.engine import Engine

from fhir_adapter.api.services import ConflictQuery, SettlementRequest
from fhir_adapter.errors import SettingsInvalid
from fhir_adapter.settings import Settings
from fhir_adapter.store.resolution_log import Wanted
from fhir_adapter.wiring.guarding import while_store_answers
from fhir_adapter.wiring.store import now
from fhir_adapter.workflows.conflicts import Decision, Document, settle, withdraw, worklist

SHORTEST_TOKEN = 16  # characters


@dataclass(frozen=True, slots=True)
class GuardedWorklist:
    """Conflicts of a store, behind a token."""

    store: Engine
    token: SecretStr

    def is_allowed(self, token: str) -> bool:
        """Whether a bearer token is the one that was set."""
        return hmac.compare_digest(token.encode(), self.token.get_secret_value().encode())

    def list(self, query: ConflictQuery) -> Document:
        """One page of conflicts."""
        wanted = Wanted(query.table, query.column, query.severity, query.status, query.source, query.everything)
        return while_store_answers(worklist)(self.store, wanted, limit=query.limit, skip=query.skip)

    def settle(self, conflict_id: str, request: SettlementRequest) -> Document:
        """The conflict once it is settled."""
        decision = Decision(request.author, request.reason, request.value, request.take_source)
        return while_store_answers(settle)(self.store, conflict_id, decision, now())

    def withdraw(self, conflict_id: str, author: str, reason: str) -> Document:
        """The conflict once its settlement is withdrawn."""
        return while_store_answers(withdraw)(self.store, conflict_id, author=author, reason=reason, now=now())


def worklist_of(settings: Settings, store: Engine) -> GuardedWorklist | None:
    """The worklist where it is on. Raises SettingsInvalid when it is on without a token worth the name."""
    if not settings.worklist:
        return None
    token = settings.worklist_token
    if token is None or len(token.get_secret_value()) < SHORTEST_TOKEN:
        raise SettingsInvalid(
            f"PERINATAL_WORKLIST shows values of patients: set PERINATAL_WORKLIST_TOKEN to {SHORTEST_TOKEN} characters "
            "or more, or turn it off"
        )
    return GuardedWorklist(store, token)
