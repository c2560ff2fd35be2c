"""From what a source gives to a cell of the common model: one closure a column, made once when a mapping is loaded.

A closure gives the cell, None for what is absent, or raises CellFault; the caller knows the place and makes the issue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache, partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from fhir_adapter.sources.adapter import ColumnRule, DateRule, FixedCode, TextRule, UnitAssumption
from fhir_adapter.sources.concept_map import CodeMap
from fhir_adapter.sources.date_format import ISO, iso_order
from fhir_adapter.sources.plain_texts import PUBLIC_POSTCODES, coding_of, is_checked, may_stand
from fhir_adapter.sources.records import Cell
from fhir_adapter.sources.units import factor_between
from indicator_engine.code_lists import code_list
from indicator_engine.tables import Column, ColumnType

CONSTANT = ColumnRule(value="")  # a rule that adds nothing to the column
LONDON = ZoneInfo("Europe/London")
LARGEST_INTEGER = 2**31 - 1  # an integer column of every store
LONGEST_TEXT = 4_000  # characters; no column of the common model holds more
LAST_DAY = 6  # after completed weeks
DECIMAL_PLACES = 6  # after a change of unit, to drop binary noise
DAYS_REMEMBERED = 1 << 14  # 45 years; a memory of dates stays flat however many records are read
CLOCK = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")
PSEUDO_POSTCODE = "ZZ99"  # ONS postcode directory: pseudo country codes
TRUTHS: Mapping[object, bool] = {True: True, False: False, "true": True, "false": False}

Converter: TypeAlias = Callable[[Any], Cell]
Reader: TypeAlias = Callable[[Sequence[Any]], Cell]
Places: TypeAlias = Mapping[str, int]


class CellFault(ValueError):
    """A value that cannot be a cell. code: a stable word; the text never holds the value."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class RuleInvalid(ValueError):
    """A column rule that cannot be carried out; found when the mapping is loaded."""


WRONG_TYPE = "value.wrong-type"
NOT_PLAIN = "value.not-plain"
NOT_PLAIN_TEXT = "no code of this column has such a form, or it has the form of an NHS number or a postcode; correct it"


def cell_reader(column: Column, rule: ColumnRule, places: Places, maps: Mapping[str, CodeMap]) -> Reader:
    """A closure from the values of a row to the cell of one column.

    places: where each named value stands in the row. Raises RuleInvalid when the rule cannot be carried out.
    """
    if rule.key is not None:
        raise RuleInvalid("`key` is for files; a bundle has getResourceKey() and getReferenceKey()")
    if rule.when:
        raise RuleInvalid("`when` is for files; a view has where()")
    if rule.value is not None:
        return constant_reader(column, rule.value)
    if rule.missing:
        present = cell_reader(column, rule.model_copy(update={"missing": ()}), places, maps)
        return partial(read_but_missing, frozenset(rule.missing), present)
    if rule.sum:
        return sum_reader(column, rule, places)
    origins = [place_of(name, places) for name in rule.from_]
    if rule.as_ == "imd_missing_reason":
        return partial(read_missing_reason, origins)
    if rule.as_ == "weeks+days":
        return SingleReader(origins[0], partial(weeks_and_days, *limits(column, rule)))
    if rule.unit is not None:
        return unit_reader(column, rule, origins[0], places)
    if rule.time is not None:
        return moment_reader(rule.date, origins[0], place_of(rule.time, places))
    if len(origins) == 1 and rule.text is None and (rule.type or column.type) is ColumnType.STRING:
        return SingleReader(origins[0], plain_converter(column, text_cell))
    convert = plain_converter(column, converter(column, rule, maps))
    return SingleReader(origins[0], convert) if len(origins) == 1 else first_reader(origins, convert)


def place_of(name: str, places: Places) -> int:
    """Where a named value stands. Raises RuleInvalid, listing what there is."""
    if name not in places:
        raise RuleInvalid(f"there is no column {name}; there are {', '.join(places)}")
    return places[name]


def constant_reader(column: Column, value: str) -> Reader:
    """The same cell for every row."""
    cell = constant_cell(column, value)
    return lambda _: cell


def constant_cell(column: Column, value: str) -> Cell:
    """What a column holds when the manifest gives the value. Raises RuleInvalid for one that it cannot hold."""
    if column.values and value not in column.values:
        raise RuleInvalid(f"{value} is not one of {', '.join(column.values)}")
    try:
        return converter(column, CONSTANT, {})(value)
    except CellFault as cause:
        raise RuleInvalid(f"value: {cause}") from None


