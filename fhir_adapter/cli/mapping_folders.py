"""Adapters that a command is given by name or by folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from fhir_adapter import wiring
from fhir_adapter.settings import read_settings
from fhir_adapter.sources.official_suite import suite_files
from fhir_adapter.sources.workbench import Bench, open_bench


def adapter_folder(written: str) -> Path:
    """The folder of one adapter by its path or its name. Raises AdapterUnknown, listing those known."""
    found = folders_of([written])
    if len(found) > 1:
        raise typer.BadParameter(f"{written} is a folder of {len(found)} adapters; name one")
    return found[0]


def folders_of(written: Sequence[str]) -> list[Path]:
    """Folders of adapters, each by path or name; a folder of adapters stands for all in it, and nothing for all."""
    return wiring.adapter_folders(read_settings(), written)


def suites_and_adapters(written: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """What was named, as files of the official suite and folders of adapters."""
    suites = {each: suite_files(Path(each)) for each in written}
    adapters = [each for each in written if not suites[each]]
    folders = folders_of(adapters) if adapters or not written else []
    return [file for files in suites.values() for file in files], folders


def open_named(written: str) -> Bench:
    """The adapter of a name or path with its cases."""
    return open_bench(adapter_folder(written))
