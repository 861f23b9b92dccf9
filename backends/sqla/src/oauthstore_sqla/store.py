"""The store: a database that runs statements, tries again, and translates errors.

What is particular to one database is in a subclass: `sqlite`, `postgresql`, `mysql`.
"""

from __future__ import annotations

import os
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, ClassVar, Final, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    select,
    tuple_,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql import Executable
from sqlalchemy.sql.compiler import SQLCompiler

from oauthstore_core.errors import ConflictError, StoreError, StoreUnavailableError

from .engine import Row, Runner, Session, Statement, Values
from .errors import BusyError, MissingSchemaError, shown
from .options import Options

__all__ = ["ATTEMPTS", "Changed", "Store", "due", "key_of", "overtaken"]

T = TypeVar("T")
C = TypeVar("C")

#: How often a judgement is made anew that was overtaken, and a connection is looked for.
ATTEMPTS: Final = 8
_FIRST_PAUSE: Final = 0.005
_LONGEST_PAUSE: Final = 0.2


class Store(ABC):
    """A database; each call takes a connection for one statement, or for one transaction."""

    #: What the server is called.
    server: ClassVar[str]
    #: Begins a transaction that writes.
    begin: ClassVar[str]
    #: Whether an UPDATE can return the rows that it wrote.
    returns: ClassVar[bool] = True
    #: What a call of the driver may raise, SQLAlchemy's own and the kit's `OSError` apart.
    driver_errors: ClassVar[tuple[type[BaseException], ...]]

    def __init__(self, engine: Engine, options: Options) -> None:
        """Run on the engine, which is the application's where the options name it."""
        self._engine = engine
        self._options = options
        self._owned = options.engine is None
        self._errors: tuple[type[BaseException], ...] = (
            *self.driver_errors,
            SQLAlchemyError,
            OverflowError,
            OSError,
        )
        self._closed = False
        self._process = os.getpid()
        self._inherited: object = None
        self.url = shown(engine.url)
        #: What error messages call it.
        self.where = f"the database {self.url}"

    # --- what databases differ in ---

    @abstractmethod
    def insert(self, table: Table) -> Any:  # noqa: ANN401 - each dialect has an Insert of its own
        """Return an INSERT with the dialect's way of an upsert."""

    def upsert(
        self,
        new: Any,  # noqa: ANN401 - what `insert` returned
        key: Sequence[ColumnElement[Any]],
        changes: Callable[[Any], Mapping[str, Any]],
    ) -> Insert:
        """Let an INSERT change the row of that key; `changes` is given the columns of the new."""
        upsert: Insert = new.on_conflict_do_update(index_elements=key, set_=changes(new.excluded))
        return upsert

    def purge(self, deadline: Column[Any]) -> Executable:
        """Return a DELETE of up to `limit` rows whose deadline is not after `now`."""
        return delete(deadline.table).where(key_of(deadline.table).in_(due(deadline)))

    def subquery(self, chosen: Select[Any]) -> Select[Any]:
        """Return a SELECT for the condition of a DELETE from the table that it reads."""
        return chosen

    @abstractmethod
    def translated(self, error: BaseException) -> StoreError:
        """Return the contract's error for the driver's; never with a statement's parameters."""

    @abstractmethod
    def told(self, session: Session) -> dict[str, Any]:
        """Return what the server tells of itself."""

    @contextmanager
    def migrating(self, connection: Connection) -> Generator[None, None, None]:
        """Keep every other migration out for as long as this one takes."""
        connection.exec_driver_sql(self.begin)
        yield
        connection.exec_driver_sql("COMMIT")

    def take_over(self, driver: Any) -> object:  # noqa: ANN401 - the driver's
        """Put an application's connection into autocommit, and return how it was."""
        mode: object = driver.autocommit
        driver.autocommit = True
        return mode

    def give_back(self, driver: Any, mode: Any) -> None:  # noqa: ANN401 - the same
        """Put a connection back into the mode that `take_over` returned."""
        driver.autocommit = mode

    def cursor(self, driver: Any) -> DBAPICursor:  # noqa: ANN401 - the driver's
        """Return a cursor that yields tuples."""
        cursor: DBAPICursor = driver.cursor()
        return cursor

    def ended(self, driver: Any, error: BaseException) -> bool:  # noqa: ANN401 - the driver's
        """Tell whether the connection is closed, or the server closes it after such an error."""
        return False

    def check_out(self) -> PoolProxiedConnection:
        """Return a connection of the pool."""
        return self._engine.raw_connection()

    def check_in(self, pooled: PoolProxiedConnection) -> None:
        """Take back a connection that `check_out` returned."""
        pooled.close()

    # --- compiling ---

    def prepare(self, statement: Executable) -> Statement:
        """Compile a Core statement for this store's dialect."""
        compiled = statement.compile(dialect=self._engine.dialect)  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - for the type checkers
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        return Statement(
            str(compiled),
            tuple(compiled.positiontup or compiled.params),
            constants,
            writes=not isinstance(statement, Select),
            named=not compiled.positional,
        )

    def changed(self, change: Update, found: Select[Any]) -> Changed:
        """Prepare an UPDATE of one row and what reads that row."""
        columns = tuple(found.selected_columns)
        if self.returns:
            return Changed(self.prepare(change.returning(*columns)), None)
        return Changed(self.prepare(change), self.prepare(found))

    # --- running ---

    def facts(self) -> Mapping[str, Any]:
        """Return what `describe` tells of the server."""
        return {"server": self.server, **self.run(self.told, writes=False)}

    def rows(self, statement: Statement, values: Values) -> list[Row]:
        """Run one statement that commits itself, and return all its rows."""
        return self.run(lambda session: session.rows(statement, values), writes=statement.writes)

    def count(self, statement: Statement, values: Values) -> int:
        """Run one statement that commits itself, and return how many rows it wrote."""
        return self.run(lambda session: session.count(statement, values), writes=statement.writes)

    def transact(self, work: Callable[[Session], T]) -> T:
        """Do the work in one transaction; it is done again where nothing was executed."""
        return self.run(lambda session: session.within(work), writes=True)

    def run(self, work: Callable[[Session], T], *, writes: bool) -> T:
        """Do the work on a connection; where another writer is in the way, again and again."""
        return self._persist(self.exclusively if writes else self.on_connection, work)

    def upgrade(self, work: Callable[[Connection], None]) -> None:
        """Do the work on a Core connection, keeping other migrations out."""
        self._persist(self._upgrade, work)

    def _upgrade(self, work: Callable[[Connection], None]) -> None:
        with self._engine.connect() as connection, connection.begin():
            driver: Any = connection.connection.dbapi_connection
            # An application's engine may have emitted a BEGIN of its own at this point.
            driver.rollback()
            mode = self.take_over(driver)
            try:
                with self.migrating(connection):
                    work(connection)
            finally:
                if not connection.invalidated:
                    driver.rollback()
                    self.give_back(driver, mode)

    def close(self) -> None:
        """Close the store's own connections, and refuse further calls."""
        if not self._closed and self._owned:
            self._engine.dispose()
        self._closed = True

    def exclusively(self, work: Callable[[Session], T]) -> T:
        """Do work that writes; databases with many writers need nothing more for it."""
        return self.on_connection(work)

    def failure(self, error: BaseException) -> StoreError:
        """Return what the caller is told of an error."""
        return self.translated(error)

    def _persist(self, once: Callable[[Callable[[C], T]], T], work: Callable[[C], T]) -> T:
        patience = self._options.busy_timeout
        give_up = time.monotonic() + patience
        for attempt in count():
            try:
                return once(work)
            except BusyError as busy:
                failure: StoreError = busy
            except self._errors as error:
                failure = self.failure(error)
            if not isinstance(failure, BusyError):
                # Outside of the handler, so that the driver's exception does not hang on.
                raise failure
            if time.monotonic() >= give_up:
                break
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
            time.sleep(random.uniform(0, pause))  # noqa: S311 - jitter
        raise ConflictError(
            f"{self.where} was to be used, but for {patience} s other writers held it: "
            "nothing was executed. Try again; if it happens often, raise `busy_timeout`."
        )

    # --- connections ---

    def on_connection(self, work: Callable[[Session], T]) -> T:
        """Do the work on a connection that is in autocommit."""
        pooled = self._checked_out()
        session = Session(pooled.dbapi_connection, self.cursor, self.begin, self._options.on_io)
        try:
            return self._in_autocommit(pooled.dbapi_connection, session, work)
        except BaseException as error:
            failure = error if isinstance(error, StoreError) else self.translated(error)
            broken = session.broken or _breaks_connection(error, failure)
            if broken or self.ended(pooled.dbapi_connection, error):
                self.discard(pooled, failure)
            raise
        finally:
            self.check_in(pooled)

    def _in_autocommit(
        self,
        driver: Any,  # noqa: ANN401 - the driver's
        session: Session,
        work: Callable[[Session], T],
    ) -> T:
        if self._owned:
            return work(session)
        mode = self.take_over(driver)
        try:
            result = work(session)
        except BaseException:
            session.attempt(lambda: self.give_back(driver, mode))
            raise
        self.give_back(driver, mode)
        return result

    def discard(self, pooled: PoolProxiedConnection, failure: StoreError | None = None) -> None:
        """Drop a connection that is broken, by what `failure` tells if it is given."""
        pooled.invalidate()

    def _checked_out(self) -> PoolProxiedConnection:
        if self._closed:
            raise StoreUnavailableError(
                f"{self.where} was to be used, but this handle on it is closed. Open it again."
            )
        self.leave_what_is_the_parents()
        return self.check_out()

    def leave_what_is_the_parents(self) -> None:
        """In a forked process, neither use nor close the connections of the one before."""
        if self._process == os.getpid():
            return
        self._inherited = self._engine.pool
        if self._owned:
            self._engine.dispose(close=False)
        self.forked()
        self._process = os.getpid()

    def forked(self) -> None:  # noqa: B027 - most have nothing more
        """Make anew what must not be inherited."""


