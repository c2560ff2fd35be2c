"""What guards people: the sealed naming secret, barred people, withdrawals, and the audit of what was opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# text sorts by its bytes in both databases
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
TABLES = ("audit_event", "barred_person", "dropped_payload", "naming_secret", "reference_benchmark", "withdrawal")
REFUSAL = "audit_event is only ever added to"


def upgrade() -> None:
    """Make the tables, and let nobody change the audit."""
    op.create_table(
        "audit_event",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("purpose", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("previous", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_event")),
    )
    op.create_table(
        "barred_person",
        sa.Column("word", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("word", "reason", name=op.f("pk_barred_person")),
    )
    op.create_table(
        "dropped_payload",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("dropped_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_dropped_payload")),
    )
    op.create_table(
        "naming_secret",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("made_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_naming_secret")),
    )
    op.create_table(
        "reference_benchmark",
        sa.Column("indicator", TEXT, nullable=False),
        sa.Column("area", TEXT, nullable=False),
        sa.Column("period_start", TEXT, nullable=False),
        sa.Column("period_end", TEXT, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("indicator", "area", "period_start", "period_end", name=op.f("pk_reference_benchmark")),
    )
    op.create_table(
        "withdrawal",
        sa.Column("source_key", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("moment", TEXT, nullable=False),
        sa.Column("receipt_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("source_key", "source", "kind", "moment", name=op.f("pk_withdrawal")),
    )
    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")


GUARDS = {
    "sqlite": tuple(
        f"CREATE TRIGGER audit_event_no_{event.lower()} BEFORE {event} ON audit_event "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        for event in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$",
        "CREATE TRIGGER audit_event_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
    ),
}
