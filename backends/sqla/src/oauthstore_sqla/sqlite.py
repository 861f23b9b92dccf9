"""What is particular to SQLite: where the file is, how a connection is set up, what locks it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, QueuePool, create_engine, make_url
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import ArgumentError

from oauthstore_core.errors import ConfigurationError
from oauthstore_core.judgement import ACCESS_TOKENS_PER_GRANT

__all__ = [
    "BEGIN",
    "JOURNAL_MODE",
    "SYNCHRONOUS",
    "SYNCHRONOUS_LEVELS",
    "Options",
    "create_file",
    "give_back",
    "insert",
    "open_engine",
    "path_of",
    "read_options",
    "take_over",
]

#: A deferred BEGIN that reads, then writes, fails where another writer came between.
BEGIN: Final = "BEGIN IMMEDIATE"

JOURNAL_MODE: Final = "PRAGMA journal_mode"
SYNCHRONOUS: Final = "PRAGMA synchronous"
#: What the numbers mean that the pragma answers.
SYNCHRONOUS_LEVELS: Final = ("OFF", "NORMAL", "FULL", "EXTRA")

#: `RETURNING` and, in migrations, `DROP COLUMN`.
_OLDEST: Final = (3, 35)
_DRIVERS: Final = ("sqlite", "sqlite+pysqlite")
_SYNCHRONOUS: Final = ("FULL", "NORMAL")
#: A verb holds one connection, so these many callers never wait for one.
_POOL_SIZE: Final = 48
_POOL_OVERFLOW: Final = 48
_POOL_TIMEOUT: Final = 10.0
_OPTIONS: Final = ("access_tokens_per_grant", "busy_timeout", "engine", "on_io", "synchronous")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a store, checked."""

    access_tokens_per_grant: int = ACCESS_TOKENS_PER_GRANT
    #: Seconds for which a writer waits for another.
    busy_timeout: float = 5.0
    synchronous: str = "FULL"
    #: The application's own engine, which the application disposes of.
    engine: Engine | None = None
    #: A seam for tests: called with "before" and "after" each statement, it may wait, or raise
    #: an `OSError`, which counts as the connection's.
    on_io: Callable[[str], None] | None = None


def read_options(given: Mapping[str, Any]) -> Options:
    """Return the options, or refuse what is unknown or cannot be meant."""
    unknown = sorted(set(given) - set(_OPTIONS))
    if unknown:
        raise ConfigurationError(
            f"The store was opened with the option {unknown[0]!r}, which oauthstore-sqla does not "
            f"know (known: {', '.join(_OPTIONS)}). Take it out or correct its name."
        )
    options = Options(**given)
    if not _is_number(options.access_tokens_per_grant, int) or options.access_tokens_per_grant < 1:
        raise _impossible("access_tokens_per_grant", options.access_tokens_per_grant, "1 or more")
    if not _is_number(options.busy_timeout, int, float) or options.busy_timeout < 0:
        raise _impossible("busy_timeout", options.busy_timeout, "a number of seconds")
    if options.synchronous not in _SYNCHRONOUS:
        raise _impossible("synchronous", options.synchronous, " or ".join(_SYNCHRONOUS))
    if options.engine is not None:
        _check_engine(options.engine, given)
    return options


def _is_number(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


def _impossible(name: str, value: object, meaning: str) -> ConfigurationError:
    return ConfigurationError(
        f"The store was opened with the option {name!r}, but its value is {value!r}. "
        f"Give {meaning}."
    )


def _check_engine(engine: object, given: Mapping[str, Any]) -> None:
    if not isinstance(engine, Engine):
        raise _impossible("engine", type(engine).__name__, "an sqlalchemy.Engine")
    for name in ("busy_timeout", "synchronous"):
        if name in given:
            raise ConfigurationError(
                f"The store was opened with the option {name!r} and an engine, but the engine's "
                f"connections are set up by the application. Set it there, and leave out {name!r}."
            )
    _check_url(engine.url)


def path_of(url: str) -> Path:
    """Return the absolute path of the database file that a URL names."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "A store was to be opened, but its URL cannot be read. Give one such as "
            "sqlite:///oauth.db (relative) or sqlite:////var/lib/oauth.db (absolute)."
        ) from None
    _check_url(parsed)
    path = Path(str(parsed.database)).absolute()
    if not path.parent.is_dir():
        raise ConfigurationError(
            f"The store {parsed} was to be opened, but there is no directory {path.parent}. "
            "Create it, writable for the server's user, or correct the URL."
        )
    return path


def _check_url(url: URL) -> None:
    shown = url.render_as_string(hide_password=True)
    if url.drivername not in _DRIVERS:
        raise ConfigurationError(
            f"The store {shown} was to be opened, but this version of oauthstore-sqla speaks "
            f"{' and '.join(_DRIVERS)} only. Use one of these, or another backend."
        )
    if not url.database or ":memory:" in url.database or url.query.get("mode") == "memory":
        raise ConfigurationError(
            f"The store {shown} was to be opened, but each connection to an in-memory database "
            "sees one of its own. Use memory:// for a store that ends with the process, or name "
            "a file: sqlite:///oauth.db."
        )
    if url.host or url.query:
        raise ConfigurationError(
            f"The store {shown} was to be opened, but its URL has a host or a query, which mean "
            "nothing here. Give a path after three slashes, and the rest as options."
        )
    if sqlite3.sqlite_version_info < _OLDEST:
        raise ConfigurationError(
            f"The store {shown} was to be opened, but Python is linked with SQLite "
            f"{sqlite3.sqlite_version}. Use a Python with SQLite 3.35 or newer."
        )


def open_engine(path: Path, options: Options) -> Engine:
    """Return an engine in AUTOCOMMIT whose connections fail where there is no file."""

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "rw", options.busy_timeout)
        try:
            connection.execute(f"PRAGMA synchronous={options.synchronous}")
            # Elsewhere than on macOS this is what FULL does already.
            connection.execute("PRAGMA fullfsync=ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    return create_engine(
        URL.create("sqlite", database=str(path)),
        creator=connect,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_POOL_TIMEOUT,
        pool_use_lifo=True,
        pool_reset_on_return=None,
    )


def create_file(path: Path, options: Options) -> None:
    """Create the database, for its owner alone, and make it write ahead, which it remembers."""
    if not path.exists():
        with suppress(OSError):  # SQLite will say it better
            path.touch(mode=0o600)
    connection = _connect(path, "rwc", options.busy_timeout)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _connect(path: Path, mode: str, timeout: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )


def take_over(connection: Any) -> tuple[Any, Any]:  # noqa: ANN401 - `autocommit` is of 3.12
    """Put an application's connection into autocommit, and return how it was."""
    mode = (getattr(connection, "autocommit", None), connection.isolation_level)
    if mode[0] is not None:  # Python 3.12
        connection.autocommit = True  # ends what `False` keeps open
        connection.autocommit = -1
    connection.isolation_level = None
    return mode


def give_back(connection: Any, mode: tuple[Any, Any]) -> None:  # noqa: ANN401 - the same
    """Put a connection back into the mode that `take_over` returned."""
    connection.isolation_level = mode[1]
    if mode[0] is not None:
        connection.autocommit = mode[0]
