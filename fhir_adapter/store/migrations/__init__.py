"""Migrations of the store, run through Alembic by `fhir_adapter.store.migrating`."""
