"""Print how well a store links a synthetic world: `python -m tests.end_to_end.measure_linkage FOLDER --database URL`.

FOLDER is the world with its truth, URL the store that took some of its feeds in, one format a system. The keys of
sources are named by the deployment key of the settings.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import orjson

from fhir_adapter import wiring
from fhir_adapter.settings import Settings
from fhir_adapter.workflows.naming import Names
from tests.end_to_end.linkage_page import page_of
from tests.end_to_end.linkage_quality import measure, missed_bars


def main(arguments: list[str]) -> int:
    """Measure and print; `--page` writes the tables of the documentation too. Gives 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description="Hold the links of a store against the truth of a synthetic world.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--database", required=True)
    parser.add_argument("--page", type=Path, help="page of the documentation whose tables are replaced")
    chosen = parser.parse_args(arguments)
    settings = Settings(database_url=chosen.database)
    with wiring.opened_store(settings) as store, store.connect() as connection:
        quality = measure(chosen.folder, connection, Names(wiring.intake_of(settings, store).pseudonyms.key).of_key)
    sys.stdout.write(orjson.dumps(quality.document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    if chosen.page is not None:
        truth = orjson.loads((chosen.folder / "truth.json").read_bytes())
        chosen.page.write_text(page_of(chosen.page.read_text("utf-8"), quality, truth), "utf-8")
    missed = missed_bars(quality)
    sys.stderr.writelines(f"below the bar: {name}\n" for name in missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
