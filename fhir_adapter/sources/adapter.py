"""The manifest of an adapter, `adapter.yaml`: what ViewDefinition lacks, as data, parsed once and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from indicator_engine.tables import TABLES, ColumnType

NAME = r"^[a-z][a-z0-9-]{1,40}$"
WORKING_COLUMN = "_"  # a column that begins so joins rows and never leaves the mapper


class ManifestModel(BaseModel):
    """A part of a manifest: no unknown key, no change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


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


class UnitRule(ManifestModel):
    """The column that holds the unit (or the unit that is always meant), and those accepted."""

    from_: Annotated[str | None, Field(alias="from")] = None
    fixed: str | None = None
    to: str | None = None
    allow: tuple[str, ...] = ()

    @model_validator(mode="after")
    def check_one_origin(self) -> UnitRule:
        if (self.from_ is None) == (self.fixed is None):
            raise ValueError("give either `from`, the column of the unit, or `fixed`")
        return self


class DateRule(ManifestModel):
    """How dates are written. precision `time`: a date without a time is a fault."""

    precision: Literal["day", "time"] = "day"
    zone: str = "Europe/London"
    format: Literal["iso", "day/month/year"] = "iso"

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
    """A source key put together: `<prefix>:<scope>/<kind>/<parts>`; absent when a part is absent."""

    kind: Annotated[str, Field(pattern=NAME)]
    from_: Annotated[Names, Field(alias="from", min_length=1)]


class ColumnRule(ManifestModel):
    """Where a cell comes from and what it must be. Type, codes, unit and range default to the common model.

    from: column of the view or of the file; of several, the first that is not absent.
    time: column with the time of day that belongs to the date. value: the same text in every row.
    as: `imd_missing_reason` turns a postcode into the reason why it has no area.
    outside: what becomes of a code that is not in its list. prefer: codes in order, the first wins in silence.
    """

    from_: Annotated[Names, Field(alias="from")] = ()
    time: str | None = None
    value: str | None = None
    key: KeyRule | None = None
    as_: Annotated[Literal["imd_missing_reason"] | None, Field(alias="as")] = None
    type: ColumnType | None = None
    required: bool = False
    translate: TranslateRule | None = None
    unit: UnitRule | None = None
    date: DateRule = DateRule()
    range: RangeRule | None = None
    code_list: str | None = None
    outside: Literal["error", "ignore"] = "error"
    text: TextRule | None = None
    prefer: tuple[str, ...] = ()

    @model_validator(mode="after")
    def check_one_origin(self) -> ColumnRule:
        if sum([bool(self.from_), self.value is not None, self.key is not None]) != 1:
            raise ValueError("give exactly one of `from`, `value` and `key`")
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


class Contribution(ManifestModel):
    """Cells that another view, or a table put together before, adds to rows that are there.

    match: alternatives `{its column: column of the row}`; the first whose own value is present decides.
    only: no match; its one row belongs to every row, and two rows are a fault.
    fill: only where the cell is still absent, without comparing.
    """

    view: str | None = None
    table: str | None = None
    match: tuple[Mapping[str, str], ...] = ()
    only: bool = False
    fill: bool = False
    columns: Columns

    @model_validator(mode="after")
    def check_origin(self) -> Contribution:
        if (self.view is None) == (self.table is None):
            raise ValueError("give either `view` or `table`")
        if bool(self.match) == self.only:
            raise ValueError("give either `match` or `only: true`")
        if any(len(each) != 1 for each in self.match):
            raise ValueError("each alternative of `match` names one pair of columns")
        return self


class BundleRows(ManifestModel):
    """Rows of one table of the common model out of a bundle."""

    table: str
    spine: Annotated[tuple[SpineRule, ...], Field(min_length=1)]
    contributions: tuple[Contribution, ...] = ()


class CsvRows(ManifestModel):
    """Rows of one table of the common model out of a line of a file. when: only if this column is filled."""

    table: str
    when: str | None = None
    columns: Columns


class IdentityRule(ManifestModel):
    """Where the identifiers of a person are; each names a column of the view or of the file.

    key: column (bundle) or key rule (file) that gives the `person_key` of the row.
    """

    role: str
    view: str | None = None
    when: str | None = None
    key: str | KeyRule
    nhs_number: str | None = None
    nhs_number_status: str | None = None
    local_id: str | None = None
    local_id_system: str | None = None
    family_name: str | None = None
    given_name: str | None = None
    birth_date: str | None = None
    postcode: Names = ()


class BundleClaim(ManifestModel):
    """One way to know a bundle: every condition holds for one and the same resource in it."""

    resource: str
    identifier_system: str | None = None
    extension: str | None = None
    profile: str | None = None

    @model_validator(mode="after")
    def check_condition(self) -> BundleClaim:
        if self.identifier_system is None and self.extension is None and self.profile is None:
            raise ValueError("a claim needs an identifier_system, an extension or a profile")
        return self


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
    """A whole `adapter.yaml`. provider: `table.column` that names the sender, the first that is filled."""

    name: Annotated[str, Field(pattern=NAME)]
    version: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    title: str


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


class CsvManifest(Manifest):
    """The manifest of an adapter that reads CSV files."""

    kind: Literal[AdapterKind.CSV]
    recognise: CsvClaim
    format: CsvFormat = CsvFormat()
    key_scope: KeyScope
    tables: Annotated[tuple[CsvRows, ...], Field(min_length=1)]
    identities: tuple[IdentityRule, ...] = ()

    @model_validator(mode="after")
    def check_tables(self) -> CsvManifest:
        for rows in self.tables:
            check_target_columns(rows.table, [rows.columns])
        return self


AnyManifest: TypeAlias = Annotated[BundleManifest | CsvManifest, Field(discriminator="kind")]


def check_target_columns(table: str, blocks: list[Mapping[str, ColumnRule]]) -> None:
    """Raise ValueError unless the table and every column that leaves are in the common model."""
    if table not in TABLES:
        raise ValueError(f"the common model has no table {table}; it has {', '.join(TABLES)}")
    known = TABLES[table].column_names
    named = {name for block in blocks for name in block if not name.startswith(WORKING_COLUMN)}
    unknown = sorted(named - set(known))
    if unknown:
        raise ValueError(f"table {table} of the common model has no column {', '.join(unknown)}")
