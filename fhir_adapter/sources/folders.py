"""Where the folders of adapters are, whether or not what is in them can be loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fhir_adapter.errors import AdapterUnknown
from fhir_adapter.sources.registry import MANIFEST
from fhir_adapter.sources.suggestions import did_you_mean


def adapter_folders(base: Path, asked: Sequence[str] = ()) -> list[Path]:
    """Folders by path, or by name below `base`; every folder below `base` when none is asked for.

    A path may also be a folder of adapters. Raises AdapterUnknown for what is neither.
    """
    if not asked:
        return folders_below(base)
    return list(dict.fromkeys(folder for each in asked for folder in _named(base, each)))


def folders_below(base: Path) -> list[Path]:
    """Every folder with a manifest, by name."""
    return sorted(each.parent for each in base.glob(f"*/{MANIFEST}"))


def _named(base: Path, name: str) -> list[Path]:
    path = Path(name)
    for folder in (path, base / name):
        if (folder / MANIFEST).is_file() and (folder == path or path.name == name):
            return [folder.resolve()]
    if path.is_dir() and (found := folders_below(path)):
        return [each.resolve() for each in found]
    known = tuple(each.name for each in folders_below(base))
    nearest = did_you_mean(name, known)
    text = f"there is no adapter of this name and no folder with {MANIFEST}{nearest}; known: {', '.join(known)}"
    raise AdapterUnknown(name, text, known)
