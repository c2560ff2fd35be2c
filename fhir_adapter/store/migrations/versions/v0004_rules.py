"""Which records break which rules, which sources told of them, and how many of those counted are in doubt."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# text sorts by its bytes in both databases
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the hits of the rules, and the way from a mother to her babies."""
    op.create_table(
        "rule_hit",
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("table_name", TEXT, nullable=False),
        sa.Column("rule_id", TEXT, nullable=False),
        sa.Column("check_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("of_key", TEXT, nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("effect", TEXT, nullable=False),
        sa.Column("columns", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("record_key", "table_name", "rule_id", "check_number", name=op.f("pk_rule_hit")),
    )
    op.create_index(op.f("ix_rule_hit_of_key_table_name"), "rule_hit", ["of_key", "table_name"], unique=False)
    op.create_index(op.f("ix_baby_mother_key"), "baby", ["mother_key"], unique=False)
    op.create_table(
        "record_source",
        sa.Column("table_name", TEXT, nullable=False),
        sa.Column("record_key", TEXT, nullable=False),
        sa.Column("source_count", sa.Integer(), nullable=False),
        sa.Column("sources", TEXT, nullable=False),
        sa.Column("systems", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "record_key", name=op.f("pk_record_source")),
    )
    op.create_index(op.f("ix_record_source_record_key"), "record_source", ["record_key"], unique=False)
    create_flagged_cells()


def create_flagged_cells() -> None:
    """Make the table of the counts of those in doubt, which has the shape of `count_cell`."""
    keys = ("run_id", "indicator", "version", "month", "provider", "site", "dimension", "stratum")
    op.create_table(
        "flagged_cell",
        *(sa.Column(name, TEXT, nullable=False) for name in keys[:3]),
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in keys[4:]),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("population", "denominator", "numerator")),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_flagged_cell")),
    )


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("flagged_cell")
    op.drop_index(op.f("ix_baby_mother_key"), table_name="baby")
    op.drop_table("record_source")
    op.drop_table("rule_hit")
