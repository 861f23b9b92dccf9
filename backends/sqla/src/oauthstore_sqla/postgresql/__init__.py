"""PostgreSQL, through psycopg."""

from __future__ import annotations

from sqlalchemy import URL

from ..database import Database, check_driver, check_query
from ..nonces import SqlaNonces
from ..options import Options
from .connections import open_engine, refused_parameters
from .store import PostgresqlStore
from .tokens import PostgresqlTokenWriter

__all__ = ["open_database"]


def open_database(url: URL, options: Options) -> Database:
    """Open the database that the URL names, or the application's engine."""
    wanted = check_driver(url, "postgresql", "psycopg")
    check_query(wanted, refused_parameters(wanted))
    engine = options.engine or open_engine(wanted, options)
    return Database(PostgresqlStore(engine, options), PostgresqlTokenWriter, SqlaNonces)
