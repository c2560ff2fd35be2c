"""The entries of one transaction bundle, and the references between them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from synthetic_bundles.fhir_codes import Resource

Fact = tuple[Resource, Resource | None]  # what was looked at, and its value[x], None when it is not known
NOTHING_MORE: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one bundle as they come. prefix: all of their UUIDs but the last eight digits."""

    prefix: str
    written: list[Resource] = field(default_factory=list)

    def resource_id(self, number: int) -> str:
        return f"{self.prefix}{number:08x}"

    def reference(self, number: int) -> Resource:
        """A reference to the resource of this number, by its fullUrl."""
        return {"reference": f"urn:uuid:{self.prefix}{number:08x}"}

    def add(self, number: int, resource_type: str, content: Mapping[str, object]) -> None:
        """Write a resource under this number; its type and id come first, and elements that are None are left out."""
        resource_id = f"{self.prefix}{number:08x}"
        known = content if None not in content.values() else _without_none(content)
        self.written.append(
            {
                "fullUrl": f"urn:uuid:{resource_id}",
                "resource": {"resourceType": resource_type, "id": resource_id, **known},
                "request": {"method": "PUT", "url": f"{resource_type}/{resource_id}"},
            }
        )

    def add_observation(
        self, number: int, code: Resource, subject: Resource, at: str | None, value: Mapping[str, object]
    ) -> None:
        """Write a final observation. at: date or date-time. value: its value[x], with encounter where there is one."""
        content = {"status": "final", "code": code, "subject": subject, "effectiveDateTime": at, **value}
        self.add(number, "Observation", content)

    def add_observations(
        self,
        first_number: int,
        facts: Iterable[Fact],
        subject: Resource,
        at: str | None,
        more: Mapping[str, object] = NOTHING_MORE,
    ) -> None:
        """Write the facts that are known, numbered by their place among all of the facts.

        more: elements that all of them have, such as their encounter.
        """
        for number, (code, value) in enumerate(facts, start=first_number):
            if value is not None:
                self.add_observation(number, code, subject, at, {**value, **more})


def _without_none(content: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in content.items() if value is not None}
