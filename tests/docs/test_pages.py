"""Every command on a page is played, and prints what the page shows."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from enum import Enum
from pathlib import Path

import pytest
import yaml

from tests.docs.fenced import ANYTHING, Step, is_shown, steps_of
from tests.docs.loopback import receiving
from tests.docs.terminal import NOT_PLAYED, Played, Terminal, differences, play_page, terminal_at
from tests.serving import free_port

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
README = REPOSITORY / "README.md"
TUTORIAL = DOCS / "tutorial" / "first_report.md"
DEMO = "make demo ARGS=--no-serve"
SMALL_DEMO = "perinatal demo --births 100 --no-serve"
LABEL = 18  # characters before the figures of the demo, which depend on its size


class Start(Enum):
    """What a page begins with."""

    EMPTY = "an empty folder"
    TUTORIAL = "the folder of the tutorial, at its end"
    POSTGRES = "an empty PostgreSQL database"


STARTS = {
    DOCS / "how_to" / "explain_a_cell.md": Start.EMPTY,
    DOCS / "how_to" / "guard_people.md": Start.EMPTY,
    DOCS / "how_to" / "load_reference_files.md": Start.EMPTY,
    DOCS / "how_to" / "push_reports.md": Start.TUTORIAL,
    DOCS / "how_to" / "read_reports_with_python.md": Start.TUTORIAL,
    DOCS / "how_to" / "run_on_postgresql.md": Start.POSTGRES,
    DOCS / "how_to" / "send_a_bundle.md": Start.EMPTY,
    DOCS / "how_to" / "send_a_csv.md": Start.EMPTY,
    DOCS / "how_to" / "take_in_an_export.md": Start.EMPTY,
    DOCS / "how_to" / "settle_conflicts.md": Start.EMPTY,
    DOCS / "how_to" / "write_a_mapping.md": Start.EMPTY,
}


@pytest.fixture(scope="session")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Played]]:
    """The folder of the tutorial at its end, and what came of its commands."""
    folder = tmp_path_factory.mktemp("tutorial")
    with terminal_at(folder) as terminal:
        return folder, play_page(TUTORIAL, terminal)


@pytest.fixture
def terminal(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """A terminal where a page begins."""
    start = STARTS[page]
    folder = tmp_path / "folder"
    if start is Start.TUTORIAL:
        shutil.copytree(request.getfixturevalue("tutorial")[0], folder)
    else:
        folder.mkdir()
    with ExitStack() as things:
        names = {
            "https://receiver.example/fhir": things.enter_context(receiving()),
            "https://down.example": f"http://127.0.0.1:{free_port()}",
        }
        if start is Start.POSTGRES:
            names["postgresql://perinatal@127.0.0.1/perinatal"] = request.getfixturevalue("postgres_url")
        opened = things.enter_context(terminal_at(folder, names))
        opened.perinatal.settings.update({"synthetic": "1"} if start is Start.TUTORIAL else {})
        yield opened


def all_steps() -> list[Step]:
    """Every command of every page."""
    return [step for page in (README, TUTORIAL, *STARTS) for step in steps_of(page)]


def test_the_tutorial_shows_what_its_commands_do(tutorial: tuple[Path, list[Played]]) -> None:
    assert differences(tutorial[1]) == []


@pytest.mark.parametrize("page", STARTS, ids=lambda page: page.stem)
def test_a_how_to_page_shows_what_its_commands_do(page: Path, terminal: Terminal) -> None:
    assert differences(play_page(page, terminal)) == []


def test_the_readme_shows_what_the_demo_prints(tmp_path: Path) -> None:
    (shown,) = [step for step in steps_of(README) if step.command == DEMO]
    _, *printed = shown.shown  # the first line is the recipe, which make prints
    labels = tuple(line[:LABEL] + ANYTHING * (len(line) > LABEL) for line in printed)
    with terminal_at(tmp_path, {DEMO: SMALL_DEMO}) as terminal:
        assert differences([terminal.play(replace(shown, shown=labels))]) == []


def test_no_page_with_commands_is_left_out() -> None:
    pages = {each for folder in ("tutorial", "how_to") for each in (DOCS / folder).iterdir()}
    assert pages == {TUTORIAL, *STARTS}


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_commands_stand_only_on_pages_that_are_played(page: Path) -> None:
    assert page in {TUTORIAL, *STARTS} or steps_of(page) == []


def test_every_reason_not_to_play_a_command_is_needed() -> None:
    assert set(NOT_PLAYED) == {step.command.split()[0] for step in all_steps()} & set(NOT_PLAYED)


def test_every_target_that_the_readme_names_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"make\s([a-z-]+)", README.read_text("utf-8") + TUTORIAL.read_text("utf-8")))
    assert named - {"does"} <= targets


def test_the_readme_shows_the_recipe_of_the_demo() -> None:
    (shown,) = [step for step in steps_of(README) if step.command == DEMO]
    recipe = shown.shown[0].replace(".venv/bin", "$(BIN)").replace("--no-serve", "$(ARGS)")
    assert f"\n\t{recipe}\n" in (REPOSITORY / "Makefile").read_text("utf-8")


def test_every_service_that_a_page_reaches_by_compose_is_in_the_file() -> None:
    services = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8"))["services"]
    commands = [step.command for step in all_steps() if "compose exec" in step.command]
    assert {command.split()[3] for command in commands} <= set(services)


@pytest.mark.parametrize(
    ("shown", "printed", "is_so"),
    [
        (("a", "b"), "a\nb\n", True),
        (("a",), "a\nb\n", False),
        (("a", "…"), "a\nb\nc\n", True),
        (("…", "c"), "a\nb\nc\n", True),
        (("1 of … is",), "1 of 20 is\n", True),
        (("1 of … is",), "1 of 20 was\n", False),
        ((), "a\n", False),
        ((), "", True),
    ],
)
def test_an_ellipsis_stands_for_what_is_left_out_and_for_nothing_else(
    shown: tuple[str, ...], printed: str, is_so: bool
) -> None:
    assert is_shown(shown, printed) is is_so
