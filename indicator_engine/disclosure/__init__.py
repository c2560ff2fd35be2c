"""What may leave: the only package that makes a `DisclosedTable`."""

from indicator_engine.disclosure.disclose import disclose
from indicator_engine.disclosure.presets import Preset, preset_named, preset_names
from indicator_engine.disclosure.table import (
    DisclosedCell,
    DisclosedFlagged,
    DisclosedGate,
    DisclosedReport,
    DisclosedSeriesPoint,
    DisclosedSpcPoint,
    DisclosedStatistic,
    DisclosedTable,
    ReportStatus,
)

__all__ = [
    "DisclosedCell",
    "DisclosedFlagged",
    "DisclosedGate",
    "DisclosedReport",
    "DisclosedSeriesPoint",
    "DisclosedSpcPoint",
    "DisclosedStatistic",
    "DisclosedTable",
    "Preset",
    "ReportStatus",
    "disclose",
    "preset_named",
    "preset_names",
]
