"""MeasureReport: one indicator version, one subject, one period, built from disclosed figures and nothing else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson

from fhir_adapter.fhir.canonical import (
    DEQM_SCORING,
    IMPROVEMENT_NOTATION,
    INPUT_PARAMETERS,
    MEASURE_SCORING,
    TEST_DATA_TAG,
    Canonicals,
)
from fhir_adapter.fhir.elements import Json, concept, instant, narrative, organisation_reference
from fhir_adapter.fhir.report_group import CONFIDENCE_PERCENT, report_group
from fhir_adapter.fhir.report_narrative import report_sentence
from indicator_engine.definition import IndicatorDefinition, Stratifier
from indicator_engine.disclosure import DisclosedReport

FHIR_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What a report says beside its figures.

    reporter: code of the organisation that publishes. organisations: code -> (name, kind), for the reporter and
    every subject; kind as in `organisation.kind`. released_at: with its offset. The hashes are those of the run.
    """

    canonicals: Canonicals
    reporter: str
    organisations: Mapping[str, tuple[str, str]]
    released_at: datetime
    synthetic: bool
    engine_version: str
    definition_hash: str
    snapshot_hash: str
    preset: str
    audience: str


def build_measure_report(
    report: DisclosedReport,
    definition: IndicatorDefinition,
    stratifiers: Mapping[str, Stratifier],
    context: ReportContext,
) -> Json:
    """The MeasureReport of one disclosed report.

    stratifiers: by id, all that the cells name. Raises ValueError when codes make no FHIR id, KeyError when an
    organisation or stratifier is missing: both are faults of the caller, never of a record.
    """
    resource: Json = {
        "resourceType": "MeasureReport",
        "id": report_id(report, context),
        "meta": _meta(context),
        "text": narrative(report_sentence(report, definition, context.organisations[report.subject][0])),
        "contained": [_run(definition, context)],
        "extension": [
            {"url": INPUT_PARAMETERS, "valueReference": {"reference": "#run"}},
            {"url": DEQM_SCORING, "valueCodeableConcept": concept(MEASURE_SCORING, definition.scoring)},
        ],
        "identifier": [{"system": context.canonicals.report_key, "value": report_key(report, context)}],
        "status": report.status.value,
        "type": "summary",
        "measure": context.canonicals.versioned_measure(report.indicator, report.version),
        "subject": _organisation("Location", report.subject, context),
        "date": instant(context.released_at),
        "reporter": _organisation("Organization", context.reporter, context),
        "period": {"start": report.start.isoformat(), "end": report.end.isoformat()},
    }
    if definition.improvement is not None:
        resource["improvementNotation"] = concept(IMPROVEMENT_NOTATION, definition.improvement)
    resource["group"] = [report_group(report, definition, stratifiers, context.canonicals)]
    return resource


def report_id(report: DisclosedReport, context: ReportContext) -> str:
    """Id such as `LB06-1.0.0-public-hes-RSA-2026-01-P3M`; the same report always has the same one."""
    parts = (*_key_parts(report, context), f"{report.start:%Y-%m}", report.length)
    found = "-".join(parts)
    if not FHIR_ID.match(found):
        raise ValueError(f"{found!r} is no FHIR id: letters, digits, '-' and '.', 64 at most; shorten the codes")
    return found


def report_key(report: DisclosedReport, context: ReportContext) -> str:
    """Business identifier: `indicator|version|audience|preset|subject|start|length`."""
    return "|".join((*_key_parts(report, context), report.start.isoformat(), report.length))


def content_digest(resource: Json) -> str:
    """Digest of what a report says, without when and from which snapshot it was said.

    Two releases that agree on it need no new version and no new push.
    """
    said = {name: value for name, value in resource.items() if name not in ("date", "contained", "meta")}
    return hashlib.blake2b(orjson.dumps(said, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def _key_parts(report: DisclosedReport, context: ReportContext) -> tuple[str, ...]:
    return report.indicator, report.version, context.audience, context.preset, report.subject


def _meta(context: ReportContext) -> Json:
    profile = {"profile": [context.canonicals.profile("summary-measurereport")]}
    return {**profile, "tag": [dict(TEST_DATA_TAG)]} if context.synthetic else dict(profile)


def _run(definition: IndicatorDefinition, context: ReportContext) -> Json:
    method = definition.interval.replace("_", "-")
    return {
        "resourceType": "Parameters",
        "id": "run",
        "parameter": [
            {"name": "ciMethod", "valueCode": method},
            {"name": "confidence", "valueDecimal": CONFIDENCE_PERCENT},
            {"name": "disclosurePreset", "valueCode": context.preset},
            {"name": "engineVersion", "valueString": context.engine_version},
            {"name": "definitionHash", "valueString": context.definition_hash},
            {"name": "snapshotHash", "valueString": context.snapshot_hash},
            {"name": "synthetic", "valueBoolean": context.synthetic},
        ],
    }


def _organisation(resource_type: str, code: str, context: ReportContext) -> Json:
    name, kind = context.organisations[code]
    return organisation_reference(context.canonicals, resource_type, code, name, kind)
