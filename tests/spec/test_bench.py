"""The bench: what it says, and that every variant it times gives the same answer. No time is ever asserted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from fhir_adapter.cli.bench import BENCH_AREAS, BENCH_COLUMNS, BenchReport, BenchRow, run_bench
from fhir_adapter.cli.bench.born import Births, draw_births
from fhir_adapter.cli.bench.by_duckdb import count_with_duckdb
from fhir_adapter.cli.bench.by_numpy import answer_of_dense, count_with_numpy
from fhir_adapter.cli.bench.by_pandas import count_with_pandas
from fhir_adapter.cli.bench.cells import Answer, check_equal, engine_answer
from fhir_adapter.cli.bench.counting_rows import count_with_engine
from fhir_adapter.cli.bench.parquet_model import write_model
from fhir_adapter.cli.bench.size import FULL, size_of
from fhir_adapter.cli.bench.timing import median_seconds
from indicator_engine.errors import CountsInvalid

BIRTHS = 2000
ROW_KEYS = {"name", "work", "seconds", "floor", "floor_seconds", "ratio", "bar", "ok"}


def silent(_: str) -> None:
    """Progress that nobody watches."""


@pytest.fixture(scope="module")
def report() -> BenchReport:
    """One tiny bench of every area."""
    return run_bench(["all"], births=BIRTHS, progress=silent)


@pytest.fixture(scope="module")
def births() -> Births:
    """A tiny model in memory."""
    return draw_births(BIRTHS)


@pytest.fixture(scope="module")
def model(births: Births, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model as Parquet."""
    folder = tmp_path_factory.mktemp("bench") / "model"
    write_model(births, folder)
    return folder


@pytest.fixture(scope="module")
def engine(model: Path) -> Answer:
    """What the engine counts over the tiny model."""
    return engine_answer(count_with_engine(model))


def test_the_document_is_a_machine_and_rows_and_nothing_else(report: BenchReport) -> None:
    assert set(report.document()) == {"machine", "rows"}


def test_every_row_of_the_document_has_exactly_the_eight_keys(report: BenchReport) -> None:
    assert {frozenset(row.document()) for row in report.rows} == {frozenset(ROW_KEYS)}


def test_the_document_can_be_written_as_json(report: BenchReport) -> None:
    document = report.document()

    assert orjson.loads(orjson.dumps(document)) == document


@pytest.mark.parametrize("area", BENCH_AREAS)
def test_every_area_gives_rows_that_begin_with_its_name(report: BenchReport, area: str) -> None:
    assert any(row.name.startswith(f"{area} ") for row in report.rows)


def test_names_of_rows_are_unique(report: BenchReport) -> None:
    assert len({row.name for row in report.rows}) == len(report.rows)


def test_every_row_was_measured(report: BenchReport) -> None:
    assert all(row.seconds > 0 for row in report.rows)


def test_the_table_has_a_heading_and_a_line_of_as_many_cells_for_each_row(report: BenchReport) -> None:
    heading, *lines = report.table()

    assert heading == BENCH_COLUMNS
    assert [len(line) for line in lines] == [len(BENCH_COLUMNS)] * len(report.rows)


def test_the_machine_says_what_ran_and_how_much_memory_one_count_took(report: BenchReport) -> None:
    assert {"processor", "cores", "python", "duckdb", "evaluate_peak_megabytes"} <= set(report.machine)


def test_an_area_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="speed is no area of the bench; choose among ingest"):
        run_bench(["speed"], births=BIRTHS, progress=silent)


@pytest.mark.parametrize("count", [count_with_duckdb, count_with_pandas])
def test_a_variant_over_the_same_files_gives_every_cell_and_event_of_the_engine(
    engine: Answer, model: Path, count: Callable[[Path], Answer]
) -> None:
    check_equal(engine, count(model), variant=count.__name__)


def test_the_floor_in_memory_gives_every_cell_and_event_of_the_engine(engine: Answer, births: Births) -> None:
    check_equal(engine, answer_of_dense(count_with_numpy(births)), variant="numpy")


def test_the_model_that_is_counted_has_cells_of_all_six_indicators_and_events(engine: Answer) -> None:
    assert set(engine.cells["indicator"]) == {"BF01", "BK03", "LB01", "LB06", "LB11", "MO01"}
    assert len(engine.events) > 0


def test_a_single_different_cell_is_found(engine: Answer) -> None:
    first = engine.cells.index == engine.cells.index[0]
    cells = engine.cells.assign(population=engine.cells["population"] + first)

    with pytest.raises(CountsInvalid, match="cells of the engine and of a variant differ"):
        check_equal(engine, replace(engine, cells=cells), variant="a variant")


def test_a_missing_event_is_found(engine: Answer) -> None:
    with pytest.raises(CountsInvalid, match="events of the engine and of a variant differ"):
        check_equal(engine, replace(engine, events=engine.events.iloc[1:]), variant="a variant")


@pytest.mark.parametrize(("seconds", "ok"), [(2.0, True), (4.0, True), (5.0, False)])
def test_a_row_keeps_its_bar_up_to_the_bar_itself(seconds: float, ok: bool) -> None:
    assert BenchRow("a", "work", seconds, "floor", 1.0, bar=4.0).ok is ok


@pytest.mark.parametrize(("seconds", "ok"), [(0.01, True), (0.02, True), (0.04, False)])
def test_a_row_that_must_be_faster_keeps_its_bar_from_the_bar_on(seconds: float, ok: bool) -> None:
    assert BenchRow("a", "work", seconds, "floor", 1.0, bar=50.0, at_least=True).ok is ok


def test_a_row_without_a_bar_misses_none() -> None:
    row = BenchRow("a", "work", 1.0)

    assert (row.ratio, row.bar, row.ok) == (None, None, True)


def test_work_and_floor_are_run_in_turn_and_each_round_begins_with_another() -> None:
    runs: list[str] = []
    median_seconds({"work": lambda: runs.append("w"), "floor": lambda: runs.append("f")}, repeats=3)

    assert "".join(runs) == "wf" + "wffwwf"


def test_a_smaller_bench_is_smaller_in_every_area_and_repeats_as_often() -> None:
    small = size_of(BIRTHS)

    assert small.births == BIRTHS
    assert small.bundles < FULL.bundles
    assert small.csv_rows < FULL.csv_rows
    assert small.groups < FULL.groups
    assert small.series < FULL.series
    assert small.repeats == FULL.repeats
