"""A document bundle that grows: its entries, and which of them stand in which section."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from synthetic_bundles.bfdr_codes import Certificate, Item
from synthetic_bundles.fhir_codes import Resource

BUNDLE, COMPOSITION, CHILD, MOTHER, FATHER, MATERNITY, BIRTH, PLACE = range(8)  # numbers; facts start at 16
NUMBERS_A_BABY = 256


@dataclass(frozen=True, slots=True)
class Document:
    """The certificate of one baby. prefix: all of its UUIDs but the last eight digits. position: of the baby, from 1.

    sections: references by LOINC code of the section, in the order in which the sections began.
    """

    certificate: Certificate
    prefix: str
    position: int
    entries: list[Resource] = field(default_factory=list)
    sections: dict[str, list[Resource]] = field(default_factory=dict)

    def resource_id(self, number: int) -> str:
        return f"{self.prefix}{NUMBERS_A_BABY * self.position + number:08x}"

    def reference(self, number: int) -> Resource:
        """A reference to the resource of this number, by its fullUrl."""
        return {"reference": f"urn:uuid:{self.resource_id(number)}"}

    def add(self, number: int, resource_type: str, content: Mapping[str, object]) -> None:
        """Write a resource under this number; its type and id come first."""
        resource_id = self.resource_id(number)
        resource = {"resourceType": resource_type, "id": resource_id, **content}
        self.entries.append({"fullUrl": f"urn:uuid:{resource_id}", "resource": resource})

    def add_item(self, item: Item, resource_type: str, content: Mapping[str, object]) -> None:
        """Write a fact and list it in its section."""
        self.add(item.number, resource_type, {**item.head, **content})
        self.sections.setdefault(self.certificate.sections[item.section], []).append(self.reference(item.number))

    def observe_child(self, item: Item, value: Resource | None, *, at: str | None) -> None:
        """Write an observation of the child; without a value there is none."""
        if value is not None:
            self.add_item(item, "Observation", {"subject": self.reference(CHILD), **_effective(at), **value})

    def observe_parent(self, item: Item, value: Resource | None, *, parent: int = MOTHER, at: str | None) -> None:
        """Write an observation of a parent: subject is the child, whose certificate it is, and focus the parent."""
        if value is not None:
            about = {"subject": self.reference(CHILD), "focus": [self.reference(parent)]}
            self.add_item(item, "Observation", {**about, **_effective(at), **value})


def _effective(at: str | None) -> Resource:
    return {} if at is None else {"effectiveDateTime": at}
