"""In whose files each record stands: its month's, and in which order, with what is repeated, late or out of order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from synthetic_bundles.faults.kinds import TRAVEL_FAULTS, Fault
from synthetic_bundles.faults.lateness import month_after, month_when_late


class Told(NamedTuple):
    """One record of a system. written: with its fault; clean: without. at: when it happened, None to stay in place."""

    row: int
    trust: str
    month: str
    at: str | None
    fault: Fault | None
    clean: Any
    written: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """What the files of one trust and month hold.

    own: the records of the month, each once and in order. sent: what is in fact in the files, in their order.
    faults: how many records have which fault of travel in these files.
    """

    trust: str
    month: str
    own: Sequence[Told]
    sent: Sequence[Told]
    faults: Counter[Fault]


def batches(records: Iterable[Told], last_month: str) -> Iterator[Batch]:
    """The batches in order of month and trust. records: in order of month; only a month is held at a time."""
    carried: defaultdict[str, list[Told]] = defaultdict(list)
    for month, of_month in groupby(records, attrgetter("month")):
        for earlier in sorted(each for each in carried if each < month):
            yield from _of_month(earlier, [], carried.pop(earlier))
        own = list(of_month)
        for told in own:
            if told.fault is Fault.RESENT:
                carried[month_after(month)].append(told)
            elif told.fault is Fault.LATE:
                carried[month_when_late(told.row, month, last_month)].append(told)
        yield from _of_month(month, own, carried.pop(month, []))
    for month in sorted(carried):
        yield from _of_month(month, [], carried[month])


def _of_month(month: str, own: Sequence[Told], carried: Sequence[Told]) -> Iterator[Batch]:
    for trust in sorted({told.trust for told in (*own, *carried)}):
        yield _batch(
            month,
            trust,
            [each for each in own if each.trust == trust],
            [each for each in carried if each.trust == trust],
        )


def _batch(month: str, trust: str, own: Sequence[Told], carried: Sequence[Told]) -> Batch:
    """What comes from earlier months stands first; what is out of order stands last."""
    in_place = [told for told in own if told.fault not in (Fault.LATE, Fault.OUT_OF_ORDER)]
    moved = [told for told in own if told.fault is Fault.OUT_OF_ORDER]
    latest = max((told.at for told in in_place if told.at is not None), default="")
    faults = Counter(told.fault for told in carried if told.fault is not None)
    faults[Fault.OUT_OF_ORDER] = sum(told.at is not None and told.at < latest for told in moved)
    faults[Fault.DUPLICATE] = sum(told.fault is Fault.DUPLICATE for told in in_place)
    twice = [again for told in in_place for again in ((told, told) if told.fault is Fault.DUPLICATE else (told,))]
    first = sorted(carried, key=lambda told: (told.month, told.row))
    return Batch(trust, month, own, [*first, *twice, *moved], faults)


def spoken_faults(own: Iterable[Told], natural: Callable[[Told], Iterable[Fault]]) -> Counter[Fault]:
    """How many records say something wrong. natural: what a record lacks without any drawn fault."""
    found: Counter[Fault] = Counter()
    for told in own:
        drawn = () if told.fault is None or told.fault in TRAVEL_FAULTS else (told.fault,)
        found.update({*drawn, *natural(told)})
    return found
