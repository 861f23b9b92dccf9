"""PostgreSQL through psycopg: many writers, one statement wherever one will do."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from psycopg import Connection as Driver
from psycopg.rows import tuple_row
from sqlalchemy import Column, Connection, Executable, Table, delete, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.engine.interfaces import DBAPICursor

from oauthstore_core.errors import ConfigurationError, StoreError

from ..engine import Statement
from ..network import ServerStore
from ..store import due, key_of
from .errors import DRIVER_ERRORS, translated
from .patience import PatientConnection

__all__ = ["PostgresqlStore"]

#: "oauthstore" in ASCII, as far as 64 bits reach: the key of the advisory lock of migrations.
_LOCK: Final = int.from_bytes(b"oauthsto", "big")


class PostgresqlStore(ServerStore):
    """A PostgreSQL database, at READ COMMITTED."""

    server = "PostgreSQL"
    begin = "BEGIN ISOLATION LEVEL READ COMMITTED"
    driver_errors = DRIVER_ERRORS
    about = Statement(
        "SELECT current_setting('server_version'), current_setting('synchronous_commit'),"
        " extract(epoch FROM clock_timestamp())::float8"
    )
    isolation = Statement("SHOW transaction_isolation")

    def insert(self, table: Table) -> Insert:
        return insert(table)

    def purge(self, deadline: Column[Any]) -> Executable:
        # What another runner, or a writer, holds is left to it.
        chosen = due(deadline).with_for_update(skip_locked=True).cte("due")
        key = key_of(deadline.table)
        return delete(deadline.table).where(key.in_(select(*chosen.c)))

    def translated(self, error: BaseException) -> StoreError:
        return translated(error, self.where)

    def take_over(self, driver: Driver[Any]) -> bool:
        # A hook of the application's on new connections may have begun a transaction.
        driver.rollback()
        mode = driver.autocommit
        driver.autocommit = True
        return mode

    def ended(self, driver: Driver[Any], error: BaseException) -> bool:
        return driver.closed

    def cursor(self, driver: Driver[Any]) -> DBAPICursor:
        # An application's connections may have another factory of rows.
        cursor: Any = driver.cursor(row_factory=tuple_row)
        result: DBAPICursor = cursor
        return result

    @contextmanager
    def migrating(self, connection: Connection) -> Generator[None, None, None]:
        driver: Any = connection.connection.dbapi_connection
        with super().migrating(connection), _unhurried(driver):
            # Others wait for as long as it takes.
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
            if encoding != "UTF8":
                raise ConfigurationError(
                    f"{self.where} was to be migrated, but its encoding is {encoding}, which "
                    "cannot hold every name. Create a database with ENCODING 'UTF8'."
                )
            yield


@contextmanager
def _unhurried(driver: Any) -> Generator[None, None, None]:  # noqa: ANN401 - maybe another's
    """Let a connection of ours wait for each answer for as long as it takes."""
    if not isinstance(driver, PatientConnection):
        yield
        return
    patience, driver.patience = driver.patience, None
    try:
        yield
    finally:
        driver.patience = patience
