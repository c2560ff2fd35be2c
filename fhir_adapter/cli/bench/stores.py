"""Databases that are thrown away after the bench."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from fhir_adapter.settings import Settings

# 32 zero bytes in base64: it seals synthetic people in a database that does not outlive the run.
BENCH_KEY = SecretStr("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")


def throwaway_settings(path: Path) -> Settings:
    """Settings of a service over an SQLite file at `path`."""
    return Settings(database_url=f"sqlite:///{path}", key=BENCH_KEY, synthetic=True)
