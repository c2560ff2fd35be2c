"""The reference page that sets a synthetic world beside its figures: `python -m synthetic_bundles.plot_marginals`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

from synthetic_bundles.errors import WorldRefused
from synthetic_bundles.marginals import MOST_STANDARD_ERRORS, Comparison, Origin, Panel, Unit
from synthetic_bundles.marginals_of_births import panels_of_births
from synthetic_bundles.marginals_of_deliveries import panels_of_deliveries
from synthetic_bundles.marginals_of_infancy import panels_of_infancy
from synthetic_bundles.marginals_of_neonatal_care import panels_of_neonatal_care
from synthetic_bundles.marginals_of_women import panels_of_women
from synthetic_bundles.scenario import load_scenario
from synthetic_bundles.svg_plots import description, panel_svg
from synthetic_bundles.world import generate_world

PAGE = "synthetic_marginals.md"
IMAGES = "images"
BIRTHS, SEED = 20_000, 7
WIDEST_LINE = 120
LEAST_BIRTHS = 5_000  # fewer leave some group of the page empty
PLAIN_SCENARIO, GRADIENT_SCENARIO = "no_gap", "llr"
ORIGINS = {
    Origin.CONDITIONAL: "Conditional: the figure holds for some units, or something else decides as well.",
    Origin.FITTED: "Fitted: a model was chosen so that the figure comes out roughly.",
    Origin.RULE: "By rule: there is no figure.",
}
HEADER = (
    "| value | figure | world | 95 % interval | from the figure | confidence | source |",
    "|---|---|---|---|---|---|---|",
)


def panels(births: int, seed: int) -> list[Panel]:
    """Every panel of the page. Raises WorldRefused for a world too small to fill them."""
    if births < LEAST_BIRTHS:
        raise WorldRefused(f"births is {births}; ask for at least {LEAST_BIRTHS}")
    plain = generate_world(births=births, seed=seed, scenario=load_scenario(PLAIN_SCENARIO))
    gradients = generate_world(births=births, seed=seed, scenario=load_scenario(GRADIENT_SCENARIO))
    return [
        *panels_of_women(plain, gradients),
        *panels_of_births(plain, gradients),
        *panels_of_deliveries(plain),
        *panels_of_neonatal_care(plain),
        *panels_of_infancy(plain),
    ]


def files_of_page(births: int = BIRTHS, seed: int = SEED) -> Mapping[str, str]:
    """Text of the page and of its images, by their path below the folder of the page."""
    shown = panels(births, seed)
    images = {image_path(panel): panel_svg(panel) for panel in shown}
    return {PAGE: page_text(shown, births, seed), **images}


def image_path(panel: Panel) -> str:
    """Path of the plot of a panel below the folder of the page."""
    return f"{IMAGES}/marginals_{panel.key}.svg"


def page_text(shown: list[Panel], births: int, seed: int) -> str:
    """The whole page."""
    compared = [row for panel in shown for row in panel.rows if row.published is not None]
    drawn = [row for row in compared if row.origin is Origin.DRAWN]
    held = sum(_is_held(row) for row in drawn)
    furthest = max(row.standard_errors_off for row in drawn)
    sections = "\n".join(_section(panel) for panel in shown)
    return f"""# The synthetic world beside its figures

[The synthetic world](synthetic_world.md) is drawn from published figures, and from judgement where none was at hand.
This page sets what a world of {births:,} births with seed {seed} gives beside them. Made by
`python -m synthetic_bundles.plot_marginals`, which `make docs` runs.

## How to read it

- A dot with a line is the value of the world with its 95 % interval, a diamond the figure.
- Most values come from scenario `{PLAIN_SCENARIO}`, in which no group has a chance of its own, so that a plain share
  can be found again. Gradients come from scenario `{GRADIENT_SCENARIO}`; there the figure of a group is what the
  figure of all and the odds ratios of the scenario make of its women.
- {len(drawn)} of the {len(compared)} values are drawn directly: the chance of every unit follows the figure alone.
  Of these the interval holds the figure in {held} ({100 * held / len(drawn):.0f} %), where about 95 % are due. The
  furthest is {furthest:.1f} standard errors off; a test allows {MOST_STANDARD_ERRORS:g}. The others are listed at the
  end.
- Agreement says that the world follows its figures, not that a figure is right. Confidence F: read in the source that
  is named. K: general knowledge of the field, without the page at hand.

{sections}
## What is not drawn directly

{_indirect(shown)}"""


def _section(panel: Panel) -> str:
    rows = "\n".join((*HEADER, *(_table_row(row, panel.unit) for row in panel.rows)))
    note = f"\n{fill(panel.note, WIDEST_LINE)}\n" if panel.note else ""
    return f"""## {panel.title}

![{description(panel)}]({image_path(panel)})

{panel.axis}. Scenario `{panel.scenario}`.
{note}
{rows}
"""


def _table_row(row: Comparison, unit: Unit) -> str:
    published = "" if row.published is None else _shown(row.published, unit)
    interval = f"{_shown(row.lower, unit)} to {_shown(row.upper, unit)}"
    confidence, source = ("", "") if row.figure is None else (str(row.figure.confidence), row.figure.source)
    cells = (row.label, published, _shown(row.world, unit), interval, str(row.origin), confidence, source)
    return f"| {' | '.join(cells)} |"


def _shown(value: float, unit: Unit) -> str:
    """Four significant digits at most, and no more than two decimals unless the value is small."""
    scaled = value * unit.scale
    return f"{scaled:,.0f}" if abs(scaled) >= 1000 else f"{scaled:.3g}" if abs(scaled) < 100 else f"{scaled:.1f}"


def _indirect(shown: list[Panel]) -> str:
    parts = []
    for origin, meaning in ORIGINS.items():
        rows = [(panel.title, row) for panel in shown for row in panel.rows if row.origin is origin]
        lines = [f"- {title}: {row.label}{_distance(row)}" for title, row in rows]
        parts.append("\n".join((meaning, "", *lines)) + "\n")
    return "\n".join(parts)


def _distance(row: Comparison) -> str:
    return "" if row.published is None else f", {row.standard_errors_off:.1f} standard errors from the figure"


def _is_held(row: Comparison) -> bool:
    return row.published is not None and row.lower <= row.published <= row.upper


def write_page(folder: Path, births: int = BIRTHS, seed: int = SEED) -> None:
    """Write the page and its images below the folder; an image that the page no longer shows is removed."""
    files = files_of_page(births, seed)
    (folder / IMAGES).mkdir(parents=True, exist_ok=True)
    for old in (folder / IMAGES).glob("marginals_*.svg"):
        old.unlink()
    for path, text in files.items():
        (folder / path).write_text(text, encoding="utf-8")


def main() -> None:
    """Read the options and write the page."""
    parser = argparse.ArgumentParser(prog="python -m synthetic_bundles.plot_marginals", description=__doc__)
    parser.add_argument("--births", type=int, default=BIRTHS, help="deliveries of each of the two worlds")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of both")
    parser.add_argument("--out", type=Path, default=Path("docs/reference"), help="folder of the page")
    options = parser.parse_args()
    try:
        write_page(options.out, options.births, options.seed)
    except WorldRefused as refused:
        parser.error(str(refused))


if __name__ == "__main__":
    main()
