"""The command in a folder of its own, and what several tests do with it."""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from fhir_adapter.cli import main
from synthetic_bundles.faults.kinds import System
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.world import Plan
from synthetic_bundles.write_world import Writing, write_world

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # of the tests alone
AS_OF = "2026-05-15"
REFERENCE_FILES = {"organisations": "organisations", "imd": "imd2019", "postcodes": "postcodes"}

SMALL_BIRTHS = 450
MATERNITY_LINES = Writing(("ndjson",), systems=(System.MATERNITY,))
SMALL_FIRST_MONTH, SMALL_LAST_MONTH, SMALL_MONTHS = "2025-04", "2026-04", 13


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Perinatal:
    """The command, run in a folder of its own with settings that nothing outside leaks into."""

    folder: Path
    settings: dict[str, str]

    def __call__(self, *arguments: str, **settings: str) -> Ran:
        out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        with (
            mock.patch.dict(os.environ, self.environment(**settings), clear=True),
            mock.patch.object(sys, "argv", ["perinatal", *arguments]),
            chdir(self.folder),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = run_main()
        out.seek(0)
        return Ran(code, out.read(), err.getvalue())

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment in which the command runs."""
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PERINATAL_")}
        return outside | {f"PERINATAL_{name.upper()}": value for name, value in (self.settings | settings).items()}


def run_main() -> int:
    """The exit code of the command."""
    try:
        main()
    except SystemExit as finished:
        return int(finished.code or 0)
    return 0


def perinatal_at(folder: Path, database_url: str | None = None) -> Perinatal:
    """The command over synthetic people, on an SQLite store in the folder unless another is named."""
    url = database_url or f"sqlite:///{folder / 'perinatal.db'}"
    return Perinatal(folder, {"key": KEY, "synthetic": "1", "database_url": url})


def load_tables(perinatal: Perinatal, world: Path) -> None:
    """Load the reference tables of a world."""
    for kind, name in REFERENCE_FILES.items():
        loaded = perinatal("reference", "load", kind, str(world / "reference" / f"{name}.csv"))
        assert loaded.code == 0, loaded.err


def take_in(perinatal: Perinatal, world: Path) -> Ran:
    """Load the reference tables of a world and take its feeds in."""
    load_tables(perinatal, world)
    return perinatal("ingest", str(world), "--json")


def write_small_world(folder: Path) -> Path:
    """Some months of births of the default scenario as NDJSON, with their reference tables."""
    plan = Plan(SMALL_BIRTHS, 3, load_scenario("llr"), SMALL_FIRST_MONTH, SMALL_MONTHS)
    write_world(plan, folder, MATERNITY_LINES)
    return folder


def evaluate_and_publish(perinatal: Perinatal) -> None:
    """Evaluate the months of the small world, and publish them to the public and to the inside."""
    months = ("--from", SMALL_FIRST_MONTH, "--to", SMALL_LAST_MONTH)
    for arguments in (
        ("evaluate", "--as-of", AS_OF, *months),
        ("publish",),
        ("publish", "--audience", "internal", "--preset", "none"),
    ):
        ran = perinatal(*arguments)
        assert ran.code == 0, ran.err