def read_but_missing(missing: Collection[str], read: Reader, row: Sequence[Any]) -> Cell:
    """The cell of the values that do not stand for a missing one."""
    return read([None if type(value) is str and value.strip() in missing else value for value in row])


def sum_reader(column: Column, rule: ColumnRule, places: Places) -> Reader:
    """A quantity whose parts stand in several columns, in the unit of the column; absent without its first part."""
    if column.unit is None:
        raise RuleInvalid("the column has no unit, so that parts cannot be added")
    parts = [(place_of(each.from_, places), factor_between(each.unit, column.unit)) for each in rule.sum]
    unknown = [each.unit for each, (_, factor) in zip(rule.sum, parts, strict=True) if factor is None]
    if unknown:
        raise RuleInvalid(f"no way from {', '.join(unknown)} to {column.unit}")
    low, high = limits(column, rule)
    is_whole = (rule.type or column.type) is ColumnType.INTEGER

    def read(row: Sequence[Any]) -> Cell:
        values = [(row[place], factor) for place, factor in parts]
        if values[0][0] is None:
            return None
        total = math.fsum(number(value) * (factor or 0) for value, factor in values if value is not None)
        return within(math.floor(total + 0.5) if is_whole else round(total, DECIMAL_PLACES), low, high)

    return read


def weeks_and_days(low: float, high: float, value: Any) -> Cell:
    """Days of a gestation written as completed weeks and days, such as 39+2 or 39."""
    weeks, plus, days = str(value).replace(" ", "").partition("+")
    if not (plain_digits(weeks) and (plain_digits(days) if plus else not days) and (not days or len(days) == 1)):
        raise CellFault(WRONG_TYPE, "weeks and days are expected here, such as 39+2")
    if int(days or 0) > LAST_DAY:
        raise CellFault(WRONG_TYPE, f"at most {LAST_DAY} days are expected after the weeks")
    return within(int(weeks) * 7 + int(days or 0), low, high)


def plain_digits(text: str) -> bool:
    """Whether a text is made of one to three of the digits 0 to 9."""
    return 1 <= len(text) <= 3 and text.isascii() and text.isdigit()


@dataclass(frozen=True, slots=True)
class SingleReader:
    """The cell of one value. The parts can be seen, so that compiled rows read the value without a call for it."""

    origin: int
    convert: Converter

    def __call__(self, row: Sequence[Any]) -> Cell:
        """The cell of a row; None where the value is absent."""
        value = row[self.origin]
        return None if value is None else self.convert(value)


def text_cell(value: Any) -> Cell:
    """A text as it stands; most cells are such, so the common case is decided here."""
    if type(value) is str and len(value) <= LONGEST_TEXT and "\x00" not in value:
        return value.strip() or None
    return to_text(None, value)


def plain_converter(column: Column, convert: Converter) -> Converter:
    """The converter, with what must not stand readable in the column refused; itself where a list or a name guards."""
    if column.type not in (ColumnType.STRING, ColumnType.CODE) or not is_checked(column):
        return convert
    coding, has_postcode = coding_of(column), column.name in PUBLIC_POSTCODES

    def convert_plain(value: Any) -> Cell:
        cell = convert(value)
        if type(cell) is str and not may_stand(coding, has_postcode, cell):
            raise CellFault(NOT_PLAIN, NOT_PLAIN_TEXT)
        return cell

    return convert_plain


def first_reader(origins: Sequence[int], convert: Converter) -> Reader:
    """The cell of the first value that is not absent."""

    def read(row: Sequence[Any]) -> Cell:
        for origin in origins:
            value = row[origin]
            if value is not None and value != []:
                return convert(value)
        return None

    return read


def read_missing_reason(origins: Sequence[int], row: Sequence[Any]) -> Cell:
    """Why a postcode gives no area: none was sent, or a pseudo postcode; None when it may give one."""
    for origin in origins:
        if row[origin]:
            postcode = str(row[origin]).replace(" ", "").upper()
            return "pseudo_postcode" if postcode.startswith(PSEUDO_POSTCODE) else None
    return "no_postcode"


