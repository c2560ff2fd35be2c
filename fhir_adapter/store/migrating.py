"""The schema of a store: check it, bring it up to date, take it back."""

from __future__ import annotations

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.engine import Connection, Engine

from fhir_adapter.errors import StoreOutdated
from fhir_adapter.store.database import reading, writing


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema up to a revision, in one transaction; does nothing when it is there already."""
    with writing(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to a revision, `base` for an empty database; what the newer tables held is lost."""
    with writing(engine) as connection:
        command.downgrade(_config(connection), revision)


def check_schema(engine: Engine) -> None:
    """Raise StoreOutdated unless the schema is exactly the one that this version needs."""
    needed = newest_revision()
    with reading(engine) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is None:
        raise StoreOutdated("the database has no schema yet: run `perinatal db upgrade`")
    if found != needed:
        raise StoreOutdated(
            f"the database is at schema {found} and this version needs {needed}: run `perinatal db upgrade`, "
            "or use the version of the program that made it"
        )


def newest_revision() -> str:
    """The revision of the schema that this version needs."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert head is not None, "the package ships no migration"
    return head


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("fhir_adapter.store") / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def is_empty(engine: Engine) -> bool:
    """Whether the database holds no table at all."""
    with reading(engine) as connection:
        return not inspect(connection).get_table_names()
