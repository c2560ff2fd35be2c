"""The loader of mapping files under guided fuzzing: whatever a file says, it loads or is refused.

`make fuzz` runs `python -m tests.fuzz.guided -runs=N`, with libFuzzer's options. It starts from the files that are
shipped, learns which changes reach new code, and ends with a traceback at the first input that raises anything else.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["fhir_adapter.sources"]):
    from fhir_adapter.errors import MappingInvalid
    from fhir_adapter.sources.compiler import compile_view
    from fhir_adapter.sources.concept_map import parse_concept_map
    from fhir_adapter.sources.golden_case import parse_case
    from fhir_adapter.sources.registry import parse_manifest, parse_site
    from fhir_adapter.sources.view import parse_view

MAPPINGS = Path(__file__).parents[2] / "mappings"
PLACE = "file"


def _view(content: bytes) -> None:
    compile_view(parse_view(content, place=PLACE))


def _concept_map(content: bytes) -> None:
    parse_concept_map(content, place=PLACE)


def _manifest(content: bytes) -> None:
    parse_manifest(content.decode("utf-8", "replace"), place=PLACE)


def _case(content: bytes) -> None:
    parse_case(content.decode("utf-8", "replace"), place=PLACE)


def _site(content: bytes) -> None:
    parse_site(content, place=PLACE)


# the first byte of an input chooses its loader, so that one run covers them all
LOADERS: dict[int, tuple[Callable[[bytes], None], str]] = {
    ord("v"): (_view, "*/views/*.json"),
    ord("c"): (_concept_map, "*/conceptmaps/*.json"),
    ord("m"): (_manifest, "*/adapter.yaml"),
    ord("t"): (_case, "*/tests/*.yaml"),
    ord("s"): (_site, "*/sites/*.yaml"),
}


def load_one(given: bytes) -> None:
    """Load one input; raises whatever a loader raises beside the refusal that is its answer to a wrong file."""
    loader, _ = LOADERS.get(given[0] if given else 0, LOADERS[ord("v")])
    with suppress(MappingInvalid):
        loader(given[1:])


def write_corpus(folder: Path) -> None:
    """Write the shipped mapping files as inputs to start from."""
    for first, (_, pattern) in LOADERS.items():
        for number, path in enumerate(sorted(MAPPINGS.glob(pattern))):
            (folder / f"{chr(first)}{number}").write_bytes(bytes([first]) + path.read_bytes())


def main() -> None:
    """Fuzz with the options of the command line."""
    with tempfile.TemporaryDirectory() as folder:
        write_corpus(Path(folder))
        atheris.Setup([*sys.argv, folder], load_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