def converter(column: Column, rule: ColumnRule, maps: Mapping[str, CodeMap]) -> Converter:
    """A closure from one value that is there to a cell; raises RuleInvalid when the rule cannot be carried out."""
    match rule.type or column.type:
        case ColumnType.INTEGER:
            return integer_converter(*limits(column, rule))
        case ColumnType.DECIMAL:
            return partial(to_decimal, *limits(column, rule))
        case ColumnType.DATE:
            return date_converter(rule.date)
        case ColumnType.DATETIME:
            return partial(to_datetime, rule.date)
        case ColumnType.BYTES:
            raise RuleInvalid("a column of bytes cannot be mapped")
        case ColumnType.CODE_SET:
            return partial(to_code_set, code_converter(column, rule, maps))
        case ColumnType.CODE | ColumnType.ENUM:
            return one_code_converter(column, rule, maps)
        case ColumnType.BOOLEAN if rule.translate is None:
            return to_boolean
        case ColumnType.BOOLEAN:
            translate = code_converter(column, rule, maps)
            return lambda value: to_boolean(translate(value))
    return partial(to_text, rule.text)


def limits(column: Column, rule: ColumnRule) -> tuple[float, float]:
    """Smallest and largest value accepted: of the rule, else of the common model, else of the stores."""
    low = rule.range.min if rule.range and rule.range.min is not None else column.minimum
    high = rule.range.max if rule.range and rule.range.max is not None else column.maximum
    return (-LARGEST_INTEGER if low is None else low, LARGEST_INTEGER if high is None else high)


def to_text(rule: TextRule | None, value: Any) -> Cell:
    """A text without space around it; None when nothing is left."""
    if type(value) is not str:
        raise CellFault(WRONG_TYPE, "a text is expected here")
    if len(value) > LONGEST_TEXT or "\x00" in value:
        raise CellFault("value.unreadable", f"a text holds no NUL and at most {LONGEST_TEXT} characters")
    return shaped(value.strip(), rule) or None


def shaped(text: str, rule: TextRule | None) -> str:
    """The text in the letters and length that the rule asks for."""
    if rule is None or text in rule.keep:
        return text
    if rule.case is not None:
        text = text.upper() if rule.case == "upper" else text.lower()
    return text[: rule.first]


def to_boolean(value: Any) -> Cell:
    """True or false; the texts `true` and `false` are read as well."""
    if value is None:
        return None
    if isinstance(value, bool | str) and value in TRUTHS:
        return TRUTHS[value]
    raise CellFault(WRONG_TYPE, "true or false is expected here")


def number(value: Any) -> float | int:
    """A finite number; numerals in a text are read as well."""
    if type(value) is int:
        return value
    if type(value) is str:
        value = number_in_text(value.strip())
    if type(value) is not float:
        raise CellFault(WRONG_TYPE, "a number is expected here")
    if not math.isfinite(value):
        raise CellFault(WRONG_TYPE, "a finite number is expected here")
    return value


def number_in_text(text: str) -> float:
    """The number that a text spells in plain numerals; neither `1_000` nor other scripts' digits are read."""
    if text.isascii() and "_" not in text:
        try:
            return float(text)
        except ValueError:
            pass
    raise CellFault(WRONG_TYPE, "a number is expected here, in numerals with a point")


def to_integer(low: float, high: float, value: Any) -> Cell:
    """A whole number inside the range."""
    found = number(value)
    if found != found // 1:
        raise CellFault("value.not-whole", "a whole number is expected here")
    return within(int(found), low, high)


def integer_converter(low: float, high: float) -> Converter:
    """`to_integer` with the common case decided first."""

    def convert(value: Any) -> Cell:
        return value if type(value) is int and low <= value <= high else to_integer(low, high, value)

    return convert


def to_decimal(low: float, high: float, value: Any) -> Cell:
    """A number inside the range."""
    return within(float(number(value)), low, high)


def within(value: float, low: float, high: float) -> float:
    """The value itself. Raises CellFault when it is outside the range."""
    if low <= value <= high:
        return value
    raise CellFault(
        "value.out-of-range", f"a value from {low:g} to {high:g} is expected here; correct it at the source"
    )


