"""The probabilistic pass: splink and the sums of the program itself read one file and give one score."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from fhir_adapter.errors import SettingsInvalid
from fhir_adapter.workflows.linkage_model import (
    SHIPPED_MODEL,
    load_model,
    score_by_splink,
    score_plainly,
    shipped_model,
)

PAIRS = 300
ROLES = ("mother", "baby")


def sides(role: str, chance: random.Random) -> tuple[dict[str, str | int | None], dict[str, str | int | None]]:
    model = shipped_model().roles[role]
    one, other = (
        {
            name: chance.choice([None, 2460, 2465, 2500, 3900] if name in model.numbers else [None, "a", "a", "b"])
            for name in model.columns
        }
        for _ in range(2)
    )
    return one, other


@pytest.mark.parametrize("role", ROLES)
def test_splink_and_the_program_give_the_same_scores(role: str) -> None:
    chance = random.Random(7)
    pairs = [sides(role, chance) for _ in range(PAIRS)]
    model = shipped_model().roles[role]
    assert score_by_splink(model, pairs) == score_plainly(model, pairs)


@pytest.mark.parametrize("role", ROLES)
def test_a_score_does_not_depend_on_the_other_pairs(role: str) -> None:
    chance = random.Random(8)
    pairs = [sides(role, chance) for _ in range(PAIRS)]
    model = shipped_model().roles[role]
    assert score_by_splink(model, pairs[:5]) == score_by_splink(model, pairs)[:5]


def test_same_birth_date_names_and_postcode_are_merged() -> None:
    told = dict.fromkeys(shipped_model().roles["mother"].columns, "a")
    (score,) = score_plainly(shipped_model().roles["mother"], [(told, told)])
    assert score.probability > shipped_model().auto_merge_at


def test_a_birth_date_alone_is_not_even_listed() -> None:
    told = {"birth_date": "a", "birth_year": "a", "birth_month": "a", "birth_day": "a"}
    (score,) = score_plainly(shipped_model().roles["mother"], [(told, told)])
    assert score.probability < shipped_model().review_at


def test_a_faulty_model_file_is_refused_with_every_fault(tmp_path: Path) -> None:
    text = SHIPPED_MODEL.read_text("utf-8").replace("auto_merge_at: 0.99", "auto_merge_at: 99\nunheard_of: 1")
    (tmp_path / "model.yaml").write_text(text, "utf-8")
    with pytest.raises(SettingsInvalid, match=r"auto_merge_at.*unheard_of"):
        load_model(tmp_path / "model.yaml")
