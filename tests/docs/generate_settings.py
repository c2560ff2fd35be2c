"""The page docs/reference/settings.md, from the fields of Settings and the sentences below them."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from fhir_adapter.settings import Settings

PREFIX = "PERINATAL_"
HEAD = """# Settings

Generated from `fhir_adapter/settings.py` by `make docs`; do not edit by hand.

Each setting is an environment variable. A value that cannot be used is named, all of them at once, and ends the command
with exit code 2. `perinatal demo` brings its own database, key file, snapshot folder and address.

| variable | what it is | default |
|---|---|---|
"""


def render_settings() -> str:
    """The page of all settings, as Markdown."""
    sentences = sentences_of_fields()
    rows = [
        f"| `{PREFIX}{name.upper()}` | {sentences[name]} | {_default(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return HEAD + "\n".join(rows) + "\n"


def sentences_of_fields() -> dict[str, str]:
    """The sentence below each field of Settings, by the name of the field; a field without one is left out."""
    (declared,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(declared, ast.ClassDef)
    pairs = zip(declared.body, declared.body[1:], strict=False)
    return {
        field.target.id: " ".join(str(below.value.value).split())
        for field, below in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
    }


def _default(field: FieldInfo) -> str:
    default: Any = field.default
    if default is None:
        return "none"
    if isinstance(default, bool):
        return f"`{int(default)}`"
    return f"`{default}`" if isinstance(default, str | Path) else f"{default:,}"
