"""Figures in words: what the pages say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fhir_adapter.viewer.figures import Doubt, Gap, Score

NOT_SHOWN = "not shown, small count"
VARIATION_WORDS = {
    "common-cause": "No unusual change",
    "special-cause-improvement": "Unusual change: better",
    "special-cause-concern": "Unusual change: worse",
    "special-cause-neutral": "Unusual change",
    "no-signal": "No unusual change",
    "more-frequent": "More frequent than expected",
    "less-frequent": "Less frequent than expected",
}
# Amber never means that there is no disparity: the data cannot tell.
STATUS_WORDS = {
    "red": "Red: worse off, beyond chance",
    "amber": "Amber: the data cannot tell",
    "green": "Green: better off, beyond chance",
    "grey": "Grey: too few to judge",
}
STATISTIC_WORDS = {
    "difference": "Difference",
    "ratio": "Ratio",
    "sii": "Slope index of inequality",
    "rii": "Relative index of inequality",
}
ABSOLUTE_TYPES = frozenset(("difference", "sii"))


@dataclass(frozen=True, slots=True)
class Scale:
    """How a proportion is shown: multiplied by factor, followed by unit; differences have their own unit."""

    factor: int
    unit: str
    gap_unit: str


PERCENT = Scale(100, "%", " percentage points")
SCALES = {"percent": PERCENT, "per_1000": Scale(1000, " per 1,000", " per 1,000")}


def score_words(score: Score, scale: Scale) -> str:
    """`7.4%`, or why there is none."""
    return NOT_SHOWN if score.value is None else f"{score.value * scale.factor:.1f}{scale.unit}"


def interval_words(score: Score, scale: Scale) -> str:
    """`6.1 to 8.9`, or nothing."""
    if score.low is None or score.high is None:
        return ""
    return f"{score.low * scale.factor:.1f} to {score.high * scale.factor:.1f}"


def variation_words(variation: str | None, *, provisional: bool) -> str:
    """What the chart says of the latest point."""
    said = VARIATION_WORDS.get(variation or "", "Not ruled")
    return f"{said} (provisional)" if provisional else said


def status_words(status: str | None) -> str:
    """The traffic light in words; nothing for statistics that carry none."""
    return STATUS_WORDS.get(status or "", "")


def gap_value_words(gap: Gap, scale: Scale) -> str:
    """Value of a statistic: absolute ones on the scale of the indicator, relative ones as they are."""
    if gap.score.value is None:
        return gap.withheld or NOT_SHOWN
    if gap.type in ABSOLUTE_TYPES:
        return f"{gap.score.value * scale.factor:+.1f}{scale.gap_unit}"
    return f"{gap.score.value:.2f}"


def gap_interval_words(gap: Gap, scale: Scale) -> str:
    """Interval of a statistic, or nothing."""
    if gap.score.low is None or gap.score.high is None:
        return ""
    factor, places = (scale.factor, 1) if gap.type in ABSOLUTE_TYPES else (1, 2)
    return f"{gap.score.low * factor:.{places}f} to {gap.score.high * factor:.{places}f}"


def gap_sentence(gap: Gap, scale: Scale) -> str:
    """`Black: 3.2 percentage points higher than White (interval 1.0 to 5.4).`"""
    if gap.score.value is None:
        return ""
    side = "higher" if gap.score.value >= 0 else "lower"
    size = f"{abs(gap.score.value) * scale.factor:.1f}{scale.gap_unit}"
    interval = gap_interval_words(gap, scale)
    held = f" (interval {interval})" if interval else ""
    return f"{gap.group}: {size} {side} than {gap.reference}{held}, {period_words(gap.start, gap.end)}."


def doubt_sentence(doubt: Doubt | None, scale: Scale) -> str:
    """What open conflicts between sources mean for a figure; nothing where there are none."""
    if doubt is None or doubt.count == 0:
        return ""
    if doubt.low is None or doubt.high is None:
        return "How many of those counted have an open conflict between sources is not shown, small count."
    counted = "A few" if doubt.share is None else f"{doubt.share * PERCENT.factor:.1f}{PERCENT.unit}"
    bounds = f"{doubt.low * scale.factor:.1f} and {doubt.high * scale.factor:.1f}{scale.unit}"
    return (
        f"{counted} of those counted have an open conflict between sources: "
        f"whichever way all of these fell, the value would lie between {bounds}."
    )


def period_words(start: date, end: date) -> str:
    """`April 2026`, `January to March 2026` or `April 2025 to March 2026`."""
    if (start.year, start.month) == (end.year, end.month):
        return f"{start:%B %Y}"
    if start.year == end.year:
        return f"{start:%B} to {end:%B %Y}"
    return f"{start:%B %Y} to {end:%B %Y}"
