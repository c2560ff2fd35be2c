"""The only composition root: settings become a store, an intake, an evaluation, an application."""

from fhir_adapter.wiring.evaluation import (
    count_and_keep,
    disclosed_latest,
    drain,
    publish_latest,
    tree_of,
    work,
)
from fhir_adapter.wiring.service import app_of
from fhir_adapter.wiring.store import adapters_of, catalogue, intake_of, now, opened_store, today

__all__ = [
    "adapters_of",
    "app_of",
    "catalogue",
    "count_and_keep",
    "disclosed_latest",
    "drain",
    "intake_of",
    "now",
    "opened_store",
    "publish_latest",
    "today",
    "tree_of",
    "work",
]
