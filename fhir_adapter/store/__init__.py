"""The store of record: raw payloads, source rows, the resolved model, results and the outbox. SQLAlchemy Core only."""
