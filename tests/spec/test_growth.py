"""The means of birth weight are a file that a site may edit: read whole, or refused by line."""

from __future__ import annotations

import pytest

from indicator_engine.errors import DefinitionInvalid
from indicator_engine.growth import GrowthMean, growth_means, read_growth_means

HEADER = "sex,week,mean_g,deviation_g"


def test_a_week_holds_its_seven_days() -> None:
    assert read_growth_means(f"{HEADER}\n2,40,3410,443.3\n") == (GrowthMean("2", 280, 286, 3410.0, 443.3),)


def test_the_means_that_are_shipped_are_of_both_sexes_from_22_weeks_on() -> None:
    assert {(each.sex, each.first_day) for each in growth_means()} >= {("1", 154), ("2", 154), ("1", 280), ("2", 280)}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("3,40,3410,443", "line 2: sex is one of 1, 2"),
        ("1,forty,3410,443", "line 2: week is a completed week"),
        ("1,40,,443", "line 2: mean_g is a number of grams above zero"),
        ("1,40,3410,0", "line 2: deviation_g is a number of grams above zero"),
    ],
)
def test_a_faulty_line_is_refused_by_its_number(line: str, fault: str) -> None:
    with pytest.raises(DefinitionInvalid, match=fault):
        read_growth_means(f"{HEADER}\n{line}\n")


def test_a_file_with_other_columns_is_refused() -> None:
    with pytest.raises(DefinitionInvalid, match="the columns are sex, week, mean_g, deviation_g"):
        read_growth_means("sex,week,mean\n1,40,3410\n")