def _breaks_connection(error: BaseException, failure: StoreError) -> bool:
    if error is failure or isinstance(failure, MissingSchemaError):
        return False
    return isinstance(failure, StoreUnavailableError)


def overtaken(what: str) -> ConflictError:
    """Return the error for a step that others made anew whenever it was judged."""
    return ConflictError(
        f"A {what} was tried {ATTEMPTS} times, but each time another writer changed the record "
        "in between: nothing was written. Try again."
    )


def key_of(table: Table) -> ColumnElement[Any]:
    """Return the primary key, which may be a tuple, to be looked for in a SELECT of it."""
    columns = tuple(table.primary_key.columns)
    return columns[0] if len(columns) == 1 else tuple_(*columns)


def due(deadline: Column[Any]) -> Select[Any]:
    """Select the keys of up to `limit` rows that are due at `now`, the longest due first."""
    return (
        select(*deadline.table.primary_key.columns)
        .where(deadline <= bindparam("now"))
        .order_by(deadline)
        .limit(bindparam("limit"))
    )


class Changed:
    """An UPDATE of one row, and the row as it was left."""

    __slots__ = ("_change", "_found")

    def __init__(self, change: Statement, found: Statement | None) -> None:
        """Change, and read it with `found` unless the change itself returns the row."""
        self._change = change
        self._found = found

    @property
    def in_one(self) -> bool:
        """Whether nobody can get in between the change and the reading."""
        return self._found is None

    def on(self, runner: Runner, values: Values) -> Row | None:
        """Return the changed row, None where no row fulfilled the conditions."""
        if self._found is None:
            rows = runner.rows(self._change, values)
        elif runner.count(self._change, values):
            rows = runner.rows(self._found, values)
        else:
            rows = []
        return rows[0] if rows else None
