"""The entries of one transaction bundle, and the references between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from synthetic_bundles.fhir_codes import Resource


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
        """Write a resource under this number; its type and id come first."""
        resource_id = f"{self.prefix}{number:08x}"
        self.written.append(
            {
                "fullUrl": f"urn:uuid:{resource_id}",
                "resource": {"resourceType": resource_type, "id": resource_id, **content},
                "request": {"method": "PUT", "url": f"{resource_type}/{resource_id}"},
            }
        )

    def add_observation(
        self, number: int, code: Resource, subject: Resource, at: str, value: Mapping[str, object]
    ) -> None:
        """Write a final observation. value: its value[x], with encounter where there is one."""
        content = {"status": "final", "code": code, "subject": subject, "effectiveDateTime": at, **value}
        self.add(number, "Observation", content)
