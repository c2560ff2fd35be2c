"""The one table of what is served; routes, search and CapabilityStatement all follow it."""

from __future__ import annotations

from types import MappingProxyType

from fhir_adapter.fhir.capability import SearchParameter, ServedType

READ_ONLY = ("read", "vread", "history-instance", "search-type")
SYSTEM_INTERACTIONS = ("transaction", "batch")

ANY_TYPE = (
    SearchParameter("_id", "token", "Id of the resource"),
    SearchParameter("_lastUpdated", "date", "When this version was published; prefixes eq ge le gt lt"),
)
ORGANISATION = (
    SearchParameter("identifier", "token", "Organisation or site code, with or without its system"),
    SearchParameter("name", "string", "Beginning of the name"),
)
MEASURE_REPORT = (
    SearchParameter("identifier", "token", "indicator|version|audience|preset|subject|start|length, pipes escaped"),
    SearchParameter("measure", "reference", "url, url|version or Measure/id"),
    SearchParameter("subject", "reference", "Location/code; also subject:identifier"),
    SearchParameter("reporter", "reference", "Organization/code; also reporter:identifier"),
    SearchParameter("status", "token", "complete or pending"),
    SearchParameter("period", "date", "Period of the report, by overlap; prefixes eq ge le gt lt"),
    SearchParameter("date", "date", "When the report was made; prefixes eq ge le gt lt"),
)
MEASURE = (
    SearchParameter("url", "uri", "Canonical URL"),
    SearchParameter("version", "token", "Version of the definition"),
    SearchParameter("title", "string", "Beginning of the title"),
    SearchParameter("status", "token", "active"),
)

SERVED = MappingProxyType(
    {
        "Location": ServedType("Location", READ_ONLY, ANY_TYPE + ORGANISATION),
        "Measure": ServedType("Measure", READ_ONLY, ANY_TYPE + MEASURE),
        "MeasureReport": ServedType("MeasureReport", READ_ONLY, ANY_TYPE + MEASURE_REPORT),
        "Organization": ServedType("Organization", READ_ONLY, ANY_TYPE + ORGANISATION),
    }
)
SORT_KEYS = MappingProxyType(
    {name: ("_id", "_lastUpdated", *(("period",) if name == "MeasureReport" else ())) for name in SERVED}
)
