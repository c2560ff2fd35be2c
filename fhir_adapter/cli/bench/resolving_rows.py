"""Linking and resolving: a whole store, how the cost grows, and again after one per cent of new records."""

from __future__ import annotations

import multiprocessing
import shutil
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from fhir_adapter.cli.bench.linked_births import ToldBirths, draw_told_births, payloads
from fhir_adapter.cli.bench.machine import own_peak_megabytes
from fhir_adapter.cli.bench.report import BenchRow
from fhir_adapter.cli.bench.size import BenchSize
from fhir_adapter.cli.bench.stores import throwaway_settings
from fhir_adapter.cli.bench.timing import median_seconds
from fhir_adapter.store.database import writing
from fhir_adapter.wiring import intake_of, opened_store
from fhir_adapter.workflows.ingest import Intake, ReadPayload
from fhir_adapter.workflows.keep import keep_payloads
from fhir_adapter.workflows.resolve import resolve_everything, resolve_store

AGAIN_BAR = 0.05
GROWTH_BAR = 1.25
PART = 4  # the cost of so many times a part is held against that of the whole
SHARE_NEW = 0.01
RECORDS_A_BIRTH = 2  # a correction is one record, a new birth brings two or three
PAYLOADS_AT_ONCE = 12
REPEATS = 3


@dataclass(frozen=True, slots=True)
class ResolvingBench:
    """rows: as they are printed. peak_megabytes: of a fresh process that resolves all births once."""

    rows: list[BenchRow]
    peak_megabytes: float | None


@dataclass(frozen=True, slots=True)
class Seconds:
    """Median seconds of each piece of work. kept: of keeping all records, before anything is resolved."""

    kept: float
    part: float
    whole: float
    again: float


def bench_resolving(size: BenchSize, folder: Path, progress: Callable[[str], None]) -> ResolvingBench:
    """Rows of linking and resolving; databases go into `folder`."""
    births = size.resolved
    new_births = max(1, round(births * SHARE_NEW / 2))
    told = draw_told_births(births + REPEATS * new_births)
    progress(f"keeping the records of {births:,} births")
    part, whole = folder / "resolve-part.db", folder / "resolve.db"
    kept = _fill(part, payloads(told, 0, births // PART))
    shutil.copy(part, whole)
    kept += _fill(whole, payloads(told, births // PART, births))
    progress("linking and resolving a part and all of them, in turn")
    with opened_store(throwaway_settings(part)) as a_part, opened_store(throwaway_settings(whole)) as all_of_it:
        seconds = median_seconds(
            {"part": lambda: resolve_everything(a_part), "whole": lambda: resolve_everything(all_of_it)},
            repeats=REPEATS,
        )
    progress(f"keeping one per cent of new records, {REPEATS} times, and resolving what they touch")
    again = [_seconds_again(whole, told, births, new_births, turn) for turn in range(REPEATS)]
    measured = Seconds(kept, seconds["part"], seconds["whole"], statistics.median(again))
    peaks = [_peak_of_one_resolution(store) for store in (part, whole)]
    return ResolvingBench(_rows(births, measured, peaks), peaks[-1])


def _rows(births: int, seconds: Seconds, peaks: Sequence[float | None]) -> list[BenchRow]:
    of_part, of_whole = (f"{peak or 0:,.0f} MB" for peak in peaks)
    return [
        BenchRow(
            "resolve all",
            f"link and resolve {births:,} births of three systems, SQLite; {births / seconds.whole:,.0f} births a "
            f"second; kept before at {births / seconds.kept:,.0f} births a second",
            seconds.whole,
        ),
        BenchRow(
            "resolve growth",
            f"the same {births:,} births; a process holds at most {of_whole}, and {of_part} for a quarter",
            seconds.whole,
            f"{PART} times a quarter of them",
            PART * seconds.part,
            GROWTH_BAR,
        ),
        BenchRow(
            "resolve again",
            f"link and resolve what 1 % new records touch, half of them corrections, of {births:,} births",
            seconds.again,
            "linking and resolving all of them",
            seconds.whole,
            AGAIN_BAR,
        ),
    ]


def _seconds_again(store: Path, told: ToldBirths, births: int, new_births: int, turn: int) -> float:
    """New births for half of the new records, corrections of old ones for the other half; never the same twice."""
    first_new = births + turn * new_births
    first_old = turn * births // REPEATS
    new = payloads(told, first_new, first_new + new_births)
    corrected = payloads(told, first_old, first_old + RECORDS_A_BIRTH * new_births, is_correction=True)
    _fill(store, chain(new, corrected))
    with opened_store(throwaway_settings(store)) as engine:
        started = time.perf_counter()
        resolve_store(engine)
        return time.perf_counter() - started


def _fill(store: Path, told: Iterable[ReadPayload]) -> float:
    """Keep payloads, some at a time; the seconds it took."""
    started = time.perf_counter()
    settings = throwaway_settings(store)
    with opened_store(settings) as engine:
        intake = intake_of(settings, engine)
        waiting = iter(told)
        while batch := list(islice(waiting, PAYLOADS_AT_ONCE)):
            _keep(batch, intake)
    return time.perf_counter() - started


def _keep(batch: list[ReadPayload], intake: Intake) -> None:
    with writing(intake.engine) as connection:
        keep_payloads(connection, batch, intake)


def _peak_of_one_resolution(store: Path) -> float | None:
    """Measured in a fresh process, since this one has drawn the births."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_resolve_and_tell_peak, store).result()


def _resolve_and_tell_peak(store: Path) -> float | None:
    with opened_store(throwaway_settings(store)) as engine:
        resolve_everything(engine)
    return own_peak_megabytes()
