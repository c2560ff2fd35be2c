"""The manifest of an adapter, `adapter.yaml`: what ViewDefinition lacks, as data, parsed once and frozen."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from fhir_adapter.sources.date_format import DAY_MONTH_YEAR, ISO, check_date_format
from fhir_adapter.systems import System
from indicator_engine.tables import TABLES, ColumnType

NAME = r"^[a-z][a-z0-9-]{1,40}$"
WORKING_COLUMN = "_"  # a column that begins so joins rows and never leaves the mapper
NUMBER = "{n}"  # in the names of a repeated group: stands for the number of the group
MOST_REPEATS = 60  # groups of columns in one line
WHOLE_RECORD = frozenset({"Bundle", "Composition"})  # what says of a record what it is as a whole
UNKNOWN_KEY = "extra_forbidden"  # what pydantic calls a key that a model does not have
WORKING_TABLE = "_"  # so does a table; all its columns do
DURATION = r"^P([1-9][0-9]{0,3}[WD]|T[1-9][0-9]{0,3}H)$"  # ISO 8601: P42W, P1D, PT1H


class ManifestModel(BaseModel):
    """A part of a manifest: no unknown key, no change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="wrap")
    @classmethod
    def name_nearest_key(cls, written: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Say of an unknown key which known one is nearest; every other fault stays as it is."""
        try:
            return validate(written)
        except ValidationError as cause:
            faults = [told_fault(each["type"], each["loc"], each["msg"], cls.keys()) for each in cause.errors()]
            raise ValidationError.from_exception_data(cls.__name__, faults) from None

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys as they are written in the file."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())


def told_fault(kind: str, place: tuple[int | str, ...], text: str, keys: Sequence[str]) -> InitErrorDetails:
    """A fault of one model as told: an unknown key of it comes with the nearest of its keys."""
    if kind == UNKNOWN_KEY and len(place) == 1:
        nearest = difflib.get_close_matches(str(place[0]), keys, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"the keys here are {', '.join(keys)}"
        text, kind = f"there is no such key; {hint}", "unknown_key"
    told = PydanticCustomError(kind, "{text}", {"text": text})
    return InitErrorDetails(type=told, loc=place, input=None)


class AdapterKind(StrEnum):
    """What an adapter reads."""

    FHIR_BUNDLE = "fhir-bundle"
    CSV = "csv"


def as_tuple(written: Any) -> Any:
    """One name where a list of names may stand."""
    return (written,) if isinstance(written, str) else written


Names: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]


class FixedCode(ManifestModel):
    """The code that stands for every code without a translation."""

    fixed: str


class TranslateRule(ManifestModel):
    """A ConceptMap of the folder, and what becomes of a code it does not hold."""

    map: str
    unmapped: Literal["error", "null"] | FixedCode = "error"

    @field_validator("unmapped", mode="before")
    @classmethod
    def accept_yaml_null(cls, written: Any) -> Any:
        return "null" if written is None else written


class UnitAssumption(ManifestModel):
    """The unit that a number without one is taken to be in, when it is inside these limits.

    at_least: smallest number, inclusive; below: largest, exclusive.
    """

    unit: str
    at_least: float | None = None
    below: float | None = None


class UnitRule(ManifestModel):
    """The column that holds the unit (or the unit that is always meant), and those accepted.

    assume: by the size of the number, in order, where no unit is given.
    """

    from_: Annotated[str | None, Field(alias="from")] = None
    fixed: str | None = None
    to: str | None = None
    allow: tuple[str, ...] = ()
    assume: tuple[UnitAssumption, ...] = ()

    @model_validator(mode="after")
    def check_one_origin(self) -> UnitRule:
        if self.fixed is not None and (self.from_ is not None or self.assume):
            raise ValueError("`fixed` stands alone: give either it, or `from` and `assume`")
        if self.fixed is None and self.from_ is None and not self.assume:
            raise ValueError("give `from`, the column of the unit, `fixed`, or `assume`")
        return self


def as_date_format(written: Any) -> Any:
    """The older name of `DD/MM/YYYY`."""
    return DAY_MONTH_YEAR if written == "day/month/year" else written


class DateRule(ManifestModel):
    """How dates are written. precision `time`: a date without a time is a fault.

    format: `iso`, or day, month and year as DD, MM or MON, and YYYY with what stands between them; a time may follow.
    """

    precision: Literal["day", "time"] = "day"
    zone: str = "Europe/London"
    format: Annotated[str, BeforeValidator(as_date_format)] = ISO

    @field_validator("format")
    @classmethod
    def check_format(cls, written: str) -> str:
        return check_date_format(written)

    @field_validator("zone")
    @classmethod
    def check_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as cause:
            raise ValueError("not a time zone of the IANA database") from cause
        return zone


class RangeRule(ManifestModel):
    """Smallest and largest value accepted, inclusive, in the unit of the column."""

    min: float | None = None
    max: float | None = None


class TextRule(ManifestModel):
    """Change of a text before it is looked up. first: how many characters to keep. keep: texts left as they are."""

    case: Literal["upper", "lower"] | None = None
    first: Annotated[int | None, Field(ge=1)] = None
    keep: tuple[str, ...] = ()


class KeyRule(ManifestModel):
    """A source key put together: `<prefix>:<scope>/<kind>/<parts>`; absent when a part is absent.

    suffix: the same last part on every line, such as the number of a repeated group.
    """

    kind: Annotated[str, Field(pattern=NAME)]
    from_: Annotated[Names, Field(alias="from", min_length=1)]
    suffix: str | None = None


def as_condition(written: Any) -> Any:
    """A bare name where a condition may stand: the column must be filled."""
    return {"column": written} if isinstance(written, str) else written


class Condition(ManifestModel):
    """What a line must hold: a column that is filled, or holds one of some texts, or none of them.

    A line in which the column is absent meets no condition but `absent: true`.
    """

    column: str
    is_: Annotated[Names, Field(alias="is")] = ()
    is_not: Names = ()
    absent: bool = False

    @model_validator(mode="after")
    def check_one_kind(self) -> Condition:
        if (bool(self.is_), bool(self.is_not), self.absent).count(True) > 1:
            raise ValueError("give either `is`, `is_not` or `absent`")
        return self


def as_conditions(written: Any) -> Any:
    """One condition where a list of them may stand."""
    return (written,) if isinstance(written, str | Mapping) else written


Conditions: TypeAlias = Annotated[
    tuple[Annotated[Condition, BeforeValidator(as_condition)], ...], BeforeValidator(as_conditions)
]


class Summand(ManifestModel):
    """One part of a quantity that stands in several columns, with its unit."""

    from_: Annotated[str, Field(alias="from")]
    unit: str


class ColumnRule(ManifestModel):
    """Where a cell comes from and what it must be. Type, codes, unit and range default to the common model.

    from: column of the view or of the file; of several, the first that is not absent.
    time: column with the time of day that belongs to the date. value: the same text in every row.
    sum: parts of one quantity; absent when the first is absent, and a later part that is absent counts nothing.
    as: `imd_missing_reason` turns a postcode into the reason why it has no area; `weeks+days` reads 39+2.
    missing: texts that count as absent in this column, besides those of the file.
    when: conditions that a line must meet for this column, in files whose lines say what they hold.
    outside: what becomes of a code that is not in its list. prefer: codes in order, the first wins in silence.
    fault: how heavy a value weighs that cannot be the cell; an error sinks a whole transaction.
    """

    from_: Annotated[Names, Field(alias="from")] = ()
    time: str | None = None
    value: str | None = None
    key: KeyRule | None = None
    sum: tuple[Summand, ...] = ()
    as_: Annotated[Literal["imd_missing_reason", "weeks+days"] | None, Field(alias="as")] = None
    missing: Names = ()
    when: Conditions = ()
    type: ColumnType | None = None
    required: bool = False
    translate: TranslateRule | None = None
    unit: UnitRule | None = None
    date: DateRule = DateRule()
    range: RangeRule | None = None
    code_list: str | None = None
    outside: Literal["error", "ignore"] = "error"
    fault: Literal["error", "warning"] = "error"
    text: TextRule | None = None
    prefer: tuple[str, ...] = ()

    @model_validator(mode="after")
    def check_one_origin(self) -> ColumnRule:
        given = (bool(self.from_), self.value is not None, self.key is not None, bool(self.sum))
        if given.count(True) != 1:
            raise ValueError("give exactly one of `from`, `value`, `key` and `sum`")
        return self


def as_rule(written: Any) -> Any:
    """A bare name where a whole rule may stand: `{from: name}`."""
    return {"from": written} if isinstance(written, str) else written


Columns: TypeAlias = Mapping[str, Annotated[ColumnRule, BeforeValidator(as_rule)]]


class SpineRule(ManifestModel):
    """A view whose rows begin the rows of a table. when: only if this other view gives rows in the bundle."""

    view: str
    when: str | None = None
    columns: Columns


class Window(ManifestModel):
    """When a fact was, as told by moments of the row: from one to another, ends included, or on the day of one.

    at: column of the view. from, to, day: columns of the row. Of several, the first that is filled.
    before: `to` itself is too late. within: the longest time before `to`, such as P42W, P1D or PT1H.
    """

    at: Annotated[Names, Field(min_length=1)]
    from_: Annotated[Names, Field(alias="from")] = ()
    to: Names = ()
    day: Names = ()
    before: bool = False
    within: Annotated[str | None, Field(pattern=DURATION)] = None

    @model_validator(mode="after")
    def check_bounds(self) -> Window:
        if bool(self.day) == bool(self.from_ or self.to):
            raise ValueError("give either `day`, or `from` and `to` or one of them")
        if not self.to and (self.before or self.within is not None):
            raise ValueError("`before` and `within` belong to `to`")
        return self


def as_windows(written: Any) -> Any:
    """One window where a list of windows that all hold may stand."""
    return (written,) if isinstance(written, Mapping) else written


Windows: TypeAlias = Annotated[tuple[Window, ...], BeforeValidator(as_windows), Field(min_length=1)]


class Contribution(ManifestModel):
    """Cells that another view, or a table put together before, adds to rows that are there.

    match: alternatives `{its column: column of the row}`; the first whose own value is present decides.
    during: alternatives of when its fact was, of which one must hold. latest: its column of time; of several facts
    for one row the last by it is taken, without comparing.
    only: no match; its one row belongs to every row, and two rows are a fault.
    fill: only where the cell is still absent, without comparing.
    """

    view: str | None = None
    table: str | None = None
    match: tuple[Mapping[str, str], ...] = ()
    during: tuple[Windows, ...] = ()
    latest: Names = ()
    only: bool = False
    fill: bool = False
    columns: Annotated[Columns, Field(min_length=1)]

    @model_validator(mode="after")
    def check_origin(self) -> Contribution:
        if (self.view is None) == (self.table is None):
            raise ValueError("give either `view` or `table`")
        if bool(self.match) == self.only:
            raise ValueError("give either `match` or `only: true`")
        if any(len(each) != 1 for each in self.match):
            raise ValueError("each alternative of `match` names one pair of columns")
        if (self.during or self.latest) and (self.view is None or self.only):
            raise ValueError("`during` and `latest` belong to a view with `match`")
        return self


class BundleRows(ManifestModel):
    """Rows of one table of the common model out of a bundle, or of a working table that only joins.

    when: only rows in which these columns are filled in the end; the others are none, without a word.
    """

    table: str
    when: Names = ()
    spine: Annotated[tuple[SpineRule, ...], Field(min_length=1)]
    contributions: tuple[Contribution, ...] = ()


class RepeatRange(ManifestModel):
    """Numbers of the groups of columns in a line, from the first to the last."""

    first: Annotated[int, Field(ge=0)] = 1
    last: int

    @model_validator(mode="after")
    def check_order(self) -> RepeatRange:
        if not self.first <= self.last < self.first + MOST_REPEATS:
            raise ValueError(f"`last` is not before `first`, and there are at most {MOST_REPEATS} groups")
        return self


def as_repeats(written: Any) -> Any:
    """The numbers of a range as texts."""
    if isinstance(written, Mapping):
        numbers = RepeatRange.model_validate(written)
        return tuple(str(number) for number in range(numbers.first, numbers.last + 1))
    return tuple(str(each) for each in written) if isinstance(written, list) else written


Repeats: TypeAlias = Annotated[
    tuple[str, ...],
    BeforeValidator(as_repeats, json_schema_input_type=RepeatRange | tuple[str | int, ...]),
    Field(max_length=MOST_REPEATS),
]


class CsvRows(ManifestModel):
    """Rows of one table of the common model out of a line of a file. when: only if the line meets these conditions.

    repeat: numbers of the groups of columns; each gives a row of its own, with `{n}` in any name standing for it.
    """

    table: str
    when: Conditions = ()
    repeat: Repeats = ()
    columns: Columns


class IdentityRule(ManifestModel):
    """Where the identifiers of a person are; each names a column of the view or of the file.

    key: column (bundle) or key rule (file) that gives the `person_key` of the row.
    when, repeat: as for rows of a file. date: how `birth_date` is written in a file.
    lived_from: day from which the postcode was that of the home, for a home that is not the present one.
    """

    role: str
    view: str | None = None
    when: Conditions = ()
    repeat: Repeats = ()
    key: str | KeyRule
    nhs_number: str | None = None
    nhs_number_status: str | None = None
    local_id: str | None = None
    local_id_system: str | None = None
    family_name: str | None = None
    given_name: str | None = None
    birth_date: str | None = None
    date: DateRule = DateRule()
    postcode: Names = ()
    lived_from: str | None = None


class CodingClaim(ManifestModel):
    """A coding that a resource must have in one of its elements; any code of the system when none is named."""

    element: str
    system: str
    code: str | None = None


class BundleClaim(ManifestModel):
    """One way to know a bundle: every condition holds for one and the same resource in it.

    resource: its type; `Bundle` is the bundle itself.
    """

    resource: str
    identifier_system: str | None = None
    extension: str | None = None
    profile: str | None = None
    coding: CodingClaim | None = None

    @model_validator(mode="after")
    def check_condition(self) -> BundleClaim:
        if not any((self.identifier_system, self.extension, self.profile, self.coding)):
            raise ValueError("a claim needs an identifier_system, an extension, a profile or a coding")
        return self

    @property
    def strength(self) -> int:
        """How much the claim says of what the record is: the document as a whole, what is in it, or who sends it."""
        if self.resource in WHOLE_RECORD:
            return 3
        return 2 if self.profile or self.coding else 1


class CsvClaim(ManifestModel):
    """How a file is known: columns that its header must have."""

    header: Annotated[tuple[str, ...], Field(min_length=1)]


class CsvFormat(ManifestModel):
    """How a file is written. encoding utf-8 is read with or without a byte order mark."""

    encoding: Literal["utf-8", "cp1252", "iso-8859-1", "utf-16"] = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    missing: tuple[str, ...] = ("",)
    aliases: Mapping[str, str] = {}
    optional: tuple[str, ...] = ()


class KeyScope(ManifestModel):
    """What makes keys of two senders differ: a prefix and the column that names the sender."""

    prefix: Annotated[str, Field(pattern=NAME)]
    from_: Annotated[str, Field(alias="from")]
    absent: str = "unknown"


class Manifest(ManifestModel):
    """A whole `adapter.yaml`. provider: `table.column` that names the sender, the first that is filled.

    system: which kind of system sends the feed; where feeds differ, the rules of resolution go by it.
    """

    name: Annotated[str, Field(pattern=NAME)]
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    title: str
    system: System


class BundleManifest(Manifest):
    """The manifest of an adapter that reads FHIR bundles."""

    kind: Literal[AdapterKind.FHIR_BUNDLE]
    fhir_version: Literal["4.0.1"]
    recognise: Annotated[tuple[BundleClaim, ...], Field(min_length=1)]
    provider: tuple[str, ...] = ()
    tables: Annotated[tuple[BundleRows, ...], Field(min_length=1)]
    identities: tuple[IdentityRule, ...] = ()

    @model_validator(mode="after")
    def check_tables(self) -> BundleManifest:
        for rows in self.tables:
            spine = [each.columns for each in rows.spine]
            check_target_columns(rows.table, spine + [each.columns for each in rows.contributions])
        return self


class CsvFile(ManifestModel):
    """One shape of file: how it is known and what its lines give."""

    recognise: CsvClaim
    tables: Annotated[tuple[CsvRows, ...], Field(min_length=1)]
    identities: tuple[IdentityRule, ...] = ()

    @model_validator(mode="after")
    def check_tables(self) -> CsvFile:
        for rows in self.tables:
            check_target_columns(rows.table, [rows.columns])
        return self


class CsvManifest(Manifest):
    """The manifest of an adapter that reads CSV files: of one shape, or of several under `files`."""

    kind: Literal[AdapterKind.CSV]
    recognise: CsvClaim | None = None
    format: CsvFormat = CsvFormat()
    key_scope: KeyScope
    tables: tuple[CsvRows, ...] = ()
    identities: tuple[IdentityRule, ...] = ()
    files: Mapping[Annotated[str, Field(pattern=NAME)], CsvFile] = {}

    @model_validator(mode="after")
    def check_shapes(self) -> CsvManifest:
        if self.files and (self.recognise or self.tables or self.identities):
            raise ValueError("with `files`, each file has its own `recognise`, `tables` and `identities`")
        if not self.files and (self.recognise is None or not self.tables):
            raise ValueError("give `recognise` and `tables`, or several shapes under `files`")
        for rows in self.tables:
            check_target_columns(rows.table, [rows.columns])
        return self

    def shapes(self) -> Mapping[str, CsvFile]:
        """Every shape of file by its key below `files`; the only one has no name."""
        if self.recognise is None:
            return self.files
        return {"": CsvFile(recognise=self.recognise, tables=self.tables, identities=self.identities)}


class SiteFile(ManifestModel):
    """What is particular to the files of one place: `sites/<name>.yaml` of an adapter.

    senders: values of the column that names the sender, for which `values` hold; none given, they hold for all.
    aliases: names of its headers to the names that the mapping uses. values: codes of a ConceptMap to their targets.
    """

    site: Annotated[str, Field(pattern=NAME)]
    senders: tuple[str, ...] = ()
    aliases: Mapping[str, str] = {}
    values: Mapping[str, Mapping[str, str]] = {}


AnyManifest: TypeAlias = Annotated[BundleManifest | CsvManifest, Field(discriminator="kind")]


def check_target_columns(table: str, blocks: list[Mapping[str, ColumnRule]]) -> None:
    """Raise ValueError unless the table and every column that leaves are in the common model."""
    if table.startswith(WORKING_TABLE):
        leaving = sorted({name for block in blocks for name in block if not name.startswith(WORKING_COLUMN)})
        if leaving:
            raise ValueError(f"every column of a working table begins with _, which {', '.join(leaving)} does not")
        return
    if table not in TABLES:
        raise ValueError(f"the common model has no table {table}; it has {', '.join(TABLES)}")
    known = TABLES[table].column_names
    named = {name for block in blocks for name in block if not name.startswith(WORKING_COLUMN)}
    unknown = [with_nearest(name, known) for name in sorted(named - set(known))]
    if unknown:
        raise ValueError(f"table {table} of the common model has no column {', '.join(unknown)}")


def with_nearest(name: str, known: Sequence[str]) -> str:
    """A name that is not known, with the nearest that is."""
    nearest = difflib.get_close_matches(name, known, n=1)
    return f"{name} (did you mean {nearest[0]}?)" if nearest else name
