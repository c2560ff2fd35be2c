"""What leaves the mapping of one record: typed rows, identifiers apart from them, and issues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from fhir_adapter.sources.issues import Issue

Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = Mapping[str, Cell]
Home: TypeAlias = tuple[str, str]  # `person_key` and `valid_from` of a residence


class Identity(NamedTuple):
    """Identifiers of one person as received; they go to the linkage zone only, never into rows or messages.

    person_source_key: `person_key` of the row that they belong to. birth_date: ISO date, None when it is none.
    lived_from: ISO date of a former home, which tells nothing but its postcode; None for the present one.
    A tuple, because one is made for each line of a file and a frozen dataclass takes four times as long to make.
    """

    person_source_key: str
    role: str
    nhs_number: str | None
    nhs_number_status: str | None
    local_id: str | None
    local_id_system: str | None
    family_name: str | None
    given_name: str | None
    birth_date: str | None
    postcode: str | None
    lived_from: str | None = None


def identity_of(key: str, role: str, fields: Sequence[str | None], postcode: str | None) -> Identity:
    """An identity out of its fields in the order of the class, from nhs_number to birth_date."""
    nhs_number, status, local_id, local_id_system, family_name, given_name, birth_date = fields
    return Identity(
        key, role, nhs_number, status, local_id, local_id_system, family_name, given_name, birth_date, postcode
    )


@dataclass(frozen=True, slots=True)
class MappedRecord:
    """One bundle, or one batch of CSV rows of one provider, in the terms of the common model.

    source: name of the feed, `<adapter>` or `<adapter>:<provider ODS code>`.
    source_record_id: what the source calls the record; stable when it is sent again.
    recorded_at: ISO text when the source says when it recorded, else None.
    rows: table to rows; keys are source keys, every row of a table has the same columns.
    homes: postcodes of residences, apart from their rows; one that is not here has that of the person's identity.
    """

    source: str
    source_record_id: str
    recorded_at: str | None
    rows: Mapping[str, Sequence[Row]]
    identities: Sequence[Identity]
    issues: Sequence[Issue]
    homes: Mapping[Home, str] = field(default_factory=dict)
