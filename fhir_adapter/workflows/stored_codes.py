"""Codes without a place in what is stored, for a mapping that is to be completed before `--remap`."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.engine import Engine

from fhir_adapter.sources.unmapped import UnmappedCodes
from fhir_adapter.store.database import reading
from fhir_adapter.store.sealing import Sealer
from fhir_adapter.store.stored_payloads import list_payloads, open_inputs

CSV = "text/csv"


def stored_codes(
    engine: Engine, sealer: Sealer, codes_of: Callable[[str], UnmappedCodes], *, adapter_name: str | None
) -> dict[str, UnmappedCodes]:
    """The codes of every stored payload by adapter, of one adapter or of all; a place is that in its receipt.

    codes_of: makes the empty count for an adapter. One payload at a time is in memory; a CSV file as a whole.
    Raises PayloadRefused for a payload that the mapping of today does not read, and SealBroken.
    """
    found: dict[str, UnmappedCodes] = {}
    with reading(engine) as connection:
        stored = list_payloads(connection, adapter_name)
        for receipts, raw in open_inputs(connection, stored, sealer):
            first = receipts[0]
            if first.adapter not in found:
                found[first.adapter] = codes_of(first.adapter)
            found[first.adapter].add_content(f"receipt {first.receipt_id}", raw, is_csv=first.media_type == CSV)
    return found
