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
from fhir_adapter.wiring.store import (
    adapter_folders,
    adapters_of,
    catalogue,
    explainer_of,
    forget_snapshot,
    intake_of,
    make_key_file,
    now,
    opened_store,
    reading_rules,
    today,
)

__all__ = [
    "adapter_folders",
    "adapters_of",
    "app_of",
    "catalogue",
    "count_and_keep",
    "disclosed_latest",
    "drain",
    "explainer_of",
    "forget_snapshot",
    "intake_of",
    "make_key_file",
    "now",
    "opened_store",
    "publish_latest",
    "reading_rules",
    "today",
    "tree_of",
    "work",
]
