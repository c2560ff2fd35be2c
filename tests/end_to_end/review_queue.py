"""Links that wait for a person to decide, and what a person who decides rightly makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tests.end_to_end.mentions_of_store import persons_of_clusters

# outer joins make SQLite, which has no statistics, start from the few pairs
OPEN_PAIRS = sa.text(
    "SELECT one.source_key, other_link.resolved_key, other.source_key, one_link.resolved_key FROM link_pair "
    "LEFT JOIN linkage_zone one ON one.entry_key = left_entry "
    "LEFT JOIN linkage_zone other ON other.entry_key = right_entry "
    "LEFT JOIN link one_link ON one_link.entity = 'person' AND one_link.source = one.source "
    "AND one_link.source_key = one.source_key "
    "LEFT JOIN link other_link ON other_link.entity = 'person' AND other_link.source = other.source "
    "AND other_link.source_key = other.source_key WHERE link_pair.status = 'open'"
)


@dataclass(frozen=True, slots=True)
class Reviews:
    """Questions that are open. pairs: source key and the person that it may be of."""

    pairs: tuple[tuple[str, str], ...]

    @property
    def source_keys(self) -> frozenset[str]:
        """Source keys that somebody is asked about."""
        return frozenset(source_key for source_key, _ in self.pairs)


def open_reviews(connection: Connection) -> Reviews:
    """The open questions of a store: of either entry of a pair, whether it is of the other's person."""
    found = {(str(key), str(person)) for row in connection.execute(OPEN_PAIRS) for key, person in (row[:2], row[2:])}
    return Reviews(tuple(sorted(found)))


def joined_by_reviews(mentions: pd.DataFrame, reviews: Reviews) -> pd.Series[str]:
    """The person of each mention once every question is answered rightly: joined where both are the same in truth.

    Who stands under another's number, as a swapped twin does, is taken out of that person first.
    """
    names = persons_of_clusters(mentions)
    person_of = mentions.set_index("source_key")["person"]
    keys, persons = mentions["source_key"].tolist(), mentions["resolved"].tolist()
    resolved_of: dict[str, str] = dict(zip(keys, persons, strict=True))
    taken_out: dict[str, str] = {}
    joined: dict[str, str] = {}
    for source_key, candidate in reviews.pairs:
        if source_key not in resolved_of or names.get(candidate) != person_of[source_key]:
            continue
        if names.get(resolved_of[source_key]) != person_of[source_key]:
            taken_out[source_key] = candidate
        else:
            one, other = root_of(joined, resolved_of[source_key]), root_of(joined, candidate)
            if one != other:
                joined[one] = other
    answered = (taken_out.get(source_key, person) for source_key, person in resolved_of.items())
    roots = dict(zip(resolved_of, (root_of(joined, person) for person in answered), strict=True))
    return mentions["source_key"].map(roots)


def root_of(joined: dict[str, str], person: str) -> str:
    """The person that stands for all who were joined with this one."""
    while person in joined:
        person = joined[person]
    return person
