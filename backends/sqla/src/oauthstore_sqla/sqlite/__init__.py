"""SQLite: a file, one writer at a time, nothing to run."""

from __future__ import annotations

from sqlalchemy import URL

from ..database import Database
from ..nonces import SqlaNonces
from ..options import Options
from .file import check_url, open_engine, path_of
from .store import SqliteStore
from .tokens import SqliteTokenWriter

__all__ = ["open_database"]


def open_database(url: URL, options: Options) -> Database:
    """Open the file that the URL names, or the application's engine."""
    if options.engine is not None:
        check_url(options.engine.url)
        return Database(SqliteStore(options.engine, options), SqliteTokenWriter, SqlaNonces)
    path = path_of(url)
    store = SqliteStore(open_engine(path, options), options, path)
    return Database(store, SqliteTokenWriter, SqlaNonces, path)
