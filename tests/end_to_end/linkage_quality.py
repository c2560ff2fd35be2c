"""How well a store links the people of a synthetic world, and finds its conflicts: counts beside the truth.

Pairs are those of mentions in different feeds, because that is what linkage is for; a child with five contacts and one
birth makes five. In a stratum each pair counts from the mention that belongs to it, half for each end. Intervals take
pairs for independent, so they are a little too narrow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from indicator_engine.statistics.proportions import wilson_interval
from tests.end_to_end.mentions_of_store import PeopleOfStore, alone, people_of_store, persons_of_clusters
from tests.end_to_end.review_queue import Reviews, joined_by_reviews, open_reviews

BY_WEIGHT = ("probabilistic", "weight", "fellegi-sunter")  # beginnings of names of passes that are not deterministic
UNLINKED = "source-key"
STRATA = ("eth5", "imd5", "role", "feed", "nhs_number")
GROUPS = ("eth5=", "imd5=")
LEAST_PRECISION, LEAST_RECALL, LEAST_FOUND = 0.9995, 0.98, 0.99
# Table and column of the model by field of the truth; any of them flagged is the conflict found.
FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "gestation_days": (("baby", "gestation_days"),),
        "birth_weight_g": (("baby", "birth_weight_g"),),
        "birth_datetime": (("baby", "birth_datetime"), ("person", "birth_date")),
        "ethnic_category": (("person", "ethnic_category"),),
    }
)
TOLERANCES = MappingProxyType({"gestation_days": 0, "birth_weight_g": 10})  # a difference as large is none


@dataclass(frozen=True, slots=True)
class Share:
    """Events of trials with the 95 % Wilson interval; None without trials."""

    events: int
    trials: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Linked:
    """How right and how complete links are."""

    precision: Share
    recall: Share


@dataclass(frozen=True, slots=True)
class Found:
    """Conflicts of one field. beyond: other records flagged although nothing differs beyond the tolerance.

    found: of those that were injected, and of all in stays that name somebody. explained: flagged because of a slip of
    unit, of swapped twins, of a difference within the tolerance or of a wrong link.
    """

    injected: Share
    all_named: Share
    unnamed: Share
    explained: int
    false_alarms: int


@dataclass(frozen=True, slots=True)
class Swapped:
    """Stays of swapped twins. flagged: in the queue of reviews, or with a conflict on the baby that they went to."""

    stays: int
    linked_right: int
    reviewed: int
    flagged: int
    found: Share


@dataclass(frozen=True, slots=True)
class Quality:
    """All that is measured of one store."""

    feeds: tuple[str, ...]
    lost: Mapping[str, int]
    mentions: int
    passes: Mapping[str, int]
    people: Mapping[str, Linked]
    strata: Mapping[str, Mapping[str, Linked]]
    mothers: Linked
    stays: Mapping[str, Linked]
    conflicts: Mapping[str, Found]
    other_flags: Mapping[str, int]
    swapped: Swapped
    reviews: int

    def document(self) -> dict[str, object]:
        """The measures as one JSON document."""
        return asdict(self)


def measure(folder: Path, connection: Connection, name_of: Callable[[str], str]) -> Quality:
    """Hold the links, conflicts and reviews of a store against the truth of the world in this folder.

    name_of: the name by which the store knows the key of a source.
    """
    people = people_of_store(folder, connection, name_of)
    mentions = people.mentions
    reviews = open_reviews(connection)
    with_queue = joined_by_reviews(mentions, reviews)
    variants = {
        "automatic": mentions["resolved"],
        "with_reviews": with_queue,
        "deterministic": alone(mentions, mentions["pass_name"].str.startswith(BY_WEIGHT)),
        "nhs_number": alone(mentions, ~mentions["pass_name"].str.startswith("nhs-number")),
    }
    conflicts = flagged_fields(connection)
    return Quality(
        feeds=people.feeds,
        lost=people.lost,
        mentions=len(mentions),
        passes=dict(sorted(Counter(mentions["pass_name"].tolist()).items())),
        people={name: whole_of(pair_counts(mentions, resolved)) for name, resolved in variants.items()},
        strata={name: dict(by_stratum(mentions, resolved)) for name, resolved in variants.items()},
        mothers=mothers_of_babies(people, connection),
        stays={name: stays_of_births(mentions, resolved) for name, resolved in variants.items()},
        conflicts=dict(conflicts_found(folder, people, conflicts, connection)),
        other_flags=other_flags(conflicts),
        swapped=swapped_found(mentions, conflicts, reviews, connection),
        reviews=len(reviews.pairs),
    )


def missed_bars(quality: Quality) -> list[str]:
    """What is below the bars of docs/methods/linkage_quality.md, by name; nothing when all are held."""
    linked = {"everybody": (quality.people["automatic"], quality.people["with_reviews"])}
    for group, automatic in quality.strata["automatic"].items():
        if group.startswith(GROUPS):
            linked[group] = (automatic, quality.strata["with_reviews"][group])
    shares = [
        bar
        for name, (automatic, reviewed) in linked.items()
        for bar in (
            (f"precision of {name}", automatic.precision, LEAST_PRECISION),
            (f"recall of {name}", automatic.recall, LEAST_RECALL),
            (f"recall of {name} with reviews", reviewed.recall, LEAST_FOUND),
        )
    ]
    shares += [(f"conflicts in {field}", found.injected, LEAST_FOUND) for field, found in quality.conflicts.items()]
    shares.append(("swapped twins", quality.swapped.found, LEAST_FOUND))
    return [name for name, measured, least in shares if measured.value is not None and measured.value < least]


def share(events: int, trials: int) -> Share:
    """A share with its interval."""
    if trials == 0:
        return Share(0, 0, None, None, None)
    interval = wilson_interval(np.array([events]), np.array([trials]))
    return Share(events, trials, events / trials, float(interval.lower[0]), float(interval.upper[0]))


def pair_counts(mentions: pd.DataFrame, resolved: pd.Series[str]) -> pd.DataFrame:
    """For each mention: others of its person, others it is linked to, and both at once, all in other feeds."""
    told = mentions.assign(resolved=resolved)
    return pd.DataFrame(
        {
            "true": in_other_feeds(told, ["person"]),
            "linked": in_other_feeds(told, ["resolved"]),
            "right": in_other_feeds(told, ["person", "resolved"]),
        }
    )


def in_other_feeds(told: pd.DataFrame, keys: list[str]) -> pd.Series[int]:
    """For each mention how many others share these keys and stand in another feed."""
    everywhere = told.groupby(keys)["feed"].transform("size")
    here = told.groupby([*keys, "feed"])["feed"].transform("size")
    return everywhere - here


def whole_of(counts: pd.DataFrame) -> Linked:
    """Precision and recall of the pairs that begin at these mentions."""
    true, linked, right = (int(counts[name].sum()) // 2 for name in ("true", "linked", "right"))
    return Linked(share(right, linked), share(right, true))


def by_stratum(mentions: pd.DataFrame, resolved: pd.Series[str]) -> Iterator[tuple[str, Linked]]:
    """The same for each stratum, under `<dimension>=<stratum>`."""
    counts = pair_counts(mentions, resolved)
    for dimension in STRATA:
        for stratum, of_stratum in counts.groupby(mentions[dimension]):
            yield f"{dimension}={stratum}", whole_of(of_stratum)


def stays_of_births(mentions: pd.DataFrame, resolved: pd.Series[str]) -> Linked:
    """Babies of stays against births: right where every birth that the stay is linked to is its own.

    Recall is over the stays whose birth the store has.
    """
    told = mentions.assign(resolved=resolved)
    babies = told[told["role"] == "baby"]
    births = babies[babies["system"] == "maternity"]
    stays = babies[babies["system"] == "neonatal"]
    persons = births.groupby("resolved")["person"].agg(["nunique", "first"])
    linked = stays.join(persons, on="resolved")
    is_linked = linked["nunique"].notna()
    is_right = (linked["nunique"] == 1) & (linked["first"] == linked["person"])
    is_known = stays["person"].isin(births["person"])
    right = int(is_right.sum())
    return Linked(share(right, int(is_linked.sum())), share(right, int(is_known.sum())))


def mothers_of_babies(people: PeopleOfStore, connection: Connection) -> Linked:
    """Mother of each birth in the resolved model; recall is over the births that a feed of maternity told."""
    mentions = people.mentions
    births = mentions[(mentions["role"] == "baby") & (mentions["system"] == "maternity")].drop_duplicates("person")
    rows = connection.execute(sa.text("SELECT person_key, mother_key FROM baby WHERE person_key IS NOT NULL")).all()
    mother_of = {str(baby): mother for baby, mother in rows}
    names = persons_of_clusters(mentions)
    stated = births["resolved"].map(mother_of)
    told = stated[stated.notna()].map(names)
    true = "M" + births.loc[told.index, "person"].str.slice(1, -1)
    right = int((told == true).sum())
    return Linked(share(right, len(told)), share(right, len(births)))


def flagged_fields(connection: Connection) -> pd.DataFrame:
    """Table, column and record of every conflict that the store has flagged."""
    statement = "SELECT table_name, column_name, record_key FROM resolution WHERE conflict = :yes"
    rows = connection.execute(sa.text(statement), {"yes": True}).all()
    return pd.DataFrame(rows, columns=["table_name", "column_name", "record_key"], dtype=str)


def baby_keys(connection: Connection) -> dict[str, str]:
    """Key of the baby of each person who is one."""
    rows = connection.execute(sa.text("SELECT person_key, baby_key FROM baby WHERE person_key IS NOT NULL")).all()
    return {str(person): str(baby) for person, baby in rows}


def conflicts_found(
    folder: Path, people: PeopleOfStore, flagged: pd.DataFrame, connection: Connection
) -> Iterator[tuple[str, Found]]:
    """What was found of each field, over persons: a baby with two stays that differ counts once."""
    truth = pd.read_parquet(folder / "truth_conflicts.parquet").astype({"feed": str, "field": str, "kind": str})
    truth["feed"] = truth["feed"].str.partition("/")[2]
    # what a feed told in a record that was refused whole nobody can find
    told = people.mentions[["feed", "person"]].drop_duplicates()
    truth = truth.merge(told.astype(str), on=["feed", "person"])
    names = persons_of_clusters(people.mentions)
    mixed = mixed_persons(people.mentions)
    swapped = set(people.mentions.loc[people.mentions["nhs_number"] == "of_another", "delivery"])
    delivery_of = people.mentions.drop_duplicates("person").set_index("person")["delivery"]
    person_of_baby = {baby: person for person, baby in baby_keys(connection).items()}
    for field, places in FIELDS.items():
        keys = chain.from_iterable(records_flagged(flagged, table, column) for table, column in places)
        persons = {person_of_baby.get(key, key) for key in keys}
        true_persons = {names.get(key, key) for key in persons}
        of_field = truth[truth["field"] == field]
        is_real = of_field["kind"].isin(("injected", "natural"))
        is_beyond = is_real & (of_field["size"].isna() | (of_field["size"] > TOLERANCES.get(field, 0)))
        beyond, listed = of_field[is_beyond], set(of_field["person"])
        expected = set(beyond["person"])
        others = true_persons - expected
        explained = {person for person in others if person in listed | mixed or delivery_of.get(person) in swapped}
        yield (
            field,
            Found(
                injected=share_found(beyond[beyond["kind"] == "injected"], true_persons),
                all_named=share_found(beyond[beyond["is_named"]], true_persons),
                unnamed=share_found(beyond[~beyond["is_named"]], true_persons),
                explained=len(explained),
                false_alarms=len(others - explained),
            ),
        )


def share_found(expected: pd.DataFrame, found: set[str]) -> Share:
    """Share of the persons of these rows that were found."""
    persons = set(expected["person"])
    return share(len(persons & found), len(persons))


def records_flagged(flagged: pd.DataFrame, table: str, column: str) -> Sequence[str]:
    chosen = (flagged["table_name"] == table) & (flagged["column_name"] == column)
    return [key.partition("|")[0] for key in flagged.loc[chosen, "record_key"]]


def mixed_persons(mentions: pd.DataFrame) -> set[str]:
    """True persons who share a person of the store with somebody else."""
    several = mentions.groupby("resolved")["person"].transform("nunique") > 1
    return set(mentions.loc[several, "person"])


def other_flags(flagged: pd.DataFrame) -> dict[str, int]:
    """Conflicts in columns where the systems do not differ, by `table.column`."""
    known = set(chain.from_iterable(FIELDS.values()))
    places = zip(flagged["table_name"].tolist(), flagged["column_name"].tolist(), strict=True)
    counts = Counter(place for place in places if place not in known)
    return {f"{table}.{column}": count for (table, column), count in sorted(counts.items())}


def swapped_found(mentions: pd.DataFrame, flagged: pd.DataFrame, reviews: Reviews, connection: Connection) -> Swapped:
    """What became of the stays that bear the number of the other twin."""
    stays = mentions[mentions["nhs_number"] == "of_another"]
    births = mentions[(mentions["role"] == "baby") & (mentions["system"] == "maternity")]
    persons = births.groupby("resolved")["person"].agg(["nunique", "first"])
    linked = stays.join(persons, on="resolved")
    is_right = (linked["nunique"] == 1) & (linked["first"] == linked["person"])
    is_reviewed = stays["source_key"].isin(reviews.source_keys)
    records = set(flagged.loc[flagged["table_name"] == "baby", "record_key"])
    is_flagged = stays["resolved"].map(baby_keys(connection)).isin(records)
    found = is_right | is_reviewed | is_flagged
    return Swapped(
        stays=len(stays),
        linked_right=int(is_right.sum()),
        reviewed=int(is_reviewed.sum()),
        flagged=int(is_flagged.sum()),
        found=share(int(found.sum()), len(stays)),
    )
