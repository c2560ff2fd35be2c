"""The people of a synthetic world beside the persons that a store made of them: a row a mention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection

# Adapter by feed. Bundles and lines of NDJSON show the same keys, so that one of them is looked at.
ADAPTERS: Mapping[str, str] = MappingProxyType(
    {
        "maternity": "ukcore-maternity",
        "neonatal": "ukcore-neonatal",
        "health_visiting": "ukcore-health-visitor",
        "msds": "msds-csv",
        "e3": "e3-csv",
        "badgernet": "badgernet-neonatal-csv",
        "csds": "csds-csv",
        "mhsds": "mhsds-csv",
        "bfdr": "bfdr",
    }
)
SYSTEMS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("maternity", "msds", "e3", "bfdr"), "maternity"),
        **dict.fromkeys(("neonatal", "badgernet"), "neonatal"),
        **dict.fromkeys(("health_visiting", "csds"), "health_visiting"),
        "mhsds": "mental_health",
    }
)
# What stands between scope and number in the source key of a table, by its column.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "Person_ID_Mother": "mother",
        "MotherHospitalNumber": "mother",
        "LPIDBaby": "baby",
        "BabyHospitalNumber": "baby",
        "MotherLocalPatientId": "woman",
        "CareContactID": "child-of-contact",
    }
)
SCOPE_OF_EVERYBODY = "badgernet:all"  # its numbers are unique over all units
PATIENT = "Patient.id"


@dataclass(frozen=True, slots=True)
class PeopleOfStore:
    """What a store made of the people of a world.

    mentions: one row a source key, with the columns of `truth_people.parquet` and `source_key`, `feed` without its
    format, `system`, `resolved` (the person of the store) and `pass_name`. lost: mentions by feed that the store does
    not have. feeds: those that it has anything of.
    """

    mentions: pd.DataFrame
    lost: Mapping[str, int]
    feeds: tuple[str, ...]


def people_of_store(folder: Path, connection: Connection, name_of: Callable[[str], str]) -> PeopleOfStore:
    """The mentions of a world that a store has taken in.

    folder: of the world, with its truth. name_of: the name by which the store knows the key of a source.
    """
    told = true_mentions(folder)
    told["source_key"] = told["source_key"].map(name_of)
    links = links_of_persons(connection)
    found = told.merge(links, on=["adapter", "source_key"], how="left")
    feeds = sorted(found.loc[found["resolved"].notna(), "feed"].unique())
    of_feeds = found[found["feed"].isin(feeds)]
    is_lost = of_feeds["resolved"].isna()
    lost = dict(Counter(of_feeds.loc[is_lost, "feed"].tolist()))
    return PeopleOfStore(of_feeds[~is_lost].reset_index(drop=True), lost, tuple(feeds))


def true_mentions(folder: Path) -> pd.DataFrame:
    """One row a source key: of several records of one key the one that tells most of its NHS number."""
    people = pd.read_parquet(folder / "truth_people.parquet")
    people = people.astype(dict.fromkeys(("feed", "sender", "place", "role", "eth5", "imd5", "nhs_number"), str))
    people["feed"] = people["feed"].str.partition("/")[2]
    people["system"] = people["feed"].map(SYSTEMS)
    people["adapter"] = people["feed"].map(ADAPTERS)
    people["source_key"] = source_keys(people)
    people["is_right"] = people["nhs_number"] == "right"
    ordered = people.sort_values("is_right", ascending=False, kind="stable")
    return ordered.drop_duplicates(["adapter", "source_key"]).sort_index().reset_index(drop=True)


def source_keys(people: pd.DataFrame) -> pd.Series[str]:
    """The key that the store gives each mention."""
    kinds = people["place"].map(KINDS)
    is_child = (people["feed"] == "csds") & (people["place"] == "LocalPatientId")
    kinds = kinds.mask(is_child, "child")
    kinds = kinds.mask(people["feed"] == "mhsds", "woman")
    kinds = kinds.mask(people["feed"] == "badgernet", people["role"])
    scopes = people["adapter"].str.removesuffix("-csv") + ":" + people["sender"]
    scopes = scopes.mask(people["feed"] == "badgernet", SCOPE_OF_EVERYBODY)
    of_table = scopes + "/" + kinds.astype(str) + "/" + people["key"]
    of_bundle = people["record"] + "/Patient/" + people["key"]
    return of_table.where(people["place"] != PATIENT, of_bundle)


def links_of_persons(connection: Connection) -> pd.DataFrame:
    """Adapter, source key, person and pass of every link of a person."""
    statement = sa.text("SELECT source, source_key, resolved_key, pass_name FROM link WHERE entity = 'person'")
    rows = connection.execute(statement).all()
    links = pd.DataFrame(rows, columns=["source", "source_key", "resolved", "pass_name"], dtype=str)
    links["adapter"] = links["source"].str.partition(":")[0]
    return links


def persons_of_clusters(mentions: pd.DataFrame) -> pd.Series[str]:
    """The true person that most mentions of each person of the store are of; the smallest of several."""
    counted = mentions.groupby(["resolved", "person"]).size().rename("count").reset_index()
    ordered = counted.sort_values(["count", "person"], ascending=[False, True])
    first = ordered.drop_duplicates("resolved")
    return pd.Series(first["person"].to_numpy(), index=pd.Index(first["resolved"].to_numpy()), dtype=str)


def alone(mentions: pd.DataFrame, is_apart: pd.Series[bool]) -> pd.Series[str]:
    """The person of each mention, with a person of its own for those that stand apart."""
    own = pd.Series(np.char.add("alone ", np.arange(len(mentions)).astype(str)), index=mentions.index)
    return mentions["resolved"].where(~is_apart, own)
