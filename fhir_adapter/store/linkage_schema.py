"""Tables of the linkage: working sets, pairs, clusters, people's decisions and the history of links.

An entry is a person as one source knows them: a row of `linkage_zone`, named by its `entry_key`. A core is the entries
that share an NHS number or a local number; a person is the cores that pairs or decisions put together.
"""

from __future__ import annotations

import sqlalchemy as sa

from fhir_adapter.store.metadata import METADATA
from fhir_adapter.store.operational_schema import key, words

# Entries to be linked again: noted when identifiers are kept, forgotten when they are linked. It holds duplicates, for
# a unique key would make two transactions wait for each other.
LINK_TOUCHED = sa.Table("link_touched", METADATA, words("entry_key"))
LINK_KIN = sa.Table(
    "link_kin",
    METADATA,
    key("child_entry"),
    sa.Column("mother_entry", words("entry").type, primary_key=True, index=True),
)
LINK_PAIR = sa.Table(
    "link_pair",
    METADATA,
    key("left_entry"),
    sa.Column("right_entry", words("entry").type, primary_key=True, index=True),
    words("pass_name"),
    words("verdict"),
    words("reason"),
    sa.Column("weight", sa.Double()),
    sa.Column("probability", sa.Double()),
    words("model_version", nullable=True),
    words("status"),
)
LINK_CLUSTER = sa.Table(
    "link_cluster",
    METADATA,
    key("core_key"),
    sa.Column("person_key", words("person").type, nullable=False, index=True),
    words("pass_name"),
    sa.Column("weight", sa.Double()),
    words("model_version", nullable=True),
)
LINK_DECISION = sa.Table(
    "link_decision",
    METADATA,
    key("id"),
    words("kind"),
    sa.Column("left_entry", words("entry").type, nullable=False, index=True),
    sa.Column("right_entry", words("entry").type, nullable=False, index=True),
    words("author"),
    words("reason"),
    words("decided_at"),
    words("revoked_by", nullable=True),
    words("revoked_at", nullable=True),
)
LINK_HISTORY = sa.Table(
    "link_history",
    METADATA,
    sa.Column("entry_key", words("entry").type, nullable=False, index=True),
    sa.Column("from_key", words("from").type, nullable=False, index=True),
    sa.Column("to_key", words("to").type, nullable=False, index=True),
    words("pass_name"),
    sa.Column("weight", sa.Double()),
    words("model_version", nullable=True),
    words("changed_at"),
    words("why"),
)
