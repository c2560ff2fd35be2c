"""Keyed digests in the linkage zone; pairs, clusters, decisions and history of links.

The digests cannot be made from what is sealed without the deployment key, so the linkage zone is made anew:
`perinatal ingest --remap` fills it from the stored payloads.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# text sorts by its bytes in both databases
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
ZONE_INDEXES = ("person_key", "nhs_number_hmac")
NEW_ZONE_INDEXES = ("entry_key", "local_id_hmac", "core_key")
ABSENT_FEATURES = (
    "birth_eve_hmac",
    "birth_year_hmac",
    "birth_month_hmac",
    "birth_day_hmac",
    "family_name_hmac",
    "family_sound_hmac",
    "given_name_hmac",
    "given_sound_hmac",
    "postcode_hmac",
    "district_hmac",
    "core_key",
    "core_pass",
)


def upgrade() -> None:
    """Make the zone anew and add the tables of the linkage."""
    op.drop_table("linkage_zone")
    make_zone(
        text("entry_key"),
        *(text(name) for name in ("role", "rank", "number_state", "organisation")),
        *(text(name, nullable=True) for name in ("local_id_hmac", "sex", "birth_date_hmac", *ABSENT_FEATURES)),
    )
    index("linkage_zone", *ZONE_INDEXES, *NEW_ZONE_INDEXES)
    op.create_index(
        op.f("ix_linkage_zone_birth_date_hmac_core_pass"),
        "linkage_zone",
        ["birth_date_hmac", "core_pass"],
        unique=False,
    )
    op.add_column("link", sa.Column("weight", sa.Double(), nullable=True))
    op.add_column("link", text("model_version", nullable=True))
    op.add_column("link", text("status", nullable=True))
    make_pairs()
    make_decisions()


def downgrade() -> None:
    """Back to a zone that holds the NHS number's digest alone."""
    for table in ("link_touched", "link_kin", "link_pair", "link_cluster", "link_decision", "link_history"):
        op.drop_table(table)
    with op.batch_alter_table("link") as link:
        for name in ("weight", "model_version", "status"):
            link.drop_column(name)
    op.drop_table("linkage_zone")
    make_zone()
    index("linkage_zone", *ZONE_INDEXES)


def make_zone(*features: sa.Column[str]) -> None:
    """The linkage zone with these columns beside its first ones."""
    op.create_table(
        "linkage_zone",
        text("source_key"),
        text("source"),
        text("person_key"),
        text("nhs_number_hmac", nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        text("key_id"),
        *features,
        sa.PrimaryKeyConstraint("source_key", "source", name=op.f("pk_linkage_zone")),
    )


def make_pairs() -> None:
    """What the passes work with."""
    op.create_table("link_touched", text("entry_key"))
    op.create_table(
        "link_kin",
        text("child_entry"),
        text("mother_entry"),
        sa.PrimaryKeyConstraint("child_entry", "mother_entry", name=op.f("pk_link_kin")),
    )
    index("link_kin", "mother_entry")
    op.create_table(
        "link_pair",
        *(text(name) for name in ("left_entry", "right_entry", "pass_name", "verdict", "reason")),
        sa.Column("weight", sa.Double(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=True),
        text("model_version", nullable=True),
        text("status"),
        sa.PrimaryKeyConstraint("left_entry", "right_entry", name=op.f("pk_link_pair")),
    )
    index("link_pair", "right_entry")
    op.create_table(
        "link_cluster",
        text("core_key"),
        text("person_key"),
        text("pass_name"),
        sa.Column("weight", sa.Double(), nullable=True),
        text("model_version", nullable=True),
        sa.PrimaryKeyConstraint("core_key", name=op.f("pk_link_cluster")),
    )
    index("link_cluster", "person_key")


def make_decisions() -> None:
    """What people decided, and what changed."""
    op.create_table(
        "link_decision",
        *(text(name) for name in ("id", "kind", "left_entry", "right_entry", "author", "reason", "decided_at")),
        text("revoked_by", nullable=True),
        text("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_decision")),
    )
    index("link_decision", "left_entry", "right_entry")
    op.create_table(
        "link_history",
        *(text(name) for name in ("entry_key", "from_key", "to_key", "pass_name")),
        sa.Column("weight", sa.Double(), nullable=True),
        text("model_version", nullable=True),
        text("changed_at"),
        text("why"),
    )
    index("link_history", "entry_key", "from_key", "to_key")


def text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """A text column."""
    return sa.Column(name, TEXT, nullable=nullable)


def index(table: str, *columns: str) -> None:
    """One index for each column."""
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
