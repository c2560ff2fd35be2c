"""A world as files: what its systems would send, the reference tables and the truth."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from synthetic_bundles.errors import FormatUnknown
from synthetic_bundles.faults.drawing import draw_faults
from synthetic_bundles.faults.kinds import System, load_fault_level
from synthetic_bundles.feeds import FORMATS
from synthetic_bundles.records_truth import write_records_truth, writing_records_truth
from synthetic_bundles.reference_files import write_deprivation, write_organisations, write_postcodes
from synthetic_bundles.tables import World
from synthetic_bundles.truth_files import PartOfTruth, keep_truth, truth_of_part, write_truth
from synthetic_bundles.world import Plan, generate_part
from synthetic_bundles.write_feeds import records_of_system, wanted_systems, write_feeds

Progress = Callable[[int, int], None]
REFERENCE_FOLDER = "reference"
SCRATCH_FOLDER = ".parts"  # tables of truth of the parts, until they are added up


@dataclass(frozen=True, slots=True)
class Writing:
    """What to write of a world. formats: of FORMATS. faults: name of a level. systems: whose feeds."""

    formats: tuple[str, ...]
    faults: str = "none"
    systems: tuple[System, ...] = tuple(System)


@dataclass(frozen=True, slots=True)
class PartWritten:
    """What one part gave. paths: in order of writing."""

    paths: list[Path]
    truth: PartOfTruth


def write_world(
    plan: Plan, folder: Path, writing: Writing, *, processes: int = 1, progress: Progress | None = None
) -> list[Path]:
    """Make the world of this plan, write it into `folder` and return every file written, in the order of parts.

    The bytes do not depend on the number of processes. Memory depends on the births of a part, not on those of the
    world. progress: called with the births done and their total. truth.json, the other tables of truth and those
    in folder `reference` are always written. Raises FormatUnknown, FaultLevelUnknown or WorldRefused
    before anything is written.
    """
    unknown = set(writing.formats) - set(FORMATS)
    if unknown:
        raise FormatUnknown(unknown, FORMATS)
    load_fault_level(writing.faults)
    first = generate_part(plan, 1)
    (folder / REFERENCE_FOLDER).mkdir(parents=True, exist_ok=True)
    scratch = folder / SCRATCH_FOLDER
    scratch.mkdir(exist_ok=True)
    paths = _write_reference(first, folder / REFERENCE_FOLDER)
    if plan.parts == 1:
        written = [_write_part_of(first, folder, writing, progress)]
    else:
        del first
        written = list(_write_parts(plan, folder, writing, processes, progress))
    paths += [path for part in written for path in part.paths]
    paths += write_truth(plan, writing.faults, [part.truth for part in written], folder, scratch)
    paths += write_records_truth(len(written), folder, scratch)
    shutil.rmtree(scratch)
    return paths


def _write_parts(
    plan: Plan, folder: Path, writing: Writing, processes: int, progress: Progress | None
) -> Iterator[PartWritten]:
    """Every part in order; at most so many are made at once."""
    done: dict[int, PartWritten] = {}
    # A fresh interpreter for each worker: none inherits what another thread of this one holds.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_write_part, plan, part, folder, writing): part for part in range(1, plan.parts + 1)}
        for future in as_completed(waiting):
            done[waiting[future]] = future.result()
            if progress is not None:
                progress(plan.births * len(done) // plan.parts, plan.births)
    yield from (done[part] for part in sorted(done))


def _write_part(plan: Plan, part: int, folder: Path, writing: Writing) -> PartWritten:
    return _write_part_of(generate_part(plan, part), folder, writing, None)


def _write_part_of(world: World, folder: Path, writing: Writing, progress: Progress | None) -> PartWritten:
    faults = draw_faults(world, load_fault_level(writing.faults))
    counter = _Counter(world, writing, progress)
    scratch = folder / SCRATCH_FOLDER
    with writing_records_truth(world, writing.formats, scratch) as records:
        written = write_feeds(
            world,
            faults,
            folder,
            formats=writing.formats,
            systems=writing.systems,
            progress=counter.add,
            note=records.note,
        )
    keep_truth(world, faults, scratch)
    return PartWritten(written.paths, truth_of_part(world, faults, written.faults))


def _write_reference(world: World, folder: Path) -> list[Path]:
    """The tables that all parts share."""
    writers = {
        folder / "organisations.csv": write_organisations,
        folder / "imd2019.csv": write_deprivation,
        folder / "postcodes.csv": write_postcodes,
    }
    for path, write in writers.items():
        write(world, path)
    return list(writers)


@dataclass(slots=True)
class _Counter:
    """Tells how far a part is, in births: as many of them as its records are done."""

    world: World
    writing: Writing
    progress: Progress | None
    done: int = 0

    def add(self, records: int) -> None:
        self.done += records
        if self.progress is not None:
            systems = wanted_systems(self.writing.formats, self.writing.systems)
            total = sum(records_of_system(self.world, system) for system in systems)
            self.progress(self.world.births * self.done // total, self.world.births)
