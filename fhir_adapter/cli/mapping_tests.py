"""perinatal mapping test, perinatal mapping mutate: whether a mapping does what its golden cases say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from fhir_adapter.cli.mapping_folders import open_named, suites_and_adapters
from fhir_adapter.cli.options import Json
from fhir_adapter.cli.output import Exit, print_json, say
from fhir_adapter.sources.golden_case import Difference, shown
from fhir_adapter.sources.mutation import Mutants, mutants_of
from fhir_adapter.sources.official_suite import run_suite
from fhir_adapter.sources.workbench import Bench, CaseResult, accept_results, case_results, open_bench

COLUMNS = ("table", "row", "column", "expected", "got")
WIDEST_CELL = 110

Named = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH|NAME]…", help="Adapters, or files of the official SQL on FHIR suite; all when none is named."
    ),
]
Accept = Annotated[
    bool, typer.Option("--accept", help="Write what the mapping gives into the golden cases that differ.")
]
One = Annotated[str, typer.Argument(metavar="NAME|PATH", help="Name or folder of an adapter.")]


def run_tests(named: Named = None, *, accept: Accept = False, as_json: Json = False) -> None:
    """Run the golden cases of adapters and show each cell that differs."""
    suites, folders = suites_and_adapters(named or ())
    benches = [open_bench(folder) for folder in folders]
    results = [*run_suite(suites), *(result for bench in benches for result in case_results(bench))]
    failed = [each for each in results if not each.passed]
    if as_json:
        print_json(results_document(results))
    else:
        say_results(results)
    if accept:
        accepted(benches, quiet=as_json)
    elif failed:
        raise typer.Exit(Exit.DATA_PROBLEMS)


def accepted(benches: Sequence[Bench], *, quiet: bool) -> None:
    """Write the goldens anew and say which changed."""
    files = [file for bench in benches for file in accept_results(bench)]
    if not quiet:
        for file in files:
            say(f"accepted: {file.parent.parent.name}/{file.parent.name}/{file.name}")
        say(f"{len(files)} golden cases written anew")


def results_document(results: Sequence[CaseResult]) -> dict[str, object]:
    """How many passed and failed, and what did not pass, as JSON."""
    missed = [each for each in results if not each.passed]
    return {
        "passed": len(results) - len(missed),
        "failed": len(missed),
        "failures": [result_document(each) for each in missed],
    }


def result_document(result: CaseResult) -> dict[str, object]:
    """One result that did not pass, as JSON."""
    return {
        "adapter": result.adapter,
        "file": result.file,
        "title": result.title,
        "differences": [asdict(each) for each in result.differences],
    }


def say_results(results: Sequence[CaseResult]) -> None:
    """A line for each test that differs with its cells below, then the counts."""
    for each in results:
        if not each.passed:
            say(f"{each.adapter}/{each.file}: {each.title}")
            say_table([COLUMNS, *(difference_cells(one) for one in each.differences)])
    for adapter in dict.fromkeys(each.adapter for each in results):
        ours = [each for each in results if each.adapter == adapter]
        missed = sum(not each.passed for each in ours)
        say(f"{adapter}: {len(ours) - missed} passed, {missed} failed")


def difference_cells(difference: Difference) -> tuple[str, ...]:
    """The cells of one line of a diff."""
    return (
        difference.table,
        difference.row,
        difference.column,
        shown(difference.expected),
        shown(difference.got),
    )


def say_table(lines: Sequence[Sequence[str]]) -> None:
    """Lines in columns, two spaces in, each column as wide as its longest cell up to a limit."""
    cut = [[each if len(each) <= WIDEST_CELL else f"{each[: WIDEST_CELL - 1]}…" for each in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    for line in cut:
        say("  " + "  ".join(each.ljust(width) for each, width in zip(line, widths, strict=True)).rstrip())


def mutate(name: One, *, as_json: Json = False) -> None:
    """Drop each rule of an adapter in turn; a golden case must fail. Exit code 1 when one survives."""
    bench = open_named(name)
    found = mutants_of(bench)
    if as_json:
        print_json(mutation_document(bench, found))
    else:
        for each in found.survivors:
            say(f"{each.place}: {each.rule} can be dropped and every golden case passes")
        killed = found.total - len(found.survivors)
        say(f"{bench.adapter.name}: {killed} of {found.total} dropped rules are noticed, {found.score:.1%}")
    if found.survivors:
        raise typer.Exit(Exit.DATA_PROBLEMS)


def mutation_document(bench: Bench, found: Mutants) -> dict[str, object]:
    """The result as JSON."""
    return {
        "adapter": bench.adapter.name,
        "rules": found.total,
        "score": found.score,
        "survivors": [asdict(each) for each in found.survivors],
    }
