"""MySQL and MariaDB through PyMySQL: many writers, but no UPDATE that returns its rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from pymysql.constants import CLIENT
from pymysql.cursors import Cursor
from sqlalchemy import Column, ColumnElement, Connection, Executable, Select, Table, select, text
from sqlalchemy.dialects.mysql import Insert, insert
from sqlalchemy.engine.interfaces import DBAPICursor

from oauthstore_core.errors import StoreError, StoreUnavailableError

from ..engine import Session, Statement
from ..network import ServerStore
from .errors import DRIVER_ERRORS, ends_connection, translated

__all__ = ["MysqlStore"]

#: The lock of migrations, of this database and no other.
_LOCK: Final = "LEFT(CONCAT('oauthstore.', DATABASE()), 64)"


class MysqlStore(ServerStore):
    """A MySQL or MariaDB database, at READ COMMITTED."""

    server = "MySQL"
    begin: ClassVar[str] = "START TRANSACTION"
    returns = False
    driver_errors = DRIVER_ERRORS
    # 1 writes through at each commit, anything else may lose the last second.
    about = Statement("SELECT VERSION(), @@innodb_flush_log_at_trx_commit, UNIX_TIMESTAMP(NOW(6))")
    isolation = Statement(
        "SHOW SESSION VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')"
    )

    def insert(self, table: Table) -> Insert:
        return insert(table)

    def upsert(
        self,
        new: Insert,
        key: Sequence[ColumnElement[Any]],
        changes: Callable[[Any], Mapping[str, Any]],
    ) -> Insert:
        return new.on_duplicate_key_update(list(changes(new.inserted).items()))

    def purge(self, deadline: Column[Any]) -> Executable:
        # Neither a subquery with LIMIT nor one of the same table is possible here.
        column, table = deadline.name, deadline.table.name
        return text(f"DELETE FROM {table} WHERE {column} <= :now ORDER BY {column} LIMIT :limit")  # noqa: S608 - our names

    def subquery(self, chosen: Select[Any]) -> Select[Any]:
        # A table that is written cannot be read, unless by way of a derived one.
        return select(*chosen.subquery().c)

    def translated(self, error: BaseException) -> StoreError:
        return translated(error, self.where)

    def take_over(self, driver: Any) -> bool:  # noqa: ANN401 - the driver's
        # An engine with a `creator` lacks what SQLAlchemy asks for otherwise; and where a row
        # that is found, but not changed, does not count, a winner would be told that it lost.
        if not driver.client_flag & CLIENT.FOUND_ROWS:
            raise StoreUnavailableError(
                f"{self.where} was to be used, but the engine's connections count only the rows "
                "that change. Connect with client_flag=pymysql.constants.CLIENT.FOUND_ROWS."
            )
        mode: bool = driver.get_autocommit()
        driver.autocommit(True)  # noqa: FBT003 - the driver's
        return mode

    def give_back(self, driver: Any, mode: bool) -> None:  # noqa: ANN401, FBT001 - the same
        driver.autocommit(mode)

    def ended(self, driver: Any, error: BaseException) -> bool:  # noqa: ANN401 - the driver's
        return not driver.open or ends_connection(error)

    def cursor(self, driver: Any) -> DBAPICursor:  # noqa: ANN401 - the driver's
        # An application's connections may have another class.
        cursor: DBAPICursor = driver.cursor(Cursor)
        return cursor

    @contextmanager
    def migrating(self, connection: Connection) -> Generator[None, None, None]:
        # Each statement on the schema commits itself, so no transaction would hold.
        while not connection.exec_driver_sql(f"SELECT GET_LOCK({_LOCK}, 1)").scalar():
            pass
        try:
            yield
        finally:
            # The lock ends with its connection.
            if not connection.invalidated:
                connection.exec_driver_sql(f"SELECT RELEASE_LOCK({_LOCK})").scalar()

    def told(self, session: Session) -> dict[str, Any]:
        told = super().told(session)
        return told | {"server": "MariaDB"} if "mariadb" in told["server_version"].lower() else told
