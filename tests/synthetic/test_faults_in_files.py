"""The faults that the truth states are those that a plain script finds in the files: no more, no fewer."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import orjson
import pytest

from synthetic_bundles.faults.drawing import draw_faults
from synthetic_bundles.faults.kinds import FAULTS_OF, FILE_FAULTS, System, load_fault_level
from synthetic_bundles.feeds import FORMATS
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.tables import World
from synthetic_bundles.truth_files import truth_of_part
from synthetic_bundles.world import Plan, generate_part
from synthetic_bundles.write_feeds import write_feeds
from synthetic_bundles.write_world import Writing, write_world
from tests.synthetic import fault_readers
from tests.synthetic import find_faults as script
from tests.synthetic.find_faults import Found, faults_in_truth, find_faults, main, shifts_in_truth

SEED_OF_SWAPPED_TWINS = 7
PLAN = Plan(3000, SEED_OF_SWAPPED_TWINS, load_scenario("llr"), "2023-10", 24)
IN_PARTS = Plan(2000, SEED_OF_SWAPPED_TWINS, load_scenario("llr"), "2023-10", 24, part_births=1000)
TINY = replace(PLAN, births=60)
PLAIN_FORMATS = ("ndjson", "csv")
# Name of a world -> what it is made from and written as.
WORLDS = {
    "heavy": (PLAN, Writing(FORMATS, "heavy")),
    "in parts": (IN_PARTS, Writing(("ndjson", "bundles", "bulk", "csv"), "heavy")),
    "default": (PLAN, Writing(PLAIN_FORMATS, "default")),
    "none": (PLAN, Writing(PLAIN_FORMATS, "none")),
}
FEEDS_OF_FORMAT = {
    "ndjson": ("maternity", "neonatal", "health_visiting"),
    "bundles": ("maternity", "neonatal", "health_visiting"),
    "bulk": ("maternity", "neonatal", "health_visiting"),
    "csv": ("msds", "e3", "badgernet", "csds", "mhsds"),
}
FEEDS_OF_SYSTEM = {
    System.MATERNITY: ("ndjson/maternity", "bundles/maternity", "csv/msds", "csv/e3"),
    System.NEONATAL: ("ndjson/neonatal", "bundles/neonatal", "csv/badgernet"),
    System.HEALTH_VISITING: ("ndjson/health_visiting", "bundles/health_visiting", "csv/csds"),
    System.MENTAL_HEALTH: ("csv/mhsds",),
}
FEEDS_OF_WORLD = [
    (world, f"{form}/{feed}")
    for world, (_, writing) in WORLDS.items()
    for form, feeds in FEEDS_OF_FORMAT.items()
    if form in writing.formats
    for feed in feeds
]
MATERNITY_FEEDS_OF_WORLD = [
    (world, feed) for world, feed in FEEDS_OF_WORLD if feed.endswith("/maternity") or feed in ("csv/msds", "csv/e3")
]
NATURAL = {"nhs_number_missing", "gestation_conflict", "weight_conflict"}  # of stays that nothing went wrong with


@dataclass(frozen=True, slots=True)
class Written:
    """A world in its folder, and what the script found there."""

    folder: Path
    found: Found


WorldNamed = Callable[[str], Written]


@pytest.fixture(scope="session")
def world_named(tmp_path_factory: pytest.TempPathFactory) -> WorldNamed:
    """One of WORLDS, written and read once a session."""

    @cache
    def named(name: str) -> Written:
        folder = tmp_path_factory.mktemp("faulty")
        plan, writing = WORLDS[name]
        write_world(plan, folder, writing)
        return Written(folder, find_faults(folder))

    return named


@pytest.mark.parametrize(("name", "feed"), FEEDS_OF_WORLD)
def test_the_files_hold_the_faults_that_the_truth_states(world_named: WorldNamed, name: str, feed: str) -> None:
    world = world_named(name)
    assert world.found.faults[feed] == faults_in_truth(world.folder).get(feed, {})


@pytest.mark.parametrize("name", WORLDS)
def test_the_truth_states_faults_of_the_written_feeds_alone(world_named: WorldNamed, name: str) -> None:
    world = world_named(name)
    assert faults_in_truth(world.folder).keys() <= world.found.faults.keys()


@pytest.mark.parametrize(("name", "feed"), MATERNITY_FEEDS_OF_WORLD)
def test_busy_and_quiet_shifts_have_the_entry_errors_that_the_truth_states(
    world_named: WorldNamed, name: str, feed: str
) -> None:
    world = world_named(name)
    assert world.found.shifts[feed] == shifts_in_truth(world.folder)


def test_busy_shifts_of_the_files_have_more_entry_errors_a_birth_than_quiet_ones(world_named: WorldNamed) -> None:
    shifts = world_named("heavy").found.shifts["csv/msds"]
    busy, quiet = (shifts[kind]["entry_errors"] / shifts[kind]["births"] for kind in ("busy", "quiet"))
    assert busy > 3 * quiet


@pytest.mark.parametrize(
    ("system", "feed"), [(system, feed) for system, feeds in FEEDS_OF_SYSTEM.items() for feed in feeds]
)
def test_every_kind_of_fault_of_a_system_stands_in_its_heavy_files(
    world_named: WorldNamed, system: System, feed: str
) -> None:
    assert set(world_named("heavy").found.faults[feed]) >= {fault.value for fault in FAULTS_OF[system]}


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_every_kind_of_broken_file_is_found_in_the_heavy_world(world_named: WorldNamed, fault: str) -> None:
    assert sum(counts.get(fault, 0) for counts in world_named("heavy").found.faults.values()) > 0


@pytest.mark.parametrize("feed", [feed for name, feed in FEEDS_OF_WORLD if name == "none"])
def test_without_faults_only_stays_lack_a_name_or_differ(world_named: WorldNamed, feed: str) -> None:
    expected = NATURAL if feed in ("ndjson/neonatal", "csv/badgernet") else set()
    assert set(world_named("none").found.faults[feed]) == expected


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def save_as_utf_16(path: Path) -> None:
    path.write_bytes(path.read_bytes().decode().encode("utf-16"))


def repeat_last_line(path: Path) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[-1]]))


def move_first_row_to_the_end(path: Path) -> None:
    header, first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([header, *others, first]))


def change_a_check_digit(path: Path) -> None:
    header, first, *others = path.read_bytes().splitlines(keepends=True)
    cells = first.split(b",")
    cells[2] = cells[2][:-1] + str((int(cells[2][-1:]) + 1) % 10).encode()
    path.write_bytes(b"".join([header, b",".join(cells), *others]))


def invent_a_source(path: Path) -> None:
    header, first, *others = path.read_bytes().splitlines(keepends=True)
    cells = first.split(b",")
    path.write_bytes(b"".join([header, b",".join([*cells[:5], b"A77", *cells[6:]]), *others]))


def hold_back_a_row(path: Path) -> None:
    """Its first row comes with the next month instead."""
    header, first, *others = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([header, *others]))
    send_with_next_month(path, first)


def send_a_row_again(path: Path) -> None:
    send_with_next_month(path, path.read_bytes().splitlines(keepends=True)[1])


def send_with_next_month(path: Path, row: bytes) -> None:
    following = path.with_name("mhs101-RSM-2024-07.csv")
    header, *rows = following.read_bytes().splitlines(keepends=True)
    following.write_bytes(b"".join([header, row, *rows]))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (cut_short, "truncated_file"),
        (save_as_utf_16, "wrong_encoding"),
        (repeat_last_line, "duplicate"),
        (move_first_row_to_the_end, "out_of_order"),
        (change_a_check_digit, "nhs_number_wrong"),
        (invent_a_source, "unknown_code"),
        (hold_back_a_row, "late"),
        (send_a_row_again, "resent"),
    ],
)
def test_one_more_broken_line_is_one_more_fault(
    world_named: WorldNamed, tmp_path: Path, spoil: Callable[[Path], None], fault: str
) -> None:
    shutil.copytree(world_named("none").folder / "csv" / "mhsds", tmp_path / "csv" / "mhsds")
    spoil(tmp_path / "csv" / "mhsds" / "mhs101-RSM-2024-06.csv")
    assert find_faults(tmp_path).faults["csv/mhsds"] == {fault: 1}


def copy_with_numbers_of_other_babies(csv: Path, copy: Path) -> None:
    """MSDS as it is, and BadgerNet with other hospital numbers."""
    for feed in ("msds", "badgernet"):
        shutil.copytree(csv / feed, copy / feed)
    for path in (copy / "badgernet").glob("badgernet_episodes-*"):
        path.write_bytes(path.read_bytes().replace(b"RSAB0000", b"RSAB0001"))


def test_stays_with_numbers_of_other_babies_differ_from_their_births(world_named: WorldNamed, tmp_path: Path) -> None:
    copy_with_numbers_of_other_babies(world_named("none").folder / "csv", tmp_path / "csv")
    assert set(find_faults(tmp_path).faults["csv/badgernet"]) > NATURAL


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    write_world(TINY, tmp_path, Writing(("csv",), "heavy"))
    return tmp_path


def test_the_script_can_be_run_and_says_that_the_truth_is_true(tiny: Path) -> None:
    command = [sys.executable, "-m", "tests.synthetic.find_faults", str(tiny)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[2])
    assert orjson.loads(done.stdout)["equals_truth"] is True


def test_the_script_fails_where_the_files_have_another_fault(tiny: Path) -> None:
    cut_short(next((tiny / "csv" / "csds").glob("cyp201_202-*")))
    assert main(tiny) == 1


def without_some_numbers(world: World) -> World:
    """The world in which every second baby, and every mother whose pregnancy goes on, came after the last number."""
    babies, mothers = world.babies.copy(), world.mothers.copy()
    babies["nhs_number"][1::2] = babies["nhs_number_status"][1::2] = ""
    mothers["nhs_number"][world.births :] = ""
    return replace(world, babies=babies, mothers=mothers)


def test_numbers_that_ran_out_are_counted_as_missing(tmp_path: Path) -> None:
    world = without_some_numbers(generate_part(replace(PLAN, births=1500), 1))
    faults = draw_faults(world, load_fault_level("heavy"))
    formats, systems = ("ndjson", "csv"), tuple(System)
    written = write_feeds(
        world, faults, tmp_path, formats=formats, systems=systems, progress=lambda _: None, note=lambda *_: None
    )
    stated = truth_of_part(world, faults, written.faults).faults
    assert find_faults(tmp_path).faults == {
        feed: {fault.value: count for fault, count in counts.items() if count} for feed, counts in stated.items()
    }


@pytest.mark.parametrize(
    "path",
    [Path(script.__file__), *sorted(Path(fault_readers.__path__[0]).glob("*.py"))],
    ids=lambda path: path.name,
)
def test_the_script_imports_nothing_of_what_it_judges(path: Path) -> None:
    imports = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Import | ast.ImportFrom)]
    named = {getattr(node, "module", None) or node.names[0].name for node in imports}
    theirs = {name.partition(".")[0] for name in named if not name.startswith("tests.synthetic.fault_readers")}
    assert theirs <= {*sys.stdlib_module_names, "orjson"}
