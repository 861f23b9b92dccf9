"""The store: a database that runs verbs, tries again, and translates errors."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from oauthstore_core.errors import ConfigurationError, ConflictError, StoreError

from .connections import OwnConnection
from .engine import Engine
from .errors import DATABASE_ERRORS, BusyError, translated
from .options import Options
from .pool import Pool
from .postgresql import PostgresqlEngine
from .sqlite import SqliteEngine

__all__ = ["ATTEMPTS", "Store", "open_store", "overtaken"]

T = TypeVar("T")

#: How often a judgement is made anew that was overtaken.
ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.2
#: `RETURNING`.
_OLDEST_SQLITE: Final = (3, 35)


class Store:
    """A database; each call takes a connection for one statement, or for one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._pool = Pool(engine)

    def read(self, work: Callable[[OwnConnection], T]) -> T:
        """Do work that only reads."""
        return self.persist(lambda: self._on_connection(work))

    def write(self, work: Callable[[OwnConnection], T]) -> T:
        """Do work of statements that each commit themselves, of which one at most writes."""
        return self.persist(lambda: self._in_turn(work))

    def transact(self, work: Callable[[OwnConnection], T]) -> T:
        """Do the work in one transaction; it is done again where nothing was executed."""

        def within(lent: OwnConnection) -> T:
            with lent.transaction():
                return work(lent)

        return self.write(within)

    def facts(self) -> Mapping[str, Any]:
        """Return what `describe` tells of the server."""
        return {"server": self.engine.server, **self.read(self.engine.told)}

    def close(self) -> None:
        """Close the store's connections, and refuse further calls."""
        self._pool.close()

    def _on_connection(self, work: Callable[[OwnConnection], T]) -> T:
        with self._pool.connection() as lent:
            return work(lent)

    def _in_turn(self, work: Callable[[OwnConnection], T]) -> T:
        self._pool.leave_what_is_the_parents()  # the turn of one of its threads among it
        with self.engine.turn(), self._pool.connection() as lent:
            return work(lent)

    def persist(self, once: Callable[[], T]) -> T:
        """Do this, again and again where another writer is in the way."""
        patience = self.engine.options.busy_timeout
        give_up = time.monotonic() + patience
        for attempt in count():
            try:
                return once()
            except BusyError as busy:
                failure: StoreError = busy
            except DATABASE_ERRORS as error:
                failure = translated(error, self.engine.where)
            if not isinstance(failure, BusyError):
                # Outside of the handler, so that the driver's exception does not hang on.
                raise failure
            if time.monotonic() >= give_up:
                break
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter
        raise ConflictError(
            f"{self.engine.where} was to be used, but for {patience} s other writers held it: "
            "nothing was executed. Try again; if it happens often, raise `busy_timeout`."
        )


def open_store(alias: str, options: Options) -> Store:
    """Open the database of the alias, without connecting."""
    if alias not in connections.settings:
        raise ConfigurationError(
            f"The store django://{alias} was to be opened, but DATABASES has no such alias (it "
            f"has: {', '.join(sorted(connections.settings))}). Correct the URL, or add it."
        )
    vendor = _vendor(alias)
    if vendor == "postgresql":
        _check_synchronous(alias, options)
        return Store(PostgresqlEngine(alias, options))
    if vendor == "sqlite" and sqlite3.sqlite_version_info >= _OLDEST_SQLITE:
        return Store(SqliteEngine(alias, options))
    found = f"SQLite {sqlite3.sqlite_version}" if vendor == "sqlite" else vendor
    raise ConfigurationError(
        f"The store django://{alias} was to be opened, but its database is {found}, and "
        "oauthstore-django speaks to PostgreSQL and SQLite 3.35 or newer. Name another alias, or "
        "use another backend, such as oauthstore-sqla for MariaDB and MySQL."
    )


def _vendor(alias: str) -> str:
    try:
        return connections[alias].vendor
    except (ImproperlyConfigured, ImportError) as error:
        failure = str(error).partition("\n")[0]
    raise ConfigurationError(
        f"The store django://{alias} was to be opened, but Django has no driver for its database "
        f"({failure}). Install it: for PostgreSQL pip install 'oauthstore-django[postgresql]'."
    )


def _check_synchronous(alias: str, options: Options) -> None:
    if options.synchronous is not None:
        raise ConfigurationError(
            f"The store django://{alias} was opened with the option 'synchronous', but that is "
            "SQLite's; PostgreSQL writes through as its administrator set it. Leave it out."
        )


def overtaken(what: str) -> ConflictError:
    """Return the error for a step that others made anew whenever it was judged."""
    return ConflictError(
        f"A {what} was tried {ATTEMPTS} times, but each time another writer changed the record "
        "in between: nothing was written. Try again."
    )
