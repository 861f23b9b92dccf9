"""Statements that are compiled once, and the store that runs them.

They are written in SQLAlchemy Core and run on the pooled connection of the
driver: that costs a third of a Core execution. Nothing is left to the
driver's own transactions: a statement alone commits itself, several stand
between an explicit BEGIN and COMMIT.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Select, event
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.sql import Executable
from sqlalchemy.sql.compiler import SQLCompiler

from oauthstore_core.errors import ConflictError, StoreError, StoreUnavailableError

from .errors import DRIVER_ERRORS, BusyError, missing_schema, translated
from .sqlite import BEGIN, give_back, take_over

__all__ = ["ATTEMPTS", "OnIo", "Runner", "Session", "Statement", "Store"]

T = TypeVar("T")
C = TypeVar("C")
Row = Sequence[Any]
#: Called with "before" and "after" each statement: a seam for the conformance kit.
OnIo = Callable[[str], None]

#: How often a step that was not executed is tried, and a judgement that was overtaken.
ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = 0.005
#: Under which a pooled connection remembers the identity of its file.
_FILE: Final = "oauthstore_file"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL in the driver's style, and the names of its parameters in their order."""

    sql: str
    names: tuple[str, ...] = ()
    #: Values that the statement brings along.
    constants: Mapping[str, Any] = field(default_factory=dict)
    writes: bool = False

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the placeholders."""
        if self.constants:
            values = {**self.constants, **values}
        return [values[name] for name in self.names]


class Runner(Protocol):
    """Runs statements: the store each on its own, a session all within its transaction."""

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """Return all rows that the statement yields."""
        ...

    def count(self, statement: Statement, values: Mapping[str, Any]) -> int:
        """Return how many rows the statement wrote."""
        ...


class Session:
    """A connection of the driver, for as long as one step takes."""

    __slots__ = ("_connection", "_on_io")

    def __init__(self, connection: DBAPIConnection, on_io: OnIo | None) -> None:
        self._connection = connection
        self._on_io = on_io

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        cursor = self._execute(statement.sql, statement.parameters(values))
        found = cursor.fetchall()
        cursor.close()
        return list(found)

    def count(self, statement: Statement, values: Mapping[str, Any]) -> int:
        cursor = self._execute(statement.sql, statement.parameters(values))
        count: int = cursor.rowcount
        cursor.close()
        return count

    def within(self, work: Callable[[Session], T]) -> T:
        """Do the work between BEGIN and COMMIT; whatever it raises undoes it."""
        self._command(BEGIN)
        try:
            result = work(self)
            self._command("COMMIT")
        except BaseException:
            self._connection.rollback()
            raise
        return result

    def _command(self, sql: str) -> None:
        self._execute(sql, ()).close()

    def _execute(self, sql: str, parameters: Sequence[Any]) -> DBAPICursor:
        cursor = self._connection.cursor()
        if self._on_io is None:
            cursor.execute(sql, parameters)
            return cursor
        self._on_io("before")
        cursor.execute(sql, parameters)
        self._on_io("after")
        return cursor


class Store:
    """A database: it compiles and runs statements, tries again, and translates errors."""

    def __init__(
        self, engine: Engine, *, path: Path | None, patience: float, on_io: OnIo | None = None
    ) -> None:
        """Run on the engine; `path` is the file of an engine that is the store's own.

        `patience` is for how many seconds a writer waits for others.
        """
        self._engine = engine
        self._on_io = on_io
        if path is not None:
            event.listen(engine, "connect", self._note_file)
        self._file = None if path is None else str(path)
        self._patience = patience
        self._closed = False
        #: Writers of one process queue here: SQLite's own waiting sleeps, and is unfair.
        self._writers = threading.Lock()
        self._process = os.getpid()
        self._inherited: object = None
        self.url = engine.url.render_as_string(hide_password=True)
        #: What error messages call it.
        self.where = f"the database {self.url}"

    def prepare(self, statement: Executable) -> Statement:
        """Compile a Core statement for this store's dialect."""
        compiled = statement.compile(dialect=self._engine.dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - for the type checkers
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        return Statement(
            str(compiled),
            tuple(compiled.positiontup or ()),
            constants,
            writes=not isinstance(statement, Select),
        )

    # --- running ---

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        """Run one statement that commits itself, and return all its rows."""
        return self.run(lambda session: session.rows(statement, values), writes=statement.writes)

    def count(self, statement: Statement, values: Mapping[str, Any]) -> int:
        """Run one statement that commits itself, and return how many rows it wrote."""
        return self.run(lambda session: session.count(statement, values), writes=statement.writes)

    def transact(self, work: Callable[[Session], T]) -> T:
        """Do the work in one transaction; it is done again where nothing was executed."""
        return self.run(lambda session: session.within(work), writes=True)

    def run(self, work: Callable[[Session], T], *, writes: bool) -> T:
        """Do the work on a connection; where another writer is in the way, again and again."""
        return self._persist(self._exclusively if writes else self._on_connection, work)

    def upgrade(self, prepare: Callable[[], None], work: Callable[[Connection], None]) -> None:
        """Do the work on a Core connection, in a transaction that keeps other writers out."""

        def once(work: Callable[[Connection], None]) -> None:
            prepare()
            with self._engine.connect() as connection, connection.begin():
                driver: Any = connection.connection.dbapi_connection
                # An application's engine may have emitted a BEGIN of its own at this point.
                driver.rollback()
                mode = take_over(driver)
                try:
                    connection.exec_driver_sql(BEGIN)
                    work(connection)
                    connection.exec_driver_sql("COMMIT")
                finally:
                    if not connection.invalidated:
                        driver.rollback()
                        give_back(driver, mode)

        self._persist(once, work)

    def close(self) -> None:
        """Close the store's own connections, and refuse further calls."""
        if not self._closed and self._file is not None:
            self._engine.dispose()
        self._closed = True

    def _persist(self, once: Callable[[Callable[[C], T]], T], work: Callable[[C], T]) -> T:
        give_up = time.monotonic() + self._patience
        for attempt in range(ATTEMPTS):
            try:
                return once(work)
            except BusyError as busy:
                failure: StoreError = busy
            except DRIVER_ERRORS as error:
                failure = self._failure(error)
            if not isinstance(failure, BusyError):
                # Outside of the handler, so that the driver's exception does not hang on.
                raise failure
            if time.monotonic() >= give_up:
                break
            time.sleep(random.uniform(0, _FIRST_PAUSE * 2**attempt))  # noqa: S311 - jitter
        raise ConflictError(
            f"{self.where} was to be used, but for {self._patience} s other writers held it: "
            "nothing was executed. Try again; if it happens often, raise `busy_timeout`."
        )

    def _failure(self, error: BaseException) -> StoreError:
        if self._file is not None and not os.path.exists(self._file):  # noqa: PTH110 - twice as fast
            return missing_schema(self.where, "there is no such file")
        return translated(error, self.where)

    def _exclusively(self, work: Callable[[Session], T]) -> T:
        self._leave_what_is_the_parents()
        writers = self._writers
        if not writers.acquire(timeout=self._patience):
            raise BusyError(self.where)
        try:
            return self._on_connection(work)
        finally:
            writers.release()

    # --- connections ---

    def _on_connection(self, work: Callable[[Session], T]) -> T:
        pooled = self._check_out()
        driver: Any = pooled.dbapi_connection
        mode = take_over(driver) if self._file is None else None
        try:
            return work(Session(driver, self._on_io))
        except BaseException as error:
            if not isinstance(error, StoreError) and _breaks_connection(error):
                pooled.invalidate()
            raise
        finally:
            if mode is not None and pooled.is_valid:
                give_back(driver, mode)
            pooled.close()

    def _check_out(self) -> PoolProxiedConnection:
        if self._closed:
            raise StoreUnavailableError(
                f"{self.where} was to be used, but this handle on it is closed. Open it again."
            )
        self._leave_what_is_the_parents()
        if self._file is None:
            return self._engine.raw_connection()
        # A connection outlives its file, and would acknowledge what nobody finds again.
        there = _identity(self._file, self.where)
        for _ in range(ATTEMPTS):
            pooled = self._engine.raw_connection()
            if pooled.info.get(_FILE) == there:
                return pooled
            pooled.invalidate()
            pooled.close()
        raise StoreUnavailableError(
            f"{self.where} was to be used, but its file is replaced again and again. "
            "Stop what replaces it, or stop the server meanwhile."
        )

    def _note_file(self, _: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_FILE] = _identity(str(self._file), self.where)

    def _leave_what_is_the_parents(self) -> None:
        if self._process == os.getpid():
            return
        # SQLite must not see a connection that was opened before a fork, nor see it closed.
        self._inherited = self._engine.pool
        if self._file is not None:
            self._engine.dispose(close=False)
        self._writers = threading.Lock()
        self._process = os.getpid()


def _breaks_connection(error: BaseException) -> bool:
    return isinstance(translated(error, ""), StoreUnavailableError)


def _identity(file: str, where: str) -> tuple[int, int]:
    try:
        status = os.stat(file)  # noqa: PTH116 - twice as fast
    except FileNotFoundError:
        failure: StoreError = missing_schema(where, "there is no such file")
    except OSError as error:
        failure = StoreUnavailableError(
            f"{where} was to be used, but the system reports: {error.strerror}. "
            "Check the directory's permissions."
        )
    else:
        return status.st_dev, status.st_ino
    raise failure
