"""How much work a bench does."""

from __future__ import annotations

from dataclasses import dataclass

BIRTHS = 1_000_000
RESOLVED_OF_COUNTED = 10  # in a small bench one birth of so many is resolved


@dataclass(frozen=True, slots=True)
class BenchSize:
    """Sizes of the work of every area; the defaults are those that the bars were set for.

    births: deliveries counted. resolved: births linked and resolved. bundles, csv_rows: read. stored: bundles stored in
    each round. posts: bundles sent over HTTP. groups: given intervals. sets: of five groups, compared. series: charted,
    60 points each. repeats: rounds.
    """

    births: int = BIRTHS
    resolved: int = 20_000
    bundles: int = 500
    stored: int = 200
    posts: int = 500
    csv_rows: int = 50_000
    groups: int = 30_000
    sets: int = 3_000
    series: int = 5_000
    repeats: int = 5


FULL = BenchSize()
LEAST = BenchSize(
    births=1, resolved=200, bundles=20, stored=10, posts=20, csv_rows=200, groups=400, sets=40, series=100
)


def size_of(births: int | None) -> BenchSize:
    """The full size, or every area smaller in proportion to `births` (but never below LEAST): for a look alone.

    Of a number beyond what is resolved by default as many births are resolved as are counted: that is how to measure a
    million, which takes an hour.
    """
    if births is None:
        return FULL

    def scaled(full: int, least: int) -> int:
        return min(full, max(least, full * births // BIRTHS))

    return BenchSize(
        births=births,
        resolved=births if births > FULL.resolved else max(LEAST.resolved, births // RESOLVED_OF_COUNTED),
        bundles=scaled(FULL.bundles, LEAST.bundles),
        stored=scaled(FULL.stored, LEAST.stored),
        posts=scaled(FULL.posts, LEAST.posts),
        csv_rows=scaled(FULL.csv_rows, LEAST.csv_rows),
        groups=scaled(FULL.groups, LEAST.groups),
        sets=scaled(FULL.sets, LEAST.sets),
        series=scaled(FULL.series, LEAST.series),
    )
