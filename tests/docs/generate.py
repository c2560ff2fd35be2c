"""Write every generated page of docs/reference anew: `make docs`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from fhir_adapter.sources.adapter_schema import schema_text
from fhir_adapter.store import resolution_rules
from indicator_engine.definition import IndicatorDefinition
from indicator_engine.rules import Rule
from indicator_engine.tables.reference import render_reference
from tests.docs.generate_commands import render_commands
from tests.docs.generate_coverage import render_coverage
from tests.docs.generate_indicators import render_indicators
from tests.docs.generate_rules import render_rules
from tests.docs.generate_settings import render_settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


def definition_schema() -> str:
    """The JSON Schema of what `indicator show --json` prints."""
    head = {"$schema": DRAFT, "description": "One definition as it is evaluated."}
    schema = head | IndicatorDefinition.model_json_schema(mode="serialization")
    return json.dumps(schema | {"title": "perinatal indicator show --json"}, indent=2) + "\n"


def rule_schema() -> str:
    """The JSON Schema of what `rules show --json` prints."""
    head = {"$schema": DRAFT, "description": "One rule of data quality as it is judged."}
    schema = head | Rule.model_json_schema(mode="serialization")
    return json.dumps(schema | {"title": "perinatal rules show --json"}, indent=2) + "\n"


GENERATED: Mapping[str, Callable[[], str]] = {
    "adapter.schema.json": schema_text,
    "commands.md": render_commands,
    "common_model.md": render_reference,
    "indicators.md": render_indicators,
    "mapping_coverage.md": render_coverage,
    "resolution_rules.schema.json": resolution_rules.schema_text,
    "rules.md": render_rules,
    "schemas/indicator-show.schema.json": definition_schema,
    "schemas/rules-show.schema.json": rule_schema,
    "settings.md": render_settings,
}


def write_pages() -> None:
    """Write every page; a page that is current keeps its bytes."""
    for name, render in GENERATED.items():
        (REFERENCE / name).write_text(render(), "utf-8")


if __name__ == "__main__":
    write_pages()
