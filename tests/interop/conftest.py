"""Third-party FHIR software, unchanged, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.serving import free_port, running, wait_for

PEERS = REPOSITORY / ".peers" / "bin"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the peers."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.peers)


@pytest.fixture(scope="session")
def peers() -> Path:
    """Folder of the peers' programs."""
    if not (PEERS / "sekmet").exists():
        pytest.fail(f"there is no third-party FHIR software in {PEERS}: run `make interop`, which installs it")
    return PEERS


@pytest.fixture(scope="session")
def fhir_base(service: str) -> str:
    """FHIR base of our service over the published world."""
    return f"{service}/fhir"


@dataclass(frozen=True, slots=True)
class Sekmet:
    """A FHIR server by others, that keeps what it was sent between starts."""

    program: Path
    folder: Path
    port: int

    @property
    def base(self) -> str:
        """Its FHIR base."""
        return f"http://127.0.0.1:{self.port}/fhir"

    @contextmanager
    def up(self) -> Iterator[subprocess.Popen[bytes]]:
        """Its process, while it answers; at the end it is killed, not stopped."""
        settings = self.folder / "settings.yaml"  # JSON is YAML
        settings.write_text(json.dumps({"base_url": self.base, "data_dir": "data"}))
        command = [str(self.program), "serve", "-c", str(settings), "--host", "127.0.0.1", "--port", str(self.port)]
        with running(command, self.folder, {"PATH": str(self.program.parent)}) as process:
            wait_for(f"{self.base}/metadata", process)
            yield process


@pytest.fixture
def sekmet(peers: Path, tmp_path: Path) -> Sekmet:
    """A FHIR server by others, not yet running, with nothing in it."""
    folder = tmp_path / "sekmet"
    folder.mkdir()
    return Sekmet(peers / "sekmet", folder, free_port())
