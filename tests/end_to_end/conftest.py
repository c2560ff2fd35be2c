"""A small synthetic world, ingested, evaluated and published through the command itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

BIRTHS = 1_200
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # of the tests alone
AS_OF = "2026-05-15"


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


Perinatal = Callable[..., Ran]


@pytest.fixture
def perinatal(tmp_path: Path) -> Perinatal:
    """Run the command in a folder of its own, with an environment that nothing outside leaks into."""

    def run(*arguments: str, database: str | None = None, synthetic: bool = True) -> Ran:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PERINATAL_")}
        environment |= {"PERINATAL_KEY": KEY, "PERINATAL_SYNTHETIC": "1" if synthetic else "0", "NO_COLOR": "1"}
        if database is not None:
            environment["PERINATAL_DATABASE_URL"] = database
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "fhir_adapter", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
