"""Migrations: numbered SQL files, each in one transaction, one runner at a time.

They only expand the schema, so that the release before goes on working on it: that is what makes a rollback possible.
A database that is ahead of this release's files is left as it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from .database import CONNECT_SECONDS, Connection, schema_version
from .settings import SettingsError, secret

FOLDER = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

# Any number will do, so long as every runner of this app takes the same one.
_LOCK = 0x636F6D6D
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


class MigrationError(Exception):
    """The files or the database are not as they should be; nothing of the failing step was kept."""


@dataclass(frozen=True)
class Migration:
    """One file."""

    version: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """What the database remembers it by."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read(folder: Path = FOLDER) -> list[Migration]:
    """The migrations in ``folder``, in order, numbered 1, 2, 3 … Raises :class:`MigrationError`."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named like 0001_what_it_does.sql")
        found.append(Migration(int(match[1]), path.name, path.read_text(encoding="utf-8")))
    numbers = [migration.version for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise MigrationError(f"migrations must be numbered 1, 2, 3 … without a gap, and are {numbers}")
    return found


async def migrate(connection: Connection, migrations: list[Migration]) -> tuple[int, int]:
    """Bring the database up to the last of ``migrations``; returns its version before and after.

    Raises :class:`MigrationError` if a file was changed after it was applied, and what asyncpg raises.
    """
    await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        before = await schema_version(connection)
        await connection.execute(_TABLE)
        rows = await connection.fetch("SELECT version, sha256 FROM schema_migrations")
        pending = unapplied(migrations, {row["version"]: row["sha256"] for row in rows})
        for migration in pending:
            await _apply(connection, migration)
        return before, await schema_version(connection)
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK)


def unapplied(migrations: list[Migration], applied: dict[int, str]) -> list[Migration]:
    """Those not in ``applied`` (version → digest). Raises :class:`MigrationError` for one that has changed since."""
    for migration in migrations:
        if applied.get(migration.version, migration.sha256) != migration.sha256:
            raise MigrationError(f"{migration.name} was changed after it was applied; add a new file instead")
    return [migration for migration in migrations if migration.version not in applied]


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        # A table that is busy makes the migration fail, not the live release wait behind it.
        await connection.execute("SET LOCAL lock_timeout = '5s'")
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (version, name, sha256) VALUES ($1, $2, $3)",
            migration.version,
            migration.name,
            migration.sha256,
        )


async def _run(url: str) -> tuple[int, int]:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS)
    try:
        return await migrate(connection, read())
    finally:
        await connection.close()


def main() -> int:
    """Migrate the database of ``DATABASE_URL``; says on standard output what was done. Returns the exit status."""
    try:
        before, after = asyncio.run(_run(secret(os.environ, "DATABASE_URL")))
    except asyncpg.InterfaceError as error:
        # Its message may hold the URL, and so the password.
        sys.stderr.write(f"migrate: DATABASE_URL cannot be used ({type(error).__name__})\n")
        return 1
    except (MigrationError, SettingsError, asyncpg.PostgresError, OSError) as error:
        sys.stderr.write(f"migrate: {type(error).__name__}: {error}\n")
        return 1
    sys.stdout.write(f"schema {before} -> {after}\n")
    return 0
