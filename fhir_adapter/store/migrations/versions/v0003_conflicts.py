"""Choices with what each source says, people's settlements, and which system sends a feed.

What is resolved is derived: the choices are made anew when the store is next resolved as a whole.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# text sorts by its bytes in both databases
TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = sa.String(25).with_variant(sa.String(25, collation="C"), "postgresql")
TABLES = ("source_system", "contested_cell", "field_value", "settlement")


def upgrade() -> None:
    """Make the tables, and the table of choices anew."""
    op.drop_table("resolution")
    create_resolution()
    create_candidates()
    create_settlements()


def downgrade() -> None:
    """Drop the tables, and bring the table of choices back to what it was."""
    for table in TABLES:
        op.drop_table(table)
    op.drop_table("resolution")
    op.create_table("resolution", *choice_columns(), choice_key())


def choice_columns() -> list[sa.Column[Any]]:
    """Columns of a choice as the model has them."""
    words = ("table_name", "record_key", "column_name", "chosen_source", "rule_id")
    return [
        *(sa.Column(name, TEXT, nullable=False) for name in words),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("candidate_count", sa.Integer(), nullable=False),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("settled_by", TEXT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
    ]


def choice_key() -> sa.PrimaryKeyConstraint:
    """The key of a choice."""
    return sa.PrimaryKeyConstraint("table_name", "record_key", "column_name", name=op.f("pk_resolution"))


def create_resolution() -> None:
    """Make the table of choices."""
    op.create_table(
        "resolution",
        *choice_columns(),
        sa.Column("conflict_id", TEXT, nullable=False),
        sa.Column("resolved_key", TEXT, nullable=False),
        sa.Column("within_tolerance", sa.Boolean(), nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        choice_key(),
    )
    for name in ("conflict_id", "resolved_key"):
        op.create_index(op.f(f"ix_resolution_{name}"), "resolution", [name])


def create_candidates() -> None:
    """Make the tables of what sources say and of which systems they are."""
    op.create_table(
        "source_system",
        sa.Column("source", TEXT, nullable=False),
        sa.Column("system", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_system")),
    )
    cell = ("table_name", "resolved_key", "record_key", "column_name", "reason")
    op.create_table("contested_cell", *(sa.Column(name, TEXT, nullable=False) for name in cell))
    looked_up = ["table_name", "column_name", "resolved_key"]
    op.create_index(op.f(f"ix_contested_cell_{'_'.join(looked_up)}"), "contested_cell", looked_up)
    op.create_table(
        "field_value",
        *(sa.Column(name, TEXT, nullable=False) for name in ("record_key", "table_name", "column_name")),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        *(sa.Column(name, TEXT, nullable=False) for name in ("resolved_key", "source", "source_key")),
        sa.Column("source_record_id", TEXT, nullable=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("system", "value", "standing")),
        sa.Column("level", sa.Integer(), nullable=False),
        *(sa.Column(name, TEXT, nullable=True) for name in ("observed_at", "recorded_at")),
        *(sa.Column(name, TEXT, nullable=False) for name in ("received_at", "mapping_version")),
        sa.PrimaryKeyConstraint("record_key", "table_name", "column_name", "position", name=op.f("pk_field_value")),
    )
    op.create_index(op.f("ix_field_value_resolved_key"), "field_value", ["resolved_key"])


def create_settlements() -> None:
    """Make the table of people's decisions."""
    needed = ("table_name", "column_name", "entity", "source", "source_key", "record_key", "rest_of_key", "value")
    op.create_table(
        "settlement",
        sa.Column("id", TEXT, nullable=False),
        *(sa.Column(name, TEXT, nullable=False) for name in needed),
        sa.Column("taken_from", TEXT, nullable=True),
        *(sa.Column(name, TEXT, nullable=False) for name in ("author", "reason", "settled_at")),
        *(sa.Column(name, TEXT, nullable=True) for name in ("withdrawn_by", "withdrawn_at", "withdrawn_because")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
    )
    looked_up = ["source_key", "entity", "source"]
    op.create_index(op.f(f"ix_settlement_{'_'.join(looked_up)}"), "settlement", looked_up)
