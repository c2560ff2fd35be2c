"""Opening the store, and the two ways to begin a transaction on it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from fhir_adapter.errors import StoreUnavailable

BUSY_SECONDS = 30
CACHED_STATEMENTS = 512  # taking one payload in runs some two hundred, and parsing them costs more than running them
PAGES_BETWEEN_CHECKPOINTS = 4_000  # 16 MB: one payload writes over a hundred pages, many of them the same again
READ_ONLY = "perinatal_read_only"
HOW_TO_NAME_IT = "give `sqlite:///file.db` or `postgresql://user@host/database` in --database or PERINATAL_DATABASE_URL"
DRIVERS = {"sqlite": "sqlite", "sqlite+pysqlite": "sqlite", "postgresql": "postgresql+psycopg"}
DRIVERS |= {"postgres": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}


def open_database(url: str) -> Engine:
    """An engine that has answered once. Raises StoreUnavailable, which never names a password.

    A transaction begun in the plain way takes the write lock of SQLite at once, so that it cannot fail half way;
    `reading` begins one that only reads and waits for nobody.
    """
    engine = _create(_parse(url))
    try:
        with reading(engine) as connection:
            connection.execute(sa.select(sa.literal(1)))
    except DBAPIError as cause:
        engine.dispose()
        raise StoreUnavailable(_not_reached(engine.url)) from cause
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads: one snapshot, no write lock on SQLite."""
    with engine.connect() as connection:
        yield connection.execution_options(**{READ_ONLY: True})


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that is committed at the end of the block, or rolled back whole when it raises."""
    with engine.begin() as connection:
        yield connection


def overwrite_what_goes(connection: Connection) -> None:
    """Let SQLite write zeros over what this connection removes; PostgreSQL does so when it vacuums."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def forget_old_pages(engine: Engine) -> None:
    """Empty the write-ahead log of SQLite, which still holds pages as they were."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()  # a checkpoint cannot stand in a transaction
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        finally:
            connection.close()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as cause:
        raise StoreUnavailable(f"the database URL cannot be read: {HOW_TO_NAME_IT}") from cause
    if parsed.drivername not in DRIVERS:
        raise StoreUnavailable(f"'{parsed.drivername}' is not a store: {HOW_TO_NAME_IT}")
    return parsed.set(drivername=DRIVERS[parsed.drivername])


def _create(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS, "cached_statements": CACHED_STATEMENTS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(url, pool_pre_ping=True)
    except ModuleNotFoundError as cause:
        raise StoreUnavailable("PostgreSQL needs its driver: pip install 'perinatal-equity[postgres]'") from cause


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # the driver must begin no transactions of its own: _begin_sqlite does
    connection.isolation_level = None
    # PostgreSQL has it; names of conflicts are made with it, nothing is kept secret by it
    connection.create_function("md5", 1, _md5, deterministic=True)
    # FULL keeps the last commit through a loss of power; it costs nothing on batches
    for pragma in (
        "cache_size=-65536",
        "temp_store=MEMORY",
        "journal_mode=WAL",
        "synchronous=FULL",
        f"wal_autocheckpoint={PAGES_BETWEEN_CHECKPOINTS}",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def _begin_sqlite(connection: Connection) -> None:
    # a deferred transaction that reads first and writes later fails at once when somebody wrote in between
    only_reads = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")


def _not_reached(url: URL) -> str:
    place = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite":
        return f"{place} cannot be opened: check that its folder exists and may be written, or {HOW_TO_NAME_IT}"
    return (
        f"{place} does not answer: check that the server runs and the database and the user exist, or {HOW_TO_NAME_IT}"
    )