def unit_reader(column: Column, rule: ColumnRule, origin: int, places: Places) -> Reader:
    """A measured quantity in the unit of the column. Whole-number columns take the nearest (36.71 wk is 257 d)."""
    unit = rule.unit
    assert unit is not None
    target = unit.to or column.unit
    if target is None:
        raise RuleInvalid("the column has no unit; give `to`")
    assumed = tuple(each.unit for each in unit.assume)
    factors = {each: factor_between(each, target) for each in (*(unit.allow or ((unit.fixed or target),)), *assumed)}
    unknown = [each for each, factor in factors.items() if factor is None]
    if unknown:
        raise RuleInvalid(f"no way from {', '.join(unknown)} to {target}")
    low, high = limits(column, rule)
    is_whole = (rule.type or column.type) is ColumnType.INTEGER
    fault = f"the unit must be one of {', '.join(factors)}"
    unit_place = None if unit.from_ is None else place_of(unit.from_, places)
    assumptions = unit.assume

    def read(row: Sequence[Any]) -> Cell:
        value = row[origin]
        if value is None:
            return None
        written = unit.fixed if unit_place is None else row[unit_place]
        if written is None and assumptions:
            written = assumed_unit(assumptions, number(value))
        factor = factors.get(written) if type(written) is str else None
        if factor is None:
            raise CellFault("unit.missing" if written is None else "unit.not-allowed", fault)
        kind = type(value)
        quantity = (value if kind is float or kind is int else number(value)) * factor
        if low <= quantity <= high:
            return math.floor(quantity + 0.5) if is_whole else round(float(quantity), DECIMAL_PLACES)
        number(quantity)
        return within(math.floor(quantity + 0.5) if is_whole else round(float(quantity), DECIMAL_PLACES), low, high)

    return read


def assumed_unit(assumptions: Sequence[UnitAssumption], value: float) -> str | None:
    """The unit that a number without one is taken to be in; None when no assumption is made for its size."""
    for each in assumptions:
        if (each.at_least is None or value >= each.at_least) and (each.below is None or value < each.below):
            return each.unit
    return None


def code_converter(column: Column, rule: ColumnRule, maps: Mapping[str, CodeMap]) -> Converter:
    """A closure from one code as sent to one code of the list, None for a code that the rule lets go."""
    allowed = allowed_codes(column, rule)
    if rule.translate is None:
        return partial(listed_code, allowed, rule.outside == "ignore", rule.text)
    if rule.translate.map not in maps:
        raise RuleInvalid(f"there is no ConceptMap {rule.translate.map}; there are {', '.join(maps) or 'none'}")
    targets = maps[rule.translate.map].targets
    unmapped = rule.translate.unmapped
    produced = {*targets.values(), *([unmapped.fixed] if isinstance(unmapped, FixedCode) else [])}
    if allowed is not None and not produced <= set(allowed):
        strangers = ", ".join(sorted(produced - set(allowed)))
        raise RuleInvalid(f"ConceptMap {rule.translate.map} gives codes outside the list of the column: {strangers}")
    fallback = unmapped.fixed if isinstance(unmapped, FixedCode) else None
    return partial(translated_code, targets, rule.translate.map, unmapped == "error", fallback, rule.text)


def allowed_codes(column: Column, rule: ColumnRule) -> Collection[str] | None:
    """The codes that the column may hold; None when no list is shipped."""
    name = rule.code_list or column.code_list
    if name is not None:
        return frozenset(code_list(name).codes)
    return frozenset(column.values) if column.values else None


def listed_code(allowed: Collection[str] | None, ignore: bool, rule: TextRule | None, value: Any) -> str | None:
    """The code itself when it is in the list."""
    if rule is None and type(value) is str and allowed is not None and value in allowed:
        return value
    text = to_text(rule, value)
    if text is None or allowed is None or text in allowed:
        return text if text is None else str(text)
    if ignore:
        return None
    raise CellFault("code.not-in-list", "the code is not in the list of this column; correct it or map it")


def translated_code(
    targets: Mapping[str, str], name: str, refuse: bool, fallback: str | None, rule: TextRule | None, value: Any
) -> str | None:
    """What the ConceptMap says the code is."""
    if rule is None and type(value) is str and value in targets:
        return targets[value]
    text = to_text(rule, value)
    if text is None:
        return None
    if text in targets:
        return targets[str(text)]
    if refuse:
        raise CellFault("code.unmapped", f"ConceptMap {name} has no translation of this code; add one and re-run")
    return fallback


def to_code(convert: Converter, value: Any) -> Cell:
    """One code; of a list of codes that mean the same (SNOMED, LOINC) the one that is known."""
    if type(value) is not list:
        return convert(value)
    if len(value) == 1:
        return convert(value[0])
    found = {code for code in map(convert, value) if code is not None}
    if len(found) > 1:
        raise CellFault("record.contradicts-itself", "the codings of one concept mean different things")
    return found.pop() if found else None


def one_code_converter(column: Column, rule: ColumnRule, maps: Mapping[str, CodeMap]) -> Converter:
    """`to_code` with the common case decided first: one code that is known as it stands."""
    convert = code_converter(column, rule, maps)
    known: Mapping[str, str] = {}
    if rule.text is None and rule.translate is not None:
        known = maps[rule.translate.map].targets
    elif rule.text is None:
        known = {code: code for code in allowed_codes(column, rule) or ()}

    def convert_one(value: Any) -> Cell:
        only = value[0] if type(value) is list and len(value) == 1 else value
        found = known.get(only) if type(only) is str else None
        return to_code(convert, value) if found is None else found

    return convert_one


