"""Charts as SVG made here: no script, no inline style, so that the strictest content policy holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from markupsafe import Markup

from fhir_adapter.viewer.figures import ChartPoint
from fhir_adapter.viewer.wording import Scale, period_words, variation_words

WIDTH, HEIGHT = 720, 280
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 16, 40
GRID_LINES = 4
LABELS = 6  # of periods along the axis: more would touch each other

Position = Callable[[float], float]


def control_chart(points: Sequence[ChartPoint], scale: Scale, *, title: str) -> Markup:
    """A control chart of the points: values joined where consecutive, centre and limits, special causes marked.

    Periods without a value leave a gap; the table beside the chart says why. An empty series gives an empty text.
    """
    levels = [level for point in points for level in _levels(point)]
    if not levels:
        return Markup("")
    top = max(levels) * 1.08 or 1.0
    across, up = _across(len(points)), _up(top)
    parts = [
        f"<title>{escape(title)}</title>",
        *_grid(top, up, scale),
        *_axis_labels(points, across),
        *(_line(points, name, across, up) for name in ("lower", "upper", "centre", "value")),
        *_markers(points, across, up, scale),
    ]
    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" class="chart" xmlns="http://www.w3.org/2000/svg"'
    # Every text above was escaped where it was put in.
    return Markup(f"<svg {frame}>{''.join(parts)}</svg>")  # noqa: S704 - every part is escaped


def _levels(point: ChartPoint) -> Iterable[float]:
    return (level for level in (point.value, point.centre, point.lower, point.upper) if level is not None)


def _across(count: int) -> Position:
    step = (WIDTH - LEFT - RIGHT) / max(count - 1, 1)
    return lambda position: LEFT + position * step


def _up(top: float) -> Position:
    return lambda level: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * level / top


def _grid(top: float, up: Position, scale: Scale) -> list[str]:
    levels = [top * step / GRID_LINES for step in range(GRID_LINES + 1)]
    return [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(level):.1f}" y2="{up(level):.1f}"/>'
        f'<text class="tick end" x="{LEFT - 8}" y="{up(level) + 4:.1f}">{level * scale.factor:.1f}</text>'
        for level in levels
    ]


def _axis_labels(points: Sequence[ChartPoint], across: Position) -> list[str]:
    step = max(1, -(-len(points) // LABELS))
    return [
        f'<text class="tick middle" x="{across(position):.1f}" y="{HEIGHT - 14}">{point.start:%b %Y}</text>'
        for position, point in enumerate(points)
        if position % step == 0
    ]


def _line(points: Sequence[ChartPoint], name: str, across: Position, up: Position) -> str:
    commands: list[str] = []
    pen = "M"
    for position, point in enumerate(points):
        level: float | None = getattr(point, name)
        if level is not None:
            commands.append(f"{pen}{across(position):.1f} {up(level):.1f}")
        pen = "M" if level is None else "L"
    return f'<path class="{name}" d="{" ".join(commands)}"/>' if commands else ""


def _markers(points: Sequence[ChartPoint], across: Position, up: Position, scale: Scale) -> list[str]:
    return [
        _marker(point, across(position), up(point.value), f"{point.value * scale.factor:.1f}{scale.unit}")
        for position, point in enumerate(points)
        if point.value is not None
    ]


def _marker(point: ChartPoint, x: float, y: float, words: str) -> str:
    said = variation_words(point.variation, provisional=False)
    label = f"<title>{escape(f'{period_words(point.start, point.end)}: {words}. {said}')}</title>"
    if (point.variation or "").startswith("special-cause"):
        # A diamond, so that the signal does not depend on colour.
        corners = f"M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"
        return f'<path class="marker {escape(point.variation or "")}" d="{corners}">{label}</path>'
    return f'<circle class="marker" cx="{x:.1f}" cy="{y:.1f}" r="3">{label}</circle>'
