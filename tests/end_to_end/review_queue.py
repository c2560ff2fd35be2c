"""Links that wait for a person to decide, and what a person who decides rightly makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tests.end_to_end.mentions_of_store import persons_of_clusters

TABLE = "link_review"


@dataclass(frozen=True, slots=True)
class Reviews:
    """Questions that are open. pairs: source key and the person that it may be of."""

    pairs: tuple[tuple[str, str], ...]

    @property
    def source_keys(self) -> frozenset[str]:
        """Source keys that somebody is asked about."""
        return frozenset(source_key for source_key, _ in self.pairs)


def open_reviews(connection: Connection) -> Reviews:
    """The open questions of a store; none where it has no queue."""
    if not sa.inspect(connection).has_table(TABLE):
        return Reviews(())
    statement = sa.text(f"SELECT source_key, candidate_key FROM {TABLE} WHERE status = 'open'")
    return Reviews(tuple((str(key), str(candidate)) for key, candidate in connection.execute(statement)))


def joined_by_reviews(mentions: pd.DataFrame, reviews: Reviews) -> pd.Series[str]:
    """The person of each mention once every question is answered rightly: joined where both are the same in truth."""
    names = persons_of_clusters(mentions)
    person_of = mentions.set_index("source_key")["person"]
    resolved_of = mentions.set_index("source_key")["resolved"]
    joined: dict[str, str] = {}
    for source_key, candidate in reviews.pairs:
        if source_key in person_of.index and names.get(candidate) == person_of[source_key]:
            one, other = root_of(joined, resolved_of[source_key]), root_of(joined, candidate)
            if one != other:
                joined[one] = other
    return mentions["resolved"].map(lambda person: root_of(joined, person))


def root_of(joined: dict[str, str], person: str) -> str:
    """The person that stands for all who were joined with this one."""
    while person in joined:
        person = joined[person]
    return person
