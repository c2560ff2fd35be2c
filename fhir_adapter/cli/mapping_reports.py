"""perinatal mapping coverage, unmapped, conceptmap: what a feed and a mapping do not share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fhir_adapter import wiring
from fhir_adapter.cli.mapping_folders import adapter_folder
from fhir_adapter.cli.mapping_tests import say_table
from fhir_adapter.cli.options import Database, Json
from fhir_adapter.cli.output import print_json, print_rows, say
from fhir_adapter.settings import read_settings
from fhir_adapter.sources.coverage import CoverageReport, coverage_of
from fhir_adapter.sources.feed import adapter_for, files_in
from fhir_adapter.sources.registry import load_parts
from fhir_adapter.sources.unmapped import UnmappedCodes, filled_maps, skeletons, unmapped_csv, with_added
from fhir_adapter.workflows.stored_codes import stored_codes

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="Bundles, NDJSON or CSV files, or folders of them.")]
OptionalFiles = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE…]", help="Bundles, NDJSON or CSV files, or folders of them; else what is stored."),
]
AdapterName = Annotated[
    str | None, typer.Option("--adapter", metavar="NAME|PATH", help="Adapter to use; chosen by content when not given.")
]


def folder_for(files: Sequence[Path], adapter: str | None) -> Path:
    """The folder of the adapter that is named, or that claims the first file."""
    if adapter is not None:
        return adapter_folder(adapter).resolve()
    return adapter_folder(adapter_for(files[0], wiring.adapters_of(read_settings()), None).name).resolve()


def coverage(
    files: Files,
    *,
    adapter: AdapterName = None,
    null_above: Annotated[
        float, typer.Option("--null-above", metavar="PERCENT", help="Name columns absent in more rows than this.")
    ] = 95.0,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print tables for a page.")] = False,
    as_json: Json = False,
) -> None:
    """Say what a feed holds that no rule reads, and which rules, columns and codes the feed does not need."""
    found = files_in(files)
    folder = folder_for(found, adapter)
    report = coverage_of(load_parts(folder), folder, found, null_above=null_above)
    if as_json:
        print_json(asdict(report))
        return
    for title, columns, rows in sections_of(report, null_above):
        if as_markdown:
            say_markdown(title, columns, rows)
        elif rows:
            say(title)
            say_table(rows)
    if not as_markdown:
        counts = ", ".join(f"{len(rows)} {title.lower()}" for title, _, rows in sections_of(report, null_above))
        say(f"{report.adapter}: {report.inputs} bundles or lines; {counts}")


Section = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


def sections_of(report: CoverageReport, null_above: float) -> list[Section]:
    """The parts of a report as tables of texts."""
    return [
        ("Elements read by no rule", ("element", "times"), [(each.name, str(each.count)) for each in report.unread]),
        (
            "Resource types ignored",
            ("type", "times"),
            [(each.name, str(each.count)) for each in report.ignored_types],
        ),
        (
            "Resources that no view took",
            ("type and code", "times"),
            [(each.name, str(each.count)) for each in report.untaken],
        ),
        (
            "Rules that never matched",
            ("place", "rule"),
            [(each.place, each.rule) for each in report.unmatched_rules],
        ),
        (
            f"Columns absent in more than {null_above:g} % of rows",
            ("column", "absent", "rows"),
            [(f"{each.table}.{each.column}", f"{each.share:.1%}", str(each.rows)) for each in report.empty_columns],
        ),
        ("Codes never used", ("place", "code"), [(each.place, each.rule) for each in report.unused_codes]),
    ]


def say_markdown(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """One part of a report as a section of a page."""
    say(f"### {title}\n")
    if not rows:
        say("None.\n")
        return
    say(f"| {' | '.join(columns)} |")
    say(f"|{'---|' * len(columns)}")
    for row in rows:
        say(f"| {' | '.join(each.replace('|', chr(92) + '|') for each in row)} |")
    say("")


def unmapped(
    files: OptionalFiles = None,
    *,
    adapter: AdapterName = None,
    database: Database = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a file with a column `target` to fill in.")
    ] = None,
    conceptmap: Annotated[
        Path | None,
        typer.Option("--conceptmap", metavar="FOLDER", help="Write an R4 ConceptMap skeleton for each map."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List codes that no ConceptMap and no code list has, by count, with the nearest target.

    Without FILE the codes are those of what is stored, as it came.
    """
    counted = _codes_of_files(files, adapter) if files else _codes_of_store(adapter, database)
    if len(counted) > 1 and (csv is not None or conceptmap is not None):
        raise typer.BadParameter(f"name one with --adapter, for what is stored came by {', '.join(sorted(counted))}")
    rows = [row for name in sorted(counted) for row in counted[name].found()]
    if csv is not None:
        csv.write_text(unmapped_csv(rows), "utf-8")
    if conceptmap is not None:
        write_maps(conceptmap, skeletons(rows))
    if as_json:
        print_rows(rows)
        return
    if rows:
        say_table(
            [
                ("map", "code", "display", "count", "now", "first place", "nearest"),
                *(
                    (
                        each.map,
                        f"{each.system}|{each.code}" if each.system else each.code,
                        each.display,
                        str(each.count),
                        each.policy,
                        each.first_place,
                        f"{each.nearest} {each.nearest_display}".rstrip(),
                    )
                    for each in rows
                ),
            ]
        )
    say(f"{len(rows)} codes without a target, in {sum(each.count for each in rows)} cells")


def _codes_of_files(files: Sequence[Path], adapter: str | None) -> dict[str, UnmappedCodes]:
    found = files_in(files)
    folder = folder_for(found, adapter)
    codes = UnmappedCodes(load_parts(folder))
    for file in found:
        codes.add(file)
    return {folder.name: codes}


def _codes_of_store(adapter: str | None, database: str | None) -> dict[str, UnmappedCodes]:
    settings = read_settings(database_url=database)
    folders = {} if adapter is None else {(folder := adapter_folder(adapter).resolve()).name: folder}
    with wiring.opened_store(settings) as store:
        return stored_codes(
            store,
            wiring.intake_of(settings, store).sealer,
            lambda name: UnmappedCodes(load_parts(folders.get(name) or adapter_folder(name))),
            adapter_name=next(iter(folders), None),
        )


def conceptmap(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `mapping unmapped --csv` wrote, filled in.")],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Folder of ConceptMaps, as of an adapter.")],
) -> None:
    """Turn a filled list of codes into ConceptMaps; codes are added to those that are there."""
    for name, codes in write_maps(out, filled_maps(file.read_text("utf-8-sig"), place=str(file))):
        say(f"{name}: {codes} codes")


def write_maps(folder: Path, maps: Mapping[str, dict[str, Any]]) -> list[tuple[Path, int]]:
    """Write ConceptMaps below a folder, added to those that are there; gives the files and their new codes."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, added in maps.items():
        file = folder / f"{name}.json"
        content = with_added(orjson.loads(file.read_bytes()), added) if file.exists() else added
        file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
        written.append((file, sum(len(group["element"]) for group in added["group"])))
    return written
