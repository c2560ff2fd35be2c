"""Fenced blocks of a Markdown page: commands with what the page says they print, and files that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = "```"
PROMPT = "$ "
TERMINALS = frozenset(("console", "bash", "sh", "shell"))
ANYTHING = "…"  # in a shown line: any text; alone on a line: any lines


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. line: number of its first line. name: second word of its fence, the file that it is, or empty."""

    line: int
    language: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a page and the lines that the page shows below it."""

    line: int
    command: str
    shown: tuple[str, ...]


def blocks_of(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, in order."""
    opened: tuple[int, list[str]] | None = None
    content: list[str] = []
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        if not line.startswith(FENCE):
            content.append(line)
        elif opened is None:
            opened, content = (number + 1, [*line.removeprefix(FENCE).split(), "", ""]), []
        else:
            first, (language, name, *_) = opened
            yield Block(first, language, name, tuple(content))
            opened = None


def files_of(page: Path) -> dict[str, str]:
    """Text of every file that a page shows, by its name."""
    return {block.name: "\n".join(block.lines) + "\n" for block in blocks_of(page) if block.name}


def steps_of(page: Path) -> list[Step]:
    """Every command of a page, in order."""
    return [step for block in blocks_of(page) if block.language in TERMINALS for step in _steps(block)]


def _steps(block: Block) -> Iterator[Step]:
    lines = list(_joined(block))
    starts = [place for place, (_, text) in enumerate(lines) if text.startswith(PROMPT)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        number, command = lines[start]
        yield Step(number, command.removeprefix(PROMPT), tuple(text for _, text in lines[start + 1 : end]))


def _joined(block: Block) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, a command that goes on below its backslash as one."""
    command = ""
    for number, line in enumerate(block.lines, start=block.line):
        text = command + (line.strip() if command else line)
        command = text.removesuffix("\\") if text.startswith(PROMPT) and text.endswith("\\") else ""
        if not command:
            yield number, text


def is_shown(shown: tuple[str, ...], printed: str) -> bool:
    """Whether a page shows what was printed, its ellipses standing for what it leaves out."""
    lines = "".join(r"(?:.*\n)*?" if line.strip() == ANYTHING else _line_pattern(line) for line in shown)
    return re.fullmatch(lines, printed) is not None


def _line_pattern(line: str) -> str:
    return ".*?".join(map(re.escape, line.split(ANYTHING))) + r"\n"
