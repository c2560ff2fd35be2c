"""What senders are told of their records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# text sorts by its bytes in both databases
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
CONFLICT = ("state", "conflict_id", "table_name", "column_name", "resolved_key", "severity", "rule_id")
TABLES = ("receipt_feedback", "told_receipt", "told_key", "changed_conflict")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "receipt_feedback",
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_receipt_feedback")),
    )
    op.create_table("told_receipt", sa.Column("receipt_id", TEXT, nullable=False))
    op.create_table(
        "told_key",
        *(sa.Column(name, TEXT, nullable=False) for name in ("receipt_id", "table_name", "entity", "resolved_key")),
        sa.Column("is_own", sa.Integer(), nullable=False),
    )
    op.create_index(op.f("ix_told_key_resolved_key_entity"), "told_key", ["resolved_key", "entity"])
    op.create_table("changed_conflict", *(sa.Column(name, TEXT, nullable=False) for name in CONFLICT))
    op.create_index(op.f("ix_changed_conflict_conflict_id"), "changed_conflict", ["conflict_id"])


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.drop_table(table)
