"""Who publishes, and which trust a provider reports under: read from the tree of organisations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from fhir_adapter.store.database import reading
from fhir_adapter.store.reference_tables import Organisation, list_organisations

SYSTEM = "lmns"
TRUST = "trust"
UNNAMED_REPORTER = Organisation("LOCAL", "Local maternity and neonatal system", SYSTEM, None)


@dataclass(frozen=True, slots=True)
class OrganisationTree:
    """The organisations that were loaded, and the reporter among them."""

    reporter: Organisation
    known: Mapping[str, Organisation]

    def subject_of(self) -> dict[str, str]:
        """The trust that each known organisation reports under, by code; those below no trust are left out."""
        found = {code: self._trust_of(code) for code in self.known}
        return {code: trust for code, trust in found.items() if trust is not None}

    def with_subjects(self, subjects: Iterable[str]) -> list[Organisation]:
        """The known organisations, the reporter, and every further code that a report is about, by code."""
        found = dict(self.known) | {self.reporter.code: self.reporter}
        for code in subjects:
            found.setdefault(code, Organisation(code, code, TRUST, self.reporter.code))
        return [found[code] for code in sorted(found)]

    def _trust_of(self, code: str) -> str | None:
        seen: set[str] = set()
        while code in self.known and code not in seen:
            seen.add(code)
            if self.known[code].kind == TRUST:
                return code
            code = self.known[code].parent_code or ""
        return None


def read_tree(database: Engine, reporter: str | None) -> OrganisationTree:
    """The tree with its reporter: the one that is set, else the only system that was loaded, else a nameless one."""
    with reading(database) as connection:
        known = {each.code: each for each in list_organisations(connection)}
    systems = [each for each in known.values() if each.kind == SYSTEM]
    if reporter is not None:
        return OrganisationTree(known.get(reporter, Organisation(reporter, reporter, SYSTEM, None)), known)
    return OrganisationTree(systems[0] if len(systems) == 1 else UNNAMED_REPORTER, known)
