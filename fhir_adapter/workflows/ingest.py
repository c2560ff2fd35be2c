"""Bytes to source rows: read, choose the adapter, map, keep. What is already known changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from sqlalchemy.engine import Engine

from fhir_adapter.errors import PayloadRefused
from fhir_adapter.fhir.incoming import IncomingLimits, check_bundle, parse_json
from fhir_adapter.fhir.incoming_check import IncomingFindings, settle_bundle
from fhir_adapter.fhir.r4_schema import BrokenRule
from fhir_adapter.sources.bundle_source import map_bundle
from fhir_adapter.sources.issues import Issue, Severity, capped
from fhir_adapter.sources.records import MappedRecord
from fhir_adapter.sources.registry import AdapterRegistry
from fhir_adapter.store.sealing import Sealer
from fhir_adapter.workflows.files import Line
from fhir_adapter.workflows.identities import Pseudonyms, identity_issues

ELEMENT_CODES: Mapping[BrokenRule, str] = {
    BrokenRule.WRONG_TYPE: "element.wrong-type",
    BrokenRule.FORMAT: "element.format",
    BrokenRule.EMPTY: "element.empty",
    BrokenRule.MISSING: "element.missing",
    BrokenRule.UNKNOWN: "element.unknown",
    BrokenRule.REPEATED_CHOICE: "element.repeated-choice",
}


class ReadingRules(Protocol):
    """What reading needs, and no store: so that other processes can do it."""

    @property
    def adapters(self) -> AdapterRegistry:
        """The adapters to choose among."""
        ...

    @property
    def limits(self) -> IncomingLimits:
        """How much one payload may be."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether NHS numbers of the synthetic range are people."""
        ...


@dataclass(frozen=True, slots=True)
class PlainRules:
    """Rules without anything else."""

    adapters: AdapterRegistry
    limits: IncomingLimits
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """All that ingest needs: the store, the adapters, the keys, the limits and a clock.

    actor: who opens what is sealed, as the audit names them. keeps_payloads: whether raw payloads are kept at all.
    """

    engine: Engine
    adapters: AdapterRegistry
    sealer: Sealer
    pseudonyms: Pseudonyms
    limits: IncomingLimits
    synthetic: bool
    now: Callable[[], datetime]
    actor: str = "nobody named"
    keeps_payloads: bool = True


@dataclass(frozen=True, slots=True)
class ReadPayload:
    """One payload after reading and mapping, before it is kept.

    records: what was mapped. issues: what was found in it. refused: why nothing of it may be kept, else None; it then
    goes to quarantine whole. record_count: how many records it holds, one for a bundle.
    """

    digest: str
    raw: bytes
    media_type: str
    location: str
    adapter: str
    mapping_version: str
    records: Sequence[MappedRecord]
    issues: tuple[Issue, ...]
    refused: Issue | None = None
    record_count: int = 1

    @property
    def has_errors(self) -> bool:
        """Whether any issue is an error."""
        return any(each.severity is Severity.ERROR for each in self.issues)


def read_bundle(
    raw: bytes, intake: ReadingRules, *, location: str, adapter_name: str | None = None, is_strict: bool = False
) -> ReadPayload:
    """Read, check and map one bundle; never raises for what is wrong with it.

    A transaction with an error is refused whole, as FHIR demands; of other bundles the good rows are kept. An element
    of another JSON type is an error and not read; any other departure from R4 is a warning, for the mapping has its
    own word on what it reads. Where is_strict, a departure is an error in a transaction, whose sender waits for it;
    what is empty costs nothing and stays a warning.
    """
    digest = sha256(raw).hexdigest()
    try:
        document = parse_json(raw, intake.limits, place=location)
        kind = check_bundle(document, intake.limits, place=location)
        adapter = (
            intake.adapters.for_bundle(document, location)
            if adapter_name is None
            else intake.adapters.by_name(adapter_name)
        )
        findings = settle_bundle(document)
        record = map_bundle(adapter, document, digest=digest)
    except PayloadRefused as cause:
        return refused_payload(raw, digest, cause, location=location)
    found = capped(
        (
            *schema_issues(findings, is_strict=is_strict and kind == "transaction"),
            *record.issues,
            *identity_issues(record.identities, "Bundle", synthetic=intake.synthetic),
        )
    )
    read = ReadPayload(digest, raw, "application/fhir+json", location, adapter.name, adapter.version, [record], found)
    return refuse_whole(read) if kind == "transaction" and read.has_errors else read


def read_line(line: Line, rules: ReadingRules, name: str, adapter_name: str | None) -> ReadPayload:
    """One line of an NDJSON file of this name."""
    place = f"{name}:{line.number}"
    return placed_in(read_bundle(line.content, rules, location=place, adapter_name=adapter_name), place)


def placed_in(payload: ReadPayload, place: str) -> ReadPayload:
    """The payload with the line of its file in front of every location."""
    issues = tuple(replace(each, location=f"{place} {each.location}") for each in payload.issues)
    refused = payload.refused
    if refused is not None and not refused.location.startswith(place):
        refused = replace(refused, location=f"{place} {refused.location}")
    return replace(payload, issues=issues, refused=refused)


def schema_issues(findings: IncomingFindings, *, is_strict: bool) -> Iterator[Issue]:
    """What the R4 schema says of a bundle, and which types it could not be asked about."""
    for each in findings.faults:
        if each.is_left_out:
            yield Issue(Severity.ERROR, "element.wrong-type", each.location, f"{each.text}; it was not read")
        else:
            is_error = is_strict and each.rule is not BrokenRule.EMPTY
            severity = Severity.ERROR if is_error else Severity.WARNING
            yield Issue(severity, ELEMENT_CODES[each.rule], each.location, each.text)
    for kind, count in sorted(findings.unchecked.items()):
        text = f"{count:,} resources of type {kind} were not checked: the schema kept here does not have this type"
        yield Issue(Severity.INFORMATION, "resource.unchecked", "Bundle", text)


def refuse_whole(read: ReadPayload) -> ReadPayload:
    """The payload with nothing kept: a transaction is all or nothing."""
    first = next(each for each in read.issues if each.severity is Severity.ERROR)
    text = "a transaction is taken whole or not at all; correct every error and send it again"
    return replace(read, records=(), refused=Issue(Severity.ERROR, "bundle.transaction-refused", first.location, text))


def refused_payload(raw: bytes, digest: str, cause: PayloadRefused, *, location: str) -> ReadPayload:
    """A payload that could not be read at all, as one issue."""
    issue = Issue(Severity.ERROR, cause.code, cause.location, cause.text)
    return ReadPayload(digest, raw, "application/octet-stream", location, "", "", (), (), issue)
