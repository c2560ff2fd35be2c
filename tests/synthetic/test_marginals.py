"""A world follows its figures, and the page that shows it says so truly."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from synthetic_bundles.errors import WorldRefused
from synthetic_bundles.figures import Figure
from synthetic_bundles.marginals import (
    MOST_STANDARD_ERRORS,
    Comparison,
    Origin,
    Panel,
    Unit,
    clustered_share,
    drawn,
    geometric_mean,
    mean,
    share,
    spread,
)
from synthetic_bundles.plot_marginals import (
    BIRTHS,
    GRADIENT_SCENARIO,
    IMAGES,
    PAGE,
    PLAIN_SCENARIO,
    SEED,
    files_of_page,
    image_path,
    page_text,
    panels,
    write_page,
)
from synthetic_bundles.svg_plots import description, panel_svg

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
SVG = "{http://www.w3.org/2000/svg}"
FIGURE = Figure(0.1, "a test")
SUBJECTS = (
    "ethnicity",
    "recorded_ethnicity",
    "deprivation",
    "age",
    "parity",
    "body_mass",
    "booking",
    "smoking",
    "language",
    "preterm",
    "preterm_weeks",
    "term_weeks",
    "preterm_by_ethnicity",
    "weight",
    "weight_spread",
    "weight_ratios",
    "losses",
    "neonatal_deaths",
    "ways_of_birth",
    "severe_tears",
    "newborns",
    "admissions",
    "levels_of_care",
    "neonatal_findings",
    "health_visits",
    "feeding",
    "referrals",
    "waits",
    "referral_sources",
)


@pytest.fixture(scope="module")
def shown() -> dict[str, Panel]:
    """The panels of the committed page, by key."""
    return {panel.key: panel for panel in panels(BIRTHS, SEED)}


def comparison(*, published: float | None, world: float = 0.1) -> Comparison:
    return Comparison("a share", published, world, 0.08, 0.12, 0.01, FIGURE, Origin.DRAWN)


def panel(*rows: Comparison, is_logarithmic: bool = False) -> Panel:
    return Panel("a", "A & B", "Share, %", Unit.PER_CENT, "no_gap", rows, is_logarithmic=is_logarithmic)


def elements(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(f"{SVG}{tag}"))


def test_the_page_has_the_panels_that_matter_in_order(shown: dict[str, Panel]) -> None:
    assert tuple(shown) == SUBJECTS


@pytest.mark.parametrize("key", SUBJECTS)
def test_what_is_drawn_from_a_figure_lies_within_four_standard_errors_of_it(shown: dict[str, Panel], key: str) -> None:
    drawn_rows = [row for row in shown[key].rows if row.origin is Origin.DRAWN]
    assert [row.label for row in drawn_rows if row.standard_errors_off > MOST_STANDARD_ERRORS] == []


@pytest.mark.parametrize("key", SUBJECTS)
def test_only_what_follows_a_rule_has_no_figure(shown: dict[str, Panel], key: str) -> None:
    without = {row.label for row in shown[key].rows if row.figure is None or row.published is None}
    assert without == {row.label for row in shown[key].rows if row.origin is Origin.RULE}


@pytest.mark.parametrize("key", SUBJECTS)
def test_every_value_lies_in_its_interval(shown: dict[str, Panel], key: str) -> None:
    assert [row.label for row in shown[key].rows if not row.lower <= row.world <= row.upper] == []


def test_intervals_hold_the_figure_as_often_as_they_say(shown: dict[str, Panel]) -> None:
    rows = [row for each in shown.values() for row in each.rows if row.origin is Origin.DRAWN]
    held = [row.published is not None and row.lower <= row.published <= row.upper for row in rows]
    assert 0.90 < np.mean(held) < 0.99


def test_gradients_alone_come_from_the_scenario_that_has_them(shown: dict[str, Panel]) -> None:
    scenarios = {key: each.scenario for key, each in shown.items() if each.scenario != PLAIN_SCENARIO}
    assert scenarios == dict.fromkeys(("smoking", "preterm_by_ethnicity"), GRADIENT_SCENARIO)


def test_smoking_falls_from_the_most_to_the_least_deprived_quintile(shown: dict[str, Panel]) -> None:
    shares = [row.world for row in shown["smoking"].rows if row.label.startswith("quintile")]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("origin", [Origin.CONDITIONAL, Origin.FITTED, Origin.RULE])
def test_the_page_lists_every_value_that_is_not_drawn_directly(shown: dict[str, Panel], origin: Origin) -> None:
    listed = page_text(list(shown.values()), BIRTHS, SEED).split("## What is not drawn directly")[1]
    rows = [f"- {each.title}: {row.label}" for each in shown.values() for row in each.rows if row.origin is origin]
    assert rows != []
    assert [row for row in rows if row not in listed] == []


def test_the_committed_page_and_its_images_are_current() -> None:
    files = files_of_page()
    committed = {path: (REFERENCE / path).read_text("utf-8") for path in files}
    assert committed == files, "run `make docs`"


def test_no_committed_image_is_left_over(shown: dict[str, Panel]) -> None:
    images = {f"{IMAGES}/{file.name}" for file in (REFERENCE / IMAGES).glob("marginals_*")}
    assert images == {image_path(each) for each in shown.values()}


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert files_of_page(5_000, 3) == files_of_page(5_000, 3)


def test_another_seed_gives_another_page() -> None:
    assert files_of_page(5_000, 3)[PAGE] != files_of_page(5_000, 4)[PAGE]


def test_a_world_too_small_for_the_page_is_refused() -> None:
    with pytest.raises(WorldRefused, match="at least 5000"):
        panels(300, 7)


def test_an_image_that_the_page_no_longer_shows_is_removed(tmp_path: Path) -> None:
    (tmp_path / IMAGES).mkdir()
    (tmp_path / IMAGES / "marginals_gone.svg").write_text("gone")
    write_page(tmp_path, 5_000, 3)
    assert {file.name for file in (tmp_path / IMAGES).iterdir()} == {f"marginals_{key}.svg" for key in SUBJECTS}


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "synthetic_bundles.plot_marginals", "--births", "5000", "--out", str(tmp_path))
    subprocess.run(command, check=True)
    assert "a world of 5,000 births" in (tmp_path / PAGE).read_text("utf-8")


def test_the_command_says_how_many_births_it_needs(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "synthetic_bundles.plot_marginals", "--births", "10", "--out", str(tmp_path))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, "ask for at least 5000" in done.stderr) == (2, True)


@pytest.mark.parametrize("key", SUBJECTS)
def test_a_plot_has_a_title_a_description_and_a_labelled_axis(shown: dict[str, Panel], key: str) -> None:
    svg = panel_svg(shown[key])
    words = [element.text for tag in ("title", "desc", "text") for element in elements(svg, tag)]
    assert {shown[key].title, description(shown[key]), shown[key].axis} <= set(words)
    assert ElementTree.fromstring(svg).attrib["aria-labelledby"] == "title description"


@pytest.mark.parametrize("key", SUBJECTS)
def test_every_mark_of_a_plot_lies_within_it(shown: dict[str, Panel], key: str) -> None:
    centres = [float(circle.attrib["cx"]) for circle in elements(panel_svg(shown[key]), "circle")]
    assert (len(centres), min(centres) >= 0, max(centres) <= 730) == (len(shown[key].rows) + 1, True, True)


def test_the_two_series_differ_in_shape() -> None:
    svg = panel_svg(panel(comparison(published=0.1)))
    diamonds = [path for path in elements(svg, "path") if path.attrib["d"].endswith("Z")]
    assert (len(elements(svg, "circle")), len(diamonds)) == (2, 2)  # one of each in the legend


def test_a_panel_without_figures_shows_none() -> None:
    svg = panel_svg(panel(comparison(published=None)))
    assert [path for path in elements(svg, "path") if path.attrib["d"].endswith("Z")] == []


@pytest.mark.parametrize("is_logarithmic", [False, True])
def test_a_greater_value_stands_further_right(is_logarithmic: bool) -> None:
    rows = [comparison(published=0.1, world=world) for world in (0.08, 0.1, 0.12)]
    circles = elements(panel_svg(panel(*rows, is_logarithmic=is_logarithmic)), "circle")[1:]
    centres = [float(circle.attrib["cx"]) for circle in circles]
    assert centres == sorted(set(centres))


def test_no_event_at_all_stands_at_the_left_end_of_a_logarithmic_plot() -> None:
    nothing = Comparison("a share", 0.1, 0.0, 0.0, 0.05, 0.01, FIGURE, Origin.DRAWN)
    circle = elements(panel_svg(panel(nothing, is_logarithmic=True)), "circle")[1]
    assert float(circle.attrib["cx"]) == 290


def test_a_share_has_the_interval_of_wilson() -> None:
    row = drawn("ten of a hundred", np.arange(100) < 10, FIGURE)
    assert (row.lower, row.upper) == pytest.approx((0.05522914, 0.17436566), abs=1e-8)  # R: prop.test, correct = FALSE


def test_the_error_of_a_share_is_that_of_its_figure() -> None:
    row = share("none", np.zeros(100, dtype=bool), FIGURE, 0.1)
    assert (row.standard_error, row.standard_errors_off) == pytest.approx((0.03, 0.1 / 0.03))


def test_clusters_of_one_unit_have_the_error_of_a_plain_share() -> None:
    happened = np.arange(100) < 20
    assert clustered_share("days", happened, np.arange(100)).standard_error == pytest.approx(0.04)


def test_units_that_are_alike_count_once() -> None:
    happened = np.arange(100) < 20
    doubled = clustered_share("days", np.repeat(happened, 2), np.repeat(np.arange(100), 2))
    assert doubled.standard_error == pytest.approx(0.04)


def test_a_mean_lies_in_an_interval_of_its_standard_error() -> None:
    row = mean("days", np.array([1.0, 2.0, 3.0]), FIGURE, 2.0)
    assert (row.world, row.standard_error) == pytest.approx((2.0, 1 / np.sqrt(3)))


def test_the_geometric_mean_of_equal_ratios_is_the_one_in_the_middle() -> None:
    row = geometric_mean("grams", np.array([500.0, 1000.0, 2000.0]), FIGURE, 1000.0, log_spread=0.3)
    assert (row.world, row.standard_error) == pytest.approx((1000.0, 300.0 / np.sqrt(3)))


def test_the_spread_is_the_standard_deviation() -> None:
    row = spread("log", np.array([-1.0, 0.0, 1.0]), FIGURE, 1.0)
    assert (row.world, row.standard_error) == pytest.approx((1.0, 0.5))
