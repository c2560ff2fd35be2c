"""Texts that may stand readable: what has the form of an NHS number or a postcode is kept where identifiers go, or not.

A sender may put an identifier anywhere. A cell of text without a list of codes takes what has the form of its kind of
code, and nothing that has the form of an identifier.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nhs_number.validate import is_valid

from indicator_engine.tables import Column

WITHHELD = "(withheld)"
# ten digits as people write them; anything longer is another number
TEN_DIGITS = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
# as the Post Office writes them, with or without the space
POSTCODE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,2}[0-9][A-Za-z0-9]? ?[0-9][A-Za-z]{2}(?![A-Za-z0-9])")
# by the beginning of what the common model says of the codes of a column
SHAPES = {
    "ODS": re.compile("[A-Z0-9]{3,9}"),  # organisations and sites; new codes have up to nine characters
    "ONS": re.compile("[A-Z][0-9]{8}"),
    "BCP-47": re.compile("[A-Za-z0-9]{2,3}(-[A-Za-z0-9]{1,8}){0,4}"),
}
PUBLIC_POSTCODES = frozenset({"gp_postcode"})  # of a practice
NAMED = frozenset({"local_id"})  # goes under a name, as keys do


def without_identifiers(text: str) -> str:
    """A text in which every NHS number and every postcode is withheld."""
    return POSTCODE.sub(WITHHELD, TEN_DIGITS.sub(_withheld_number, text))


def is_checked(column: Column) -> bool:
    """Whether texts of a column stand readable and no list says what they may be."""
    is_listed = bool(column.code_list or column.values)
    return not is_listed and column.name not in NAMED and not column.name.endswith("_key")


@lru_cache(maxsize=1 << 14)  # the same few organisations and areas stand in every row
def may_stand(coding: str, has_postcode: bool, text: str) -> bool:
    """Whether a text has the form of its coding, and none of an identifier. has_postcode: whether it may be one."""
    shape = SHAPES.get(coding)
    if shape is not None and shape.fullmatch(text) is None:
        return False
    searched = TEN_DIGITS.sub(_withheld_number, text) if has_postcode else without_identifiers(text)
    return searched == text


def coding_of(column: Column) -> str:
    """The coding whose form the texts of a column have; empty where any text may stand."""
    return next((each for each in SHAPES if column.coding.startswith(each)), "")


def _withheld_number(found: re.Match[str]) -> str:
    digits = re.sub("[ -]", "", found[0])
    return WITHHELD if is_valid(digits) else found[0]
