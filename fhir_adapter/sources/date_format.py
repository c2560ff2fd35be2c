"""Dates as sites write them: a format of fixed fields to the ISO order, without a regular expression of the file."""

from __future__ import annotations

import re
from functools import cache

ISO = "iso"
DAY_MONTH_YEAR = "DD/MM/YYYY"
FIELDS = {
    "YYYY": "(?P<year>[0-9]{4})",
    "MM": "(?P<month>[0-9]{2})",
    "MON": "(?P<name>[A-Za-z]{3})",
    "DD": "(?P<day>[0-9]{2})",
}
FIELD = re.compile("YYYY|MON|MM|DD")
BETWEEN = re.compile("[-/. ]?")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def check_date_format(written: str) -> str:
    """The format itself. Raises ValueError unless it is `iso` or names year, month and day once each."""
    if written != ISO:
        found = sorted("MM" if each == "MON" else each for each in FIELD.findall(written))
        between = FIELD.split(written)
        if found != ["DD", "MM", "YYYY"] or not all(BETWEEN.fullmatch(each) for each in between):
            raise ValueError("give iso, or DD, MM (or MON) and YYYY once each, with one of - / . or a space between")
    return written


def iso_order(written: str, text: str) -> str:
    """The text with its date in ISO order, what follows the date left as it is; itself when it is of another form."""
    if written == ISO:
        return text
    found = pattern(written).match(text)
    if found is None:
        return text
    month = found["month"] if "month" in found.groupdict() else month_number(found["name"])
    return f"{found['year']}-{month}-{found['day']}{text[found.end() :]}"


def month_number(name: str) -> str:
    """Two digits of a month by the first three letters of its English name; 00 for none, which is no date."""
    return f"{MONTHS.index(name.lower()) + 1:02}" if name.lower() in MONTHS else "00"


@cache
def pattern(written: str) -> re.Pattern[str]:
    """The pattern of a checked format: fields of fixed length, so that it is read in one pass."""
    parts = [FIELDS.get(each) or re.escape(each) for each in re.split("(YYYY|MON|MM|DD)", written)]
    return re.compile("".join(parts))
