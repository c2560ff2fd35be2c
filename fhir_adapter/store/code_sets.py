"""Sets of codes as text, `|code|code|`, sorted, each code once."""

from __future__ import annotations


def in_order(codes: str) -> str:
    """A set of codes out of its parts, `|b||a|c|` to `|a|b|c|`."""
    return f"|{'|'.join(sorted({code for code in codes.split('|') if code}))}|"
