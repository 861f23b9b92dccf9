"""SQLite's file: where it is, how it is made, how a connection to it is set up."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Engine, QueuePool, create_engine

from oauthstore_core.errors import ConfigurationError

from ..errors import shown
from ..options import Options, only_servers

__all__ = [
    "AUTOMATIC_PAGES",
    "JOURNAL_MODE",
    "SYNCHRONOUS",
    "SYNCHRONOUS_LEVELS",
    "check_url",
    "connect",
    "create_file",
    "open_engine",
    "path_of",
]

JOURNAL_MODE: Final = "PRAGMA journal_mode"
SYNCHRONOUS: Final = "PRAGMA synchronous"
#: What the numbers mean that the pragma answers.
SYNCHRONOUS_LEVELS: Final = ("OFF", "NORMAL", "FULL", "EXTRA")

#: From this length of the write-ahead log on, a commit copies what `Checkpoints` has left. Only
#: where a commit leaves nothing over does the log begin anew: under steady writing it does here.
AUTOMATIC_PAGES: Final = 4000

#: `RETURNING` and, in migrations, `DROP COLUMN`.
_OLDEST: Final = (3, 35)
_DRIVERS: Final = ("sqlite", "sqlite+pysqlite")
#: A verb holds one connection, so these many callers never wait for one.
_CONNECTIONS: Final = 96
_POOL_TIMEOUT: Final = 10.0


def path_of(url: URL) -> Path:
    """Return the absolute path of the database file that a URL names."""
    check_url(url)
    path = Path(str(url.database)).absolute()
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"The store {url} was to be opened, but there is no directory {path.parent}. "
            "Create it, writable for the server's user, or correct the URL."
        )
    return path


def check_url(url: URL) -> None:
    """Refuse a URL that names no file, or that Python's SQLite cannot serve."""
    store = shown(url)
    if url.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"The store {store} was to be opened, but on SQLite oauthstore-sqla speaks through "
            f"{' and '.join(_DRIVERS)} only. Use one of these."
        )
    if not url.database or ":memory:" in url.database or url.query.get("mode") == "memory":
        raise ConfigurationError(
            f"The store {store} was to be opened, but each connection to an in-memory database "
            "sees one of its own. Use memory:// for a store that ends with the process, or name "
            "a file: sqlite:///oauth.db."
        )
    if url.host or url.query:
        raise ConfigurationError(
            f"The store {store} was to be opened, but its URL has a host or a query, which mean "
            "nothing here. Give a path after three slashes, and the rest as options."
        )
    if sqlite3.sqlite_version_info < _OLDEST:
        raise ConfigurationError(
            f"The store {store} was to be opened, but Python is linked with SQLite "
            f"{sqlite3.sqlite_version}. Use a Python with SQLite 3.35 or newer."
        )


def open_engine(path: Path, options: Options) -> Engine:
    """Return an engine in AUTOCOMMIT whose connections fail where there is no file."""
    only_servers(options)

    def open_one() -> sqlite3.Connection:
        connection = connect(path, "rw", options.busy_timeout)
        try:
            connection.execute(f"PRAGMA synchronous={options.synchronous or 'FULL'}")
            # Elsewhere than on macOS this is what FULL does already.
            connection.execute("PRAGMA fullfsync=ON")
            connection.execute(f"PRAGMA wal_autocheckpoint={AUTOMATIC_PAGES}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return create_engine(
        URL.create("sqlite", database=str(path)),
        creator=open_one,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=options.connections or _CONNECTIONS,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT,
        pool_use_lifo=True,
        pool_reset_on_return=None,
    )


def create_file(path: Path, options: Options) -> None:
    """Create the database, for its owner alone, and make it write ahead, which it remembers."""
    if not path.exists():
        with suppress(OSError):  # SQLite will say it better
            path.touch(mode=0o600)
    connection = connect(path, "rwc", options.busy_timeout)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def connect(path: Path, mode: str, timeout: float) -> sqlite3.Connection:
    """Return a connection in autocommit, without the pragmas of those that write."""
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
