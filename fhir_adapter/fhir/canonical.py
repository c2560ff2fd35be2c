"""Names under which what we publish is known: canonical URLs and identifier systems."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_BASE = "https://perinatal-equity.example/fhir"
ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"
ODS_SITE = "https://fhir.nhs.uk/Id/ods-site-code"

MEASURE_POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
MEASURE_SCORING = "http://terminology.hl7.org/CodeSystem/measure-scoring"
IMPROVEMENT_NOTATION = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
TEST_DATA_TAG = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}

CONFIDENCE_INTERVAL = "http://hl7.org/fhir/StructureDefinition/quantity-confidenceInterval"
DATA_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
INPUT_PARAMETERS = "http://hl7.org/fhir/StructureDefinition/cqf-inputParameters"
GROUP_LINK_ID = "http://hl7.org/fhir/5.0/StructureDefinition/extension-MeasureReport.group.linkId"
DEQM_SCORING = "http://hl7.org/fhir/uv/deqm/StructureDefinition/deqm-measureScoring"


@dataclass(frozen=True, slots=True)
class Canonicals:
    """Builds every URL of our own from one base, which a deployment may set."""

    base: str = DEFAULT_BASE

    def measure(self, indicator: str) -> str:
        """Canonical URL of a Measure, without its version."""
        return f"{self.base}/Measure/{indicator}"

    def versioned_measure(self, indicator: str, version: str) -> str:
        """Canonical reference to one version, as MeasureReport.measure must hold it."""
        return f"{self.measure(indicator)}|{version}"

    def code_system(self, name: str) -> str:
        """URL of one of our code systems."""
        return f"{self.base}/CodeSystem/{name}"

    def extension(self, name: str) -> str:
        """URL of one of our extensions."""
        return f"{self.base}/StructureDefinition/{name}"

    def profile(self, name: str) -> str:
        """URL of one of our profiles."""
        return f"{self.base}/StructureDefinition/{name}"

    @property
    def report_key(self) -> str:
        """System of the business identifier of a report."""
        return f"{self.base}/report-key"

    @property
    def organisation(self) -> str:
        """System of codes of organisations that have no ODS code of their own kind."""
        return f"{self.base.removesuffix('/fhir')}/organisation"

    def identifier_system(self, kind: str) -> str:
        """System of the code of an organisation of this kind (values of `organisation.kind`)."""
        systems = {"lmns": self.organisation, "local_authority": self.organisation, "site": ODS_SITE}
        return systems.get(kind, ODS_ORGANISATION)
