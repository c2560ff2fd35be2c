"""The measured quality of the linkage as tables of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.end_to_end.linkage_quality import Found, Linked, Quality, Share

START, END = "<!-- measured: begin -->", "<!-- measured: end -->"
VARIANTS = {
    "automatic": "automatic",
    "with_reviews": "automatic, and every open question answered rightly",
    "deterministic": "deterministic passes alone",
    "nhs_number": "NHS number alone",
}


def page_of(page: str, quality: Quality, truth: Mapping[str, Any]) -> str:
    """The page with what stands between its two marks replaced. Raises ValueError for a page without them."""
    before, begin, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the marks {START} and {END}; add them where the numbers belong")
    return "\n".join([f"{before}{START}", "", *_lines(quality, truth), "", f"{END}{after}"])


def _lines(quality: Quality, truth: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"World `{truth['scenario']}`, seed {truth['seed']}, {truth['births']:,} births, faults "
        f"`{truth['fault_level']}`; feeds {', '.join(quality.feeds)}: {quality.mentions:,} mentions of people, "
        f"{sum(quality.lost.values()):,} not taken in, {quality.reviews:,} open questions."
    )
    yield from ("", "| people | precision | recall |", "|---|---|---|")
    yield from (_linked_row(VARIANTS[name], linked) for name, linked in quality.people.items())
    yield from ("", "| other links | precision | recall |", "|---|---|---|")
    yield _linked_row("mother of a birth, automatic", quality.mothers)
    yield from (_linked_row(f"stay to birth, {VARIANTS[name]}", linked) for name, linked in quality.stays.items())
    yield from ("", "| stratum | precision | recall | with reviews | deterministic alone |", "|---|---|---|---|---|")
    reviewed, deterministic = (quality.strata[name] for name in ("with_reviews", "deterministic"))
    for name, linked in quality.strata["automatic"].items():
        recalls = (linked.recall, reviewed[name].recall, deterministic[name].recall)
        yield _row([name, _share(linked.precision), *map(_share, recalls)])
    yield from ("", "| pass | mentions |", "|---|---|")
    yield from (_row([name, f"{count:,}"]) for name, count in quality.passes.items())
    yield from (
        "",
        "| conflicts | injected, found | all of named stays | of unnamed stays | explained | false alarms |",
        "|---|---|---|---|---|---|",
    )
    yield from (_found_row(name, found) for name, found in quality.conflicts.items())
    others = ", ".join(f"`{name}` {count:,}" for name, count in quality.other_flags.items()) or "none"
    yield from ("", f"Flags in columns where the systems do not differ: {others}.")
    swapped = quality.swapped
    yield (
        f"Stays of swapped twins: {swapped.stays}; linked right {swapped.linked_right}, asked about "
        f"{swapped.reviewed}, with a conflict on the baby {swapped.flagged}; found in one of these ways "
        f"{_share(swapped.found)}."
    )


def _linked_row(name: str, linked: Linked) -> str:
    return _row([name, _share(linked.precision), _share(linked.recall)])


def _found_row(name: str, found: Found) -> str:
    shares = (found.injected, found.all_named, found.unnamed)
    return _row([name, *map(_share, shares), str(found.explained), str(found.false_alarms)])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _share(share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "-"
    return f"{share.value:.4f} ({share.low:.4f} to {share.high:.4f}) of {share.trials:,}"
