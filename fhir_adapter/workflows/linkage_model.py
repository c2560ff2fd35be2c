"""The probabilistic pass (Fellegi and Sunter 1969): a fixed model file, and scores that depend on a pair alone.

Splink scores many pairs at once in DuckDB. A handful is scored here, for starting Splink takes longer than one
submission may; both read the same file, and a test holds them to the same weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fhir_adapter.errors import SettingsInvalid

if TYPE_CHECKING:
    from splink import Linker

SHIPPED_MODEL = Path(__file__).with_name("linkage_model.yaml")
FEWEST_FOR_SPLINK = 200  # pairs; below them a start of Splink, 0.1 s, costs more than all the scores
WEIGHT_DECIMALS = 6  # far below what decides, far above the last bit, in which sums of two programs may differ
Share = Annotated[float, Field(gt=0, lt=1)]
Cells = Mapping[str, str | int | None]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Within(_Strict):
    """A column of numbers whose sides differ by no more than this."""

    column: str
    at_most: int


class Level(_Strict):
    """One outcome of a comparison: all columns of `same` are equal, or a number is near; neither: all the rest."""

    same: tuple[str, ...] = ()
    within: Within | None = None
    m: Share
    u: Share


class Comparison(_Strict):
    """What is compared, with its levels in order. known: columns without which it says nothing."""

    name: str
    known: tuple[str, ...]
    source: str
    levels: tuple[Level, ...]


class RoleModel(_Strict):
    """The comparisons of mothers or of babies."""

    probability_two_random_records_match: Share
    comparisons: tuple[Comparison, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a comparison reads."""
        named = [name for each in self.comparisons for name in (*each.known, *_columns_of(each))]
        return tuple(dict.fromkeys(named))

    @property
    def numbers(self) -> frozenset[str]:
        """Columns that hold whole numbers; the others hold words."""
        levels = (level for each in self.comparisons for level in each.levels)
        return frozenset(level.within.column for level in levels if level.within is not None)


class LinkageModel(_Strict):
    """A model file. auto_merge_at, review_at: probabilities from which a pair is merged, or listed for people."""

    version: str
    auto_merge_at: Share
    review_at: Share
    roles: Mapping[str, RoleModel]


@dataclass(frozen=True, slots=True)
class Score:
    """Sum of the logs, to base 2, of prior odds and of m over u; and the probability that it stands for."""

    weight: float
    probability: float


def load_model(path: Path) -> LinkageModel:
    """A model file. Raises SettingsInvalid naming every fault."""
    try:
        return LinkageModel.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as cause:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in cause.errors()]
        raise SettingsInvalid(f"{path.name}: {'; '.join(faults)}") from cause


@cache
def shipped_model() -> LinkageModel:
    """The model that comes with the program."""
    return load_model(SHIPPED_MODEL)


def score_pairs(model: RoleModel, pairs: Sequence[tuple[Cells, Cells]]) -> list[Score]:
    """Score of each pair, in order."""
    score = score_by_splink if len(pairs) >= FEWEST_FOR_SPLINK else score_plainly
    return score(model, pairs)


def score_plainly(model: RoleModel, pairs: Sequence[tuple[Cells, Cells]]) -> list[Score]:
    """Score of each pair, one after the other."""
    prior = math.log2(model.probability_two_random_records_match / (1 - model.probability_two_random_records_match))
    return [_score(sum((_weight(each, *pair) for each in model.comparisons), start=prior)) for pair in pairs]


def score_by_splink(model: RoleModel, pairs: Sequence[tuple[Cells, Cells]]) -> list[Score]:
    """Score of each pair, by Splink in a DuckDB of its own. Nothing is estimated from the pairs."""
    # imported here: it takes most of a second, which a command that links nobody need not wait for
    import duckdb
    import pyarrow as pa
    from splink import Linker
    from splink.internals.duckdb.database_api import DuckDBAPI

    with duckdb.connect() as connection:
        interface = DuckDBAPI(connection)
        numbers = list(range(len(pairs)))
        types = {name: pa.int64() if name in model.numbers else pa.string() for name in model.columns}
        sides = [
            interface.register(
                pa.table(
                    {"entry": numbers, "pair": numbers}
                    | {name: pa.array([pair[side].get(name) for pair in pairs], kind) for name, kind in types.items()}
                )
            )
            for side in (0, 1)
        ]
        linker: Linker = Linker(sides, splink_settings(model), log_level=None, validate_settings=False)
        weights = {row["pair_l"]: row["match_weight"] for row in linker.inference.predict().as_record_list()}
    return [_score(weights[number]) for number in numbers]


def splink_settings(model: RoleModel) -> dict[str, object]:
    """The model in the terms of Splink 5. The pairs are given: each has a number that stands in place of blocking."""
    return {
        "link_type": "link_only",
        "unique_id_column_name": "entry",
        "probability_two_random_records_match": model.probability_two_random_records_match,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": "l.pair = r.pair", "sql_dialect": "duckdb"}],
        "comparisons": [
            {"output_column_name": each.name, "comparison_levels": [_unknown_level(each), *_splink_levels(each)]}
            for each in model.comparisons
        ],
        "additional_columns_to_retain": ["pair"],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _unknown_level(comparison: Comparison) -> dict[str, object]:
    absent = " OR ".join(f'"{name}_l" IS NULL OR "{name}_r" IS NULL' for name in comparison.known)
    return {"sql_condition": absent, "label_for_charts": "unknown", "is_null_level": True}


def _splink_levels(comparison: Comparison) -> list[dict[str, object]]:
    return [
        {
            "sql_condition": _condition(level),
            "label_for_charts": f"{comparison.name} {place}",
            "m_probability": level.m,
            "u_probability": level.u,
        }
        for place, level in enumerate(comparison.levels)
    ]


def _condition(level: Level) -> str:
    if level.within is not None:
        return f'abs("{level.within.column}_l" - "{level.within.column}_r") <= {level.within.at_most}'
    return " AND ".join(f'"{name}_l" = "{name}_r"' for name in level.same) or "ELSE"


def _columns_of(comparison: Comparison) -> list[str]:
    within = [level.within.column for level in comparison.levels if level.within is not None]
    return [*(name for level in comparison.levels for name in level.same), *within]


def _weight(comparison: Comparison, left: Cells, right: Cells) -> float:
    if any(side.get(name) is None for name in comparison.known for side in (left, right)):
        return 0.0
    level = next(each for each in comparison.levels if _holds(each, left, right))
    return math.log2(level.m / level.u)


def _holds(level: Level, left: Cells, right: Cells) -> bool:
    if level.within is not None:
        mine, theirs = left.get(level.within.column), right.get(level.within.column)
        return isinstance(mine, int) and isinstance(theirs, int) and abs(mine - theirs) <= level.within.at_most
    return all(left.get(name) is not None and left.get(name) == right.get(name) for name in level.same)


def _score(weight: float) -> Score:
    rounded = round(weight, WEIGHT_DECIMALS)
    probability = 1 / (1 + 2**-rounded) if rounded >= 0 else 2**rounded / (1 + 2**rounded)
    return Score(rounded, round(probability, WEIGHT_DECIMALS))
