"""Organisations, notes on charts and the choices of the resolution."""

from indicator_engine.tables.columns import Column, ColumnType, Table

ORGANISATION = Table(
    name="organisation",
    description="An organisation that a number can belong to, as it was between two dates.",
    key=("organisation_code", "valid_from"),
    clinical=False,
    columns=(
        Column(
            "organisation_code",
            ColumnType.STRING,
            "Never absent.",
            coding="ODS or ONS code",
            required=True,
            source="project rule",
        ),
        Column("name", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column(
            "kind",
            ColumnType.ENUM,
            "Never absent.",
            values=(
                "lmns",
                "icb",
                "trust",
                "site",
                "neonatal_unit",
                "hv_provider",
                "mh_provider",
                "local_authority",
            ),
            required=True,
            source="project rule",
        ),
        Column(
            "parent_code",
            ColumnType.STRING,
            "The organisation stands at the top of the tree.",
            validity="FK organisation",
            source="project rule",
            references="organisation",
        ),
        Column(
            "neonatal_level",
            ColumnType.ENUM,
            "The organisation is no neonatal unit, or its level was not supplied.",
            values=(
                "SCU",
                "LNU",
                "NICU",
            ),
            source="project rule",
        ),
        Column("valid_from", ColumnType.DATE, "Never absent.", required=True, source="project rule"),
        Column(
            "valid_to",
            ColumnType.DATE,
            "The organisation is still open.",
            validity="> valid_from",
            source="project rule",
        ),
    ),
)

ANNOTATION = Table(
    name="annotation",
    description=(
        "A note on a chart: an intervention, a change of process, an issue with data, an event outside, or words."
    ),
    key=("annotation_key",),
    clinical=False,
    columns=(
        Column("annotation_key", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column(
            "kind",
            ColumnType.ENUM,
            "Never absent.",
            values=(
                "intervention",
                "process_change",
                "data_issue",
                "external_event",
                "qualitative",
            ),
            required=True,
            source="project rule",
        ),
        Column(
            "indicator_id",
            ColumnType.STRING,
            "The note is about every indicator.",
            validity="empty = all",
            source="project rule",
        ),
        Column(
            "scope",
            ColumnType.STRING,
            "The note is about the whole system.",
            coding="organisation or stratum",
            source="project rule",
        ),
        Column("date_from", ColumnType.DATE, "Never absent.", required=True, source="project rule"),
        Column("date_to", ColumnType.DATE, "The note is about one day, or has no end yet.", source="project rule"),
        Column(
            "text",
            ColumnType.STRING,
            "Never absent.",
            required=True,
            validity="screened for identifiers",
            source="project rule",
        ),
        Column("author", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column("created_at", ColumnType.DATETIME, "Never absent.", required=True, source="project rule"),
    ),
)

RESOLUTION = Table(
    name="resolution",
    description="How one cell of the resolved model was chosen from several sources.",
    key=("table_name", "record_key", "column_name"),
    clinical=False,
    columns=(
        Column("table_name", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column("record_key", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column("column_name", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column("chosen_source", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column("rule_id", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column("conflict", ColumnType.BOOLEAN, "Never absent.", required=True, source="project rule"),
        Column("candidate_count", ColumnType.INTEGER, "Never absent.", required=True, source="project rule"),
        Column(
            "severity",
            ColumnType.ENUM,
            "Never absent.",
            values=(
                "info",
                "warn",
                "error",
            ),
            required=True,
            source="project rule",
        ),
        Column(
            "status",
            ColumnType.ENUM,
            "Never absent.",
            values=(
                "automatic",
                "settled",
                "open",
            ),
            required=True,
            source="project rule",
        ),
        Column("settled_by", ColumnType.STRING, "Nobody has settled it; the rule chose.", source="project rule"),
        Column("settled_at", ColumnType.DATETIME, "Nobody has settled it; the rule chose.", source="project rule"),
    ),
)

RECORD_SOURCE = Table(
    name="record_source",
    description="Which sources told of one record of the resolved model: of babies, bookings and deliveries.",
    key=("table_name", "record_key"),
    clinical=False,
    columns=(
        Column("table_name", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column("record_key", ColumnType.STRING, "Never absent.", required=True, source="project rule"),
        Column("source_count", ColumnType.INTEGER, "Never absent.", required=True, minimum=1, source="project rule"),
        Column(
            "sources",
            ColumnType.STRING,
            "Never absent.",
            required=True,
            validity="the name of the source; of several, the first and the last by name",
            source="project rule",
        ),
        Column(
            "systems",
            ColumnType.CODE_SET,
            "Never absent.",
            values=("health_visiting", "maternity", "mental_health", "neonatal", "other", "registration"),
            required=True,
            validity="the kinds of system that the sources are, as their adapters say",
            source="project rule",
        ),
    ),
)
