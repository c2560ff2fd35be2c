"""The engines that every specification runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import Run, run_duckdb, run_in_place, run_reference


@pytest.fixture(params=["reference", "duckdb", "sqlite", "postgresql"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """One engine, ready to count rows of the common model."""
    if request.param == "reference":
        return run_reference
    if request.param == "duckdb":
        return run_duckdb(request.getfixturevalue("sqlite_url"), tmp_path / "snapshot")
    return run_in_place(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))
