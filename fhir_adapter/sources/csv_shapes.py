"""Shapes of files as written to shapes with every repeated group spelt out, and what a site adds to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from fhir_adapter.errors import MappingInvalid
from fhir_adapter.sources.adapter import (
    NUMBER,
    ColumnRule,
    Condition,
    CsvFile,
    CsvFormat,
    CsvRows,
    IdentityRule,
    KeyRule,
    ManifestModel,
    SiteFile,
)
from fhir_adapter.sources.concept_map import CodeMap

Part = TypeVar("Part", bound=ManifestModel)


def spelt_out(shape: CsvFile) -> CsvFile:
    """The shape with each repeated group as rows of its own."""
    return shape.model_copy(
        update={
            "tables": tuple(each for rows in shape.tables for each in groups_of(rows, rows.repeat)),
            "identities": tuple(each for rule in shape.identities for each in groups_of(rule, rule.repeat)),
        }
    )


def groups_of(part: Part, numbers: Sequence[str]) -> Iterator[Part]:
    """The part once for each number, with the number in its names; itself when it does not repeat."""
    if not numbers:
        yield part
    written = part.model_dump(by_alias=True, exclude_unset=True, exclude={"repeat"})
    for number in numbers:
        yield type(part).model_validate(with_number(written, number))


def with_number(written: Any, number: str) -> Any:
    """The same with the number of the group in every text that asks for it."""
    if isinstance(written, str):
        return written.replace(NUMBER, number)
    if isinstance(written, Mapping):
        return {key: with_number(value, number) for key, value in written.items()}
    return [with_number(each, number) for each in written] if isinstance(written, list | tuple) else written


def later_headers(shape: CsvFile) -> frozenset[str]:
    """Columns of every group but the first; a file may have fewer groups than the mapping knows."""
    found: set[str] = set()
    needed: set[str] = set()
    groups = [[headers_in(each) for each in groups_of(rows, rows.repeat)] for rows in shape.tables]
    groups += [[headers_in(each) for each in groups_of(rule, rule.repeat)] for rule in shape.identities]
    for first, *others in groups:
        needed |= first
        found = found.union(*others)
    return frozenset(found - needed)


def headers_in(part: CsvRows | IdentityRule) -> set[str]:
    """Columns of the file that rows or an identity read."""
    conditions = {each.column for each in part.when}
    if isinstance(part, CsvRows):
        rules = part.columns.values()
        return conditions | {name for rule in rules for name in (*headers_of(rule), *condition_headers(rule.when))}
    key = part.key.from_ if isinstance(part.key, KeyRule) else (part.key,)
    return conditions | {name for name in (*key, *identity_fields(part), *part.postcode) if name}


def headers_of(rule: ColumnRule) -> tuple[str, ...]:
    """Columns of the file that a rule reads."""
    key = rule.key.from_ if rule.key else ()
    unit = (rule.unit.from_,) if rule.unit and rule.unit.from_ else ()
    parts = (each.from_ for each in rule.sum)
    return (*rule.from_, *parts, *((rule.time,) if rule.time else ()), *key, *unit)


def identity_fields(rule: IdentityRule) -> tuple[str | None, ...]:
    """The columns of an identity rule in the order of `Identity`."""
    return (
        rule.nhs_number,
        rule.nhs_number_status,
        rule.local_id,
        rule.local_id_system,
        rule.family_name,
        rule.given_name,
        rule.birth_date,
    )


def condition_headers(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Columns of the file that conditions look at."""
    return tuple(each.column for each in conditions)


def sites_in_format(written: CsvFormat, sites: Sequence[SiteFile], *, place: str) -> CsvFormat:
    """The format with the headers of every site. Raises MappingInvalid when two sites mean different columns by one."""
    aliases = dict(written.aliases)
    faults = []
    for site in sites:
        for name, meant in site.aliases.items():
            if aliases.setdefault(name, meant) != meant:
                faults.append(f"sites/{site.site}: the header {name} is already an alias of {aliases[name]}")
    if faults:
        raise MappingInvalid(place, faults)
    return written.model_copy(update={"aliases": aliases})


def with_values(maps: Mapping[str, CodeMap], sites: Sequence[SiteFile], *, place: str) -> Mapping[str, CodeMap]:
    """The ConceptMaps with the codes of these sites, which stand over those of the ConceptMap.

    Raises MappingInvalid for a ConceptMap that there is not, and for a code to which two sites give two targets.
    """
    found = dict(maps)
    given: dict[tuple[str, str], str] = {}
    faults = []
    for site in sites:
        for name, codes in site.values.items():
            if name not in maps:
                faults.append(
                    f"sites/{site.site}: there is no ConceptMap {name}; there are {', '.join(maps) or 'none'}"
                )
                continue
            clashing = sorted(
                code for code, target in codes.items() if given.setdefault((name, code), target) != target
            )
            faults.extend(f"sites/{site.site}: code {code} of {name} has another target elsewhere" for code in clashing)
            found[name] = replace(found[name], targets={**found[name].targets, **codes})
    if faults:
        raise MappingInvalid(place, faults)
    return found


def sites_by_sender(sites: Sequence[SiteFile]) -> Mapping[str, Sequence[SiteFile]]:
    """The sites that give value lists for one sender alone, by sender."""
    senders = dict.fromkeys(sender for site in sites for sender in site.senders if site.values)
    return {sender: [site for site in sites if sender in site.senders] for sender in senders}