def to_code_set(convert: Converter, value: Any) -> Cell:
    """Codes as `|code|code|`, sorted and unique; None when there is none."""
    values = value if type(value) is list else [value]
    return code_set_text({str(code) for code in map(convert, values) if code is not None})


def code_set_text(codes: Collection[str]) -> str | None:
    """The canonical text of a set of codes."""
    return f"|{'|'.join(sorted(set(codes)))}|" if codes else None


def united_code_sets(one: str, other: str) -> str | None:
    """Both sets in one."""
    return code_set_text({code for code in (*one.split("|"), *other.split("|")) if code})


@lru_cache(DAYS_REMEMBERED)
def calendar_date(text: str) -> date:
    """The date that `YYYY-MM-DD` names; other ISO forms are not read."""
    if len(text) == 10 and text[4] == text[7] == "-" and text.isascii():
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise CellFault("value.no-such-date", "there is no such date in the calendar") from None
    raise CellFault("value.no-such-date", "a whole date YYYY-MM-DD is expected here")


def date_text(rule: DateRule, value: Any) -> str:
    """The text of a date, put into ISO order."""
    if type(value) is not str:
        raise CellFault(WRONG_TYPE, "a date is expected here")
    return iso_order(rule.format, value.strip())


def to_date(rule: DateRule, value: Any) -> Cell:
    """A calendar date in London; the date of a moment is its date there."""
    text = date_text(rule, value)
    if len(text) > 10:
        return local_text(rule, text)[:10]
    calendar_date(text)
    return text


def date_converter(rule: DateRule) -> Converter:
    """`to_date` with the common case decided first: an ISO date."""
    if rule.format != ISO:
        return partial(to_date, rule)

    def convert(value: Any) -> Cell:
        if type(value) is str and len(value) == 10:
            calendar_date(value)
            return value
        return to_date(rule, value)

    return convert


def to_datetime(rule: DateRule, value: Any) -> Cell:
    """A moment as London text with offset, or the calendar date when no more is given."""
    text = date_text(rule, value)
    if len(text) > 10:
        return local_text(rule, text)
    if rule.precision == "time":
        raise CellFault("value.no-time", "a time of day is expected with this date")
    calendar_date(text)
    return text


def local_text(rule: DateRule, text: str) -> str:
    """`YYYY-MM-DDTHH:MM:SS+01:00` in London; a moment without offset is taken to be in the zone of the rule."""
    offset = london_offset(text[:10])
    if offset and text[10] == "T" and text[19:] == offset and CLOCK.fullmatch(text, 11, 19):
        return text
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=LONDON if rule.zone == "Europe/London" else ZoneInfo(rule.zone))
        return moment.astimezone(LONDON).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise CellFault("value.no-such-time", "a time HH:MM or HH:MM:SS is expected after the date") from None


@lru_cache(DAYS_REMEMBERED)
def london_offset(day: str) -> str | None:
    """The offset that London has all day, such as `+01:00`; None on a day on which it changes."""
    start = datetime.combine(calendar_date(day), time(0), LONDON)
    end = datetime.combine(calendar_date(day), time(23, 59, 59), LONDON)
    offsets = {moment.isoformat(timespec="seconds")[19:] for moment in (start, end)}
    return offsets.pop() if len(offsets) == 1 else None


INSTANT = DateRule()


def instant_text(value: object) -> str | None:
    """A FHIR instant as London text; None when it is none, for what only describes the record."""
    try:
        return str(to_datetime(INSTANT, value)) if value is not None else None
    except CellFault:
        return None


def moment_reader(rule: DateRule, origin: int, time_origin: int) -> Reader:
    """A date and a time of day that stand in two columns."""

    def read(row: Sequence[Any]) -> Cell:
        day, clock = row[origin], row[time_origin]
        if day is None:
            return None
        if clock is None:
            return to_datetime(rule, day)
        return local_text(rule, f"{to_date(rule, day)}T{clock_text(clock)}")

    return read


def clock_text(value: Any) -> str:
    """A time of day as HH:MM or HH:MM:SS."""
    try:
        return time.fromisoformat(value.strip()).isoformat(timespec="seconds")
    except (ValueError, AttributeError):
        raise CellFault("value.no-such-time", "a time HH:MM or HH:MM:SS is expected here") from None
