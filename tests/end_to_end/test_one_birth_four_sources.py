"""One birth as four systems tell it: two conflicts and one tolerated difference, in any order of arrival."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.worlds import Perinatal, perinatal_at

FILES = {
    "maternity": "maternity_bundle.r4.json",
    "msds": "msds_msd401_babydemographics.csv",
    "badger": "badgernet_neonatal_episode.csv",
    "csds": "csds_cyp201_202.csv",
}
ORDERS = list(permutations(FILES))


def taken_in(folder: Path, samples: Path, order: tuple[str, ...]) -> Perinatal:
    """The command on a store that took the four files in, one after the other."""
    perinatal = perinatal_at(folder)
    for name in order:
        perinatal("ingest", str(samples / "one-birth-four-sources" / FILES[name]), "--json")
    return perinatal


def choices(perinatal: Perinatal) -> list[dict[str, Any]]:
    document = perinatal("conflicts", "list", "--all", "--json").document
    found: list[dict[str, Any]] = document["conflicts"]
    return found


def told(choice: dict[str, Any]) -> tuple[object, ...]:
    """What a choice says, without the keys that differ from one deployment to the next."""
    return (
        f"{choice['table']}.{choice['column']}",
        choice["status"],
        choice["severity"],
        choice["rule"],
        [(each["standing"], each["value"], each["source"]) for each in choice["candidates"]],
        [each["system"] for each in choice["correct_in"]],
    )


EXPECTED = [
    (
        "baby.apgar_5",
        "automatic",
        "info",
        "apgar",
        [("counts", "9", "ukcore-maternity"), ("tolerated", "8", "badgernet-neonatal-csv")],
        [],
    ),
    (
        "baby.birth_weight_g",
        "open",
        "error",
        "birth-weight",
        [("counts", "2460", "ukcore-maternity"), ("differs", "2640", "badgernet-neonatal-csv")],
        ["neonatal"],
    ),
    (
        "baby.gestation_days",
        "open",
        "warn",
        "gestation",
        [
            ("counts", "257", "msds-csv"),
            ("agrees", "257", "ukcore-maternity"),
            ("differs", "254", "badgernet-neonatal-csv"),
        ],
        ["neonatal"],
    ),
]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_two_conflicts_and_one_tolerated_difference_are_found_in_any_order(
    tmp_path: Path, samples: Path, order: tuple[str, ...]
) -> None:
    assert [told(each) for each in choices(taken_in(tmp_path, samples, order))] == EXPECTED


def test_the_explanation_says_what_counts_why_and_where_to_correct_it(tmp_path: Path, samples: Path) -> None:
    printed = taken_in(tmp_path, samples, ORDERS[0])("conflicts", "list").out
    assert "differs   2640  badgernet-neonatal-csv (neonatal), recorded at no stated time" in printed
    assert "rule gestation: maternity dates the pregnancy" in printed
    assert printed.count("correct it in badgernet-neonatal-csv (neonatal)") == 2
    assert printed.endswith("2 conflicts\n")
