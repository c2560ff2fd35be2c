"""Adapters that a command is given by name or by folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fhir_adapter.errors import AdapterUnknown
from fhir_adapter.settings import read_settings
from fhir_adapter.sources.official_suite import suite_files
from fhir_adapter.sources.registry import MANIFEST, SHIPPED
from fhir_adapter.sources.workbench import Bench, open_bench


def mappings_folder() -> Path:
    """The folder of adapters: the one that is set, else the one that is shipped."""
    return read_settings().mappings_folder or SHIPPED


def adapter_folder(written: str) -> Path:
    """The folder of an adapter by its path or its name. Raises AdapterUnknown, listing those known."""
    for folder in (Path(written), mappings_folder() / written):
        if (folder / MANIFEST).is_file():
            return folder
    known = sorted(each.name for each in mappings_folder().iterdir() if (each / MANIFEST).is_file())
    text = f"there is no adapter {written}; give the folder of one, or a name: {', '.join(known)}"
    raise AdapterUnknown("NAME", text, known)


def folders_of(written: Sequence[str]) -> list[Path]:
    """Folders of adapters, each by path or name; a folder of adapters stands for all in it, and nothing for all."""
    if not written:
        return sorted(each for each in mappings_folder().iterdir() if (each / MANIFEST).is_file())
    found: list[Path] = []
    for each in written:
        inside = sorted(one for one in Path(each).glob("*") if (one / MANIFEST).is_file())
        found += inside or [adapter_folder(each)]
    return found


def suites_and_adapters(written: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """What was named, as files of the official suite and folders of adapters."""
    suites = {each: suite_files(Path(each)) for each in written}
    adapters = [each for each in written if not suites[each]]
    return [file for files in suites.values() for file in files], folders_of(
        adapters
    ) if adapters or not written else []


def open_named(written: str) -> Bench:
    """The adapter of a name or path with its cases."""
    return open_bench(adapter_folder(written))
