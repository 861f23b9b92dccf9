"""How connections to MySQL and MariaDB are set up: nothing but what the promises need."""

from __future__ import annotations

import math
from inspect import signature
from typing import Any, Final

import pymysql
from sqlalchemy import URL, Engine, QueuePool, create_engine, event
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql

from ..network import CONNECTIONS, POOL_TIMEOUT, RECYCLE, TIMEOUT
from ..options import Options, only_sqlite

__all__ = ["open_engine", "refused_parameters"]

#: SQLAlchemy's own reading of a URL.
_DIALECT: Final = MySQLDialect_pymysql()


def refused_parameters(url: URL) -> list[str]:
    """Return which parameters of the URL's query PyMySQL does not take."""
    known = {*signature(pymysql.connect).parameters, "ssl_check_hostname"}
    return [name for name in url.query if name not in known or not _takes(url, name)]


def _takes(url: URL, name: str) -> bool:
    try:
        _DIALECT.create_connect_args(url.set(query={name: url.query[name]}))
    except ValueError:
        return False
    return True


def open_engine(url: URL, options: Options) -> Engine:
    """Return an engine in AUTOCOMMIT; it connects when a connection is needed."""
    only_sqlite(options)
    engine = create_engine(
        url,
        connect_args=_arguments(url, options),
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=options.connections or CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        pool_recycle=RECYCLE,
        pool_use_lifo=True,
        pool_reset_on_return=None,
    )

    @event.listens_for(engine, "connect")
    def _(driver: Any, _: object) -> None:  # noqa: ANN401 - PyMySQL has no types
        cursor = driver.cursor()
        # Gaps are not locked then; and what does not fit is refused, not cut.
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        cursor.execute(
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'),"
            " innodb_lock_wait_timeout = %s",
            (max(1, round(options.busy_timeout)),),
        )
        cursor.close()

    return engine


def _arguments(url: URL, options: Options) -> dict[str, Any]:
    """Return the driver's arguments, but for those that the URL gives itself."""
    timeout = options.timeout or TIMEOUT
    wanted = {
        "charset": "utf8mb4",
        "connect_timeout": math.ceil(timeout),
        "read_timeout": timeout + options.busy_timeout,
        "write_timeout": timeout,
    }
    given = {name: value for name, value in wanted.items() if name not in url.query}
    return {"autocommit": True, **given}
