"""The compose file fits the Compose Specification, has no default password, and runs commands that exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import typer
import yaml

from fhir_adapter.cli.app import app
from fhir_adapter.settings import Settings

REPOSITORY = Path(__file__).parents[2]
SCHEMA = Path(__file__).parent / "data" / "compose-spec.json"
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8"))
OURS = ("migrate", "service", "worker")


def test_the_compose_file_fits_the_specification() -> None:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text("utf-8")))
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []


@pytest.mark.parametrize("service", OURS)
def test_every_secret_must_be_given(service: str) -> None:
    environment = COMPOSE["services"][service]["environment"]
    assert ":?" in environment["PERINATAL_DATABASE_URL"]
    assert ":?" in environment["PERINATAL_KEY"]


def test_every_variable_is_a_setting() -> None:
    given = {name for service in OURS for name in COMPOSE["services"][service]["environment"]}
    assert given <= {f"PERINATAL_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("service", OURS)
def test_every_command_exists(service: str) -> None:
    program, *words = COMPOSE["services"][service]["command"]
    group = typer.main.get_command(app)
    command: Any = group
    for word in words[:2]:
        command = getattr(command, "commands", {}).get(word, command)
    assert (program, command is not group) == ("perinatal", True)


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_image_installs_what_is_pinned_and_runs_as_nobody_special() -> None:
    lines = (REPOSITORY / "Dockerfile").read_text("utf-8").splitlines()
    assert any("PIP_CONSTRAINT=constraints.txt" in line for line in lines)
    assert "USER perinatal" in lines
