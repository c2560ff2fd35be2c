"""Plots of a world beside its figures, as SVG text: dots with intervals, one row a value.

The same panel gives the same bytes. The two series differ in shape as well as in colour, and a description says in
words what the plot shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, log10
from xml.sax.saxutils import escape

from synthetic_bundles.marginals import Comparison, Panel

WIDTH, LABELS, RIGHT = 760, 290, 30  # pixels: of the plot, of its row labels, of the margin
TOP, ROW, BOTTOM = 62, 22, 52
PUBLISHED_COLOUR, WORLD_COLOUR = "#b84a00", "#0060a0"  # tell apart in every common colour vision, 4.5:1 on white
TEXT_COLOUR, GRID_COLOUR = "#222222", "#dddddd"
MOST_STEPS = 6
NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
Place = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Axis:
    """place: pixel of a value. ticks: values with a line."""

    place: Place
    ticks: tuple[float, ...]


def panel_svg(panel: Panel) -> str:
    """The plot of a panel, one row a comparison in their order."""
    height = TOP + ROW * len(panel.rows) + BOTTOM
    axis = _logarithmic_axis(panel) if panel.is_logarithmic else _linear_axis(panel)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        ' role="img" aria-labelledby="title description" font-family="sans-serif" font-size="12">',
        f'<title id="title">{escape(panel.title)}</title>',
        f'<desc id="description">{escape(description(panel))}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="20" font-size="14" font-weight="bold" fill="{TEXT_COLOUR}">{escape(panel.title)}</text>',
        *_legend(has_figures=any(row.published is not None for row in panel.rows)),
        *_grid(axis, height),
    ]
    for position, row in enumerate(panel.rows):
        lines += _row(row, axis, panel.unit.scale, TOP + ROW * position + ROW / 2)
    middle = (LABELS + WIDTH - RIGHT) / 2
    lines.append(_text(panel.axis, middle, height - 12, anchor="middle"))
    return "\n".join((*lines, "</svg>")) + "\n"


def description(panel: Panel) -> str:
    """What the plot shows, in words."""
    compared = [row for row in panel.rows if row.published is not None]
    held = sum(row.published is not None and row.lower <= row.published <= row.upper for row in compared)
    seen = f"{panel.axis}. Values of the synthetic world with their 95 % intervals: {len(panel.rows)}"
    return f"{seen}; intervals that hold the figure: {held}." if compared else f"{seen}; none has a figure."


def _row(row: Comparison, axis: Axis, scale: float, y: float) -> list[str]:
    lower, upper, world = (axis.place(value * scale) for value in (row.lower, row.upper, row.world))
    marks = [
        _text(row.label, LABELS - 12, y + 4, anchor="end"),
        f'<path d="M{lower:.1f} {y:g}H{upper:.1f}" stroke="{WORLD_COLOUR}" stroke-width="2"/>',
        f'<circle cx="{world:.1f}" cy="{y:g}" r="4" fill="{WORLD_COLOUR}"/>',
    ]
    return marks if row.published is None else [*marks, _diamond(axis.place(row.published * scale), y)]


def _diamond(x: float, y: float) -> str:
    path = f"M{x:.1f} {y - 7:g}L{x + 7:.1f} {y:g}L{x:.1f} {y + 7:g}L{x - 7:.1f} {y:g}Z"
    return f'<path d="{path}" fill="none" stroke="{PUBLISHED_COLOUR}" stroke-width="2"/>'


def _legend(*, has_figures: bool) -> list[str]:
    world = [
        f'<path d="M10 42H38" stroke="{WORLD_COLOUR}" stroke-width="2"/>',
        f'<circle cx="24" cy="42" r="4" fill="{WORLD_COLOUR}"/>',
        _text("synthetic world, 95 % interval", 46, 46),
    ]
    return [*world, _diamond(254, 42), _text("figure", 268, 46)] if has_figures else world


def _grid(axis: Axis, height: int) -> list[str]:
    foot = height - BOTTOM
    lines = []
    for tick in axis.ticks:
        x = axis.place(tick)
        lines.append(f'<path d="M{x:.1f} {TOP}V{foot}" stroke="{GRID_COLOUR}"/>')
        lines.append(_text(f"{tick:,.10g}", x, foot + 16, anchor="middle"))
    return lines


def _text(words: str, x: float, y: float, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:g}" text-anchor="{anchor}" fill="{TEXT_COLOUR}">{escape(words)}</text>'


def _values(panel: Panel) -> list[float]:
    """Every value that the plot must hold, as it is shown."""
    ends = [end for row in panel.rows for end in (row.lower, row.upper)]
    return [value * panel.unit.scale for value in (*ends, *(row.published or row.world for row in panel.rows))]


def _linear_axis(panel: Panel) -> Axis:
    """From zero, or from a round value below the least one where that shows the differences better."""
    values = _values(panel)
    least, most = min(values), max(values)
    start = 0.0 if least < most / 2 else least
    step = _nice_step((most - start) / MOST_STEPS)
    first, last = floor(start / step), ceil(most / step)
    ticks = tuple(round(number * step, 10) for number in range(first, last + 1))
    return Axis(_between(ticks[0], ticks[-1]), ticks)


def _logarithmic_axis(panel: Panel) -> Axis:
    """Powers of ten around the values; what is smaller than the least published one by far stands at the left end."""
    published = [row.published * panel.unit.scale for row in panel.rows if row.published is not None]
    first, last = floor(log10(min(published) / 2)), ceil(log10(max(_values(panel))))
    place = _between(float(first), float(last))
    ticks = tuple(10.0**power for power in range(first, last + 1))
    return Axis(lambda value: place(log10(max(value, ticks[0]))), ticks)


def _between(start: float, end: float) -> Place:
    return lambda value: LABELS + (value - start) / (end - start) * (WIDTH - LABELS - RIGHT)


def _nice_step(least: float) -> float:
    """The smallest round step of at least so much."""
    power = 10.0 ** floor(log10(least))
    return next(nice * power for nice in NICE_STEPS if nice * power >= least * (1 - 1e-9))
