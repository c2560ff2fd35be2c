"""The figures of the world as a table for the documentation."""

from __future__ import annotations

from synthetic_bundles import figures, figures_of_care, figures_of_infancy
from synthetic_bundles.figures import Figure, Shares

HEADER = ("| figure | value | confidence | source |", "|---|---|---|---|")


def figures_table() -> str:
    """Markdown table of every figure, in the order of their files."""
    modules = (figures, figures_of_care, figures_of_infancy)
    named = [(name, value) for module in modules for name, value in vars(module).items() if _is_figure(value)]
    rows = [f"| {_words(name)} | {_value(figure)} | {figure.confidence} | {figure.source} |" for name, figure in named]
    return "\n".join((*HEADER, *rows)) + "\n"


def _is_figure(value: object) -> bool:
    return isinstance(value, Figure | Shares)


def _words(name: str) -> str:
    return name.lower().replace("_", " ")


def _value(figure: Figure | Shares) -> str:
    if isinstance(figure, Figure):
        return f"{figure.value:g}"
    return ", ".join(f"{name}: {share:g}" for name, share in figure.shares.items())


if __name__ == "__main__":
    print(figures_table(), end="")  # noqa: T201 - the table is what this module is run for
