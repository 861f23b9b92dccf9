"""MySQL and MariaDB, through PyMySQL."""

from __future__ import annotations

from sqlalchemy import URL

from ..database import Database, check_driver, check_query
from ..options import Options
from .connections import open_engine, refused_parameters
from .nonces import MysqlNonces
from .store import MysqlStore
from .tokens import MysqlTokenWriter

__all__ = ["open_database"]


def open_database(url: URL, options: Options) -> Database:
    """Open the database that the URL names, or the application's engine."""
    wanted = check_driver(url, "mysql", "pymysql")
    check_query(wanted, refused_parameters(wanted))
    engine = options.engine or open_engine(wanted, options)
    return Database(MysqlStore(engine, options), MysqlTokenWriter, MysqlNonces)
