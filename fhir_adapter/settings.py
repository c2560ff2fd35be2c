"""Settings: from the environment (`PERINATAL_*`), over defaults; read once, by the composition root."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from fhir_adapter.errors import SettingsInvalid

MEGABYTE = 1_000_000


class Settings(BaseSettings):
    """Everything that a deployment may set. Each field is the environment variable PERINATAL_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="PERINATAL_", frozen=True, extra="ignore")

    database_url: str = "sqlite:///perinatal.db"
    """Where records and results are kept: sqlite:///file or postgresql://…"""
    key: SecretStr | None = None
    """Deployment key, 32 bytes in base64, that seals payloads and identifiers."""
    key_file: Path = Path("perinatal.key")
    """File that holds the deployment key when PERINATAL_KEY is not set; made at first use."""
    earlier_keys: SecretStr | None = None
    """Deployment keys that were replaced, each 32 bytes in base64, separated by commas; they still open, never seal."""
    earlier_key_file: Path | None = None
    """File that holds the deployment key that was replaced, where keys are kept in files."""
    keep_payloads: bool = True
    """Whether payloads are kept as they came, sealed; without them nothing can be mapped again."""
    payload_retention_days: Annotated[int | None, Field(ge=1)] = None
    """Days after which `perinatal db purge` removes payloads; none to keep them. Receipts and rows stay."""
    snapshot_folder: Path = Path("perinatal-snapshot")
    """Folder of the Parquet snapshot that DuckDB counts over."""
    mappings_folder: Path | None = None
    """Folder of adapters; the shipped ones by default."""
    workbench: bool = False
    """Whether mappings may be tried over HTTP, at /mappings/{adapter}/$test and $explain; on in `perinatal demo`."""
    resolution_rules: Path | None = None
    """YAML file that says whose value counts where sources differ; the shipped rules by default."""
    worklist: bool = False
    """Whether conflicts, with the values of patients, are listed and settled over HTTP at /conflicts."""
    worklist_token: SecretStr | None = None
    """Bearer token that every request to /conflicts must send; needed where PERINATAL_WORKLIST is on."""
    reporter: str | None = None
    """Code of the organisation that publishes; by default the local maternity and neonatal system that was loaded."""
    canonical_base: str = "https://perinatal-equity.example/fhir"
    """Start of the canonical URLs of our measures, code systems and extensions."""
    base_url: str = "http://127.0.0.1:8080"
    """Address at which clients reach this service; links in answers start with it."""
    synthetic: bool = False
    """Whether this installation holds synthetic people only; accepts NHS numbers of the synthetic range."""
    submission_lag_days: Annotated[int, Field(ge=0)] = 28
    """Days after the end of a period during which its records still arrive; until then its reports are pending."""
    preset: str = "hes"
    """Disclosure preset of what is published."""
    largest_body_bytes: Annotated[int, Field(gt=0)] = 20 * MEGABYTE
    """Largest request body."""
    deepest_json: Annotated[int, Field(gt=0)] = 64
    """Deepest nesting of an incoming JSON document."""


def read_settings(**given: str | bool | Path | None) -> Settings:
    """Settings from the environment, with those `given` (not None) on top.

    Raises SettingsInvalid, which names every fault.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as cause:
        faults = [f"PERINATAL_{str(each['loc'][0]).upper()}: {each['msg']}" for each in cause.errors()]
        raise SettingsInvalid("; ".join(faults)) from cause
