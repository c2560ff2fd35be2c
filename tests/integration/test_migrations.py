"""The schema goes up, down and up again on both databases, and is then what the program declares."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from fhir_adapter.errors import StoreOutdated
from fhir_adapter.store.database import reading, writing
from fhir_adapter.store.migrating import check_schema, downgrade, newest_revision, upgrade
from fhir_adapter.store.schema import METADATA, RESOLVED


def test_an_empty_database_is_refused_with_what_to_run(empty_store: sa.Engine) -> None:
    with pytest.raises(StoreOutdated, match="perinatal db upgrade"):
        check_schema(empty_store)


def test_an_upgraded_database_is_accepted(empty_store: sa.Engine) -> None:
    upgrade(empty_store)
    check_schema(empty_store)


def test_upgrading_twice_keeps_the_data(empty_store: sa.Engine) -> None:
    upgrade(empty_store)
    add_organisation(empty_store)
    upgrade(empty_store)
    assert count_organisations(empty_store) == 1


def test_a_downgrade_to_base_leaves_no_table_of_ours_even_with_data(empty_store: sa.Engine) -> None:
    upgrade(empty_store)
    add_organisation(empty_store)
    downgrade(empty_store, "base")
    assert set(sa.inspect(empty_store).get_table_names()) == {"alembic_version"}


def test_a_database_can_go_down_and_up_again(empty_store: sa.Engine) -> None:
    upgrade(empty_store)
    add_organisation(empty_store)
    downgrade(empty_store, "base")
    upgrade(empty_store)
    assert count_organisations(empty_store) == 0


def test_the_migrated_schema_is_the_declared_one(empty_store: sa.Engine) -> None:
    upgrade(empty_store)
    with reading(empty_store) as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_schema_of_another_version_is_refused_by_name(empty_store: sa.Engine) -> None:
    upgrade(empty_store)
    with writing(empty_store) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreOutdated, match=f"9999 and this version needs {newest_revision()}"):
        check_schema(empty_store)


def add_organisation(engine: sa.Engine) -> None:
    row = {"organisation_code": "RSA", "name": "Trust", "kind": "trust", "valid_from": "2020-01-01"}
    with writing(engine) as connection:
        connection.execute(sa.insert(RESOLVED["organisation"]).values(row))


def count_organisations(engine: sa.Engine) -> int:
    with reading(engine) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(RESOLVED["organisation"])).scalar_one()
