"""The JSON Schema of `adapter.yaml`, for editors that complete and check it while it is written.

`python -m fhir_adapter.sources.adapter_schema > docs/reference/adapter.schema.json` writes it anew.
"""

from __future__ import annotations

import json
import sys

from fhir_adapter.sources.registry import MANIFESTS


def schema_text() -> str:
    """The schema as the file holds it."""
    schema = MANIFESTS.json_schema()
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "adapter.yaml"}
    return json.dumps({**head, **schema}, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
