"""Every table of the store: the common model, its source twins, and what the service itself keeps."""

from __future__ import annotations

from fhir_adapter.store.metadata import METADATA
from fhir_adapter.store.model_schema import RESOLVED, SOURCE, record_keys_of
from fhir_adapter.store.operational_schema import (
    CONTESTED_CELL,
    COUNT_CELL,
    COUNT_RUN,
    COUNTED_EVENT,
    DIRTY_KEY,
    FIELD_VALUE,
    LINK,
    LINKAGE_ZONE,
    OUTBOX,
    PAYLOAD,
    QUARANTINE,
    RECEIPT,
    RECEIPT_ISSUE,
    REFERENCE_IMD,
    REFERENCE_POSTCODE,
    RELEASE,
    RESOURCE,
    SETTLEMENT,
    SOURCE_SYSTEM,
    TOUCHED_KEY,
    UNRESOLVED_RECEIPT,
)

__all__ = [
    "CONTESTED_CELL",
    "COUNTED_EVENT",
    "COUNT_CELL",
    "COUNT_RUN",
    "DIRTY_KEY",
    "FIELD_VALUE",
    "LINK",
    "LINKAGE_ZONE",
    "METADATA",
    "OUTBOX",
    "PAYLOAD",
    "QUARANTINE",
    "RECEIPT",
    "RECEIPT_ISSUE",
    "REFERENCE_IMD",
    "REFERENCE_POSTCODE",
    "RELEASE",
    "RESOLVED",
    "RESOURCE",
    "SETTLEMENT",
    "SOURCE",
    "SOURCE_SYSTEM",
    "TOUCHED_KEY",
    "UNRESOLVED_RECEIPT",
    "record_keys_of",
]
