"""SQLite: one file, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from oauthstore_core.errors import StoreError, StoreUnavailableError

from ..engine import Session, Statement
from ..errors import BusyError, missing_schema, unavailable
from ..options import Options
from ..store import ATTEMPTS, Store
from .checkpoints import Checkpoints
from .errors import DRIVER_ERRORS, translated
from .file import JOURNAL_MODE, SYNCHRONOUS, SYNCHRONOUS_LEVELS, create_file
from .group import Group
from .kept import KeptConnections
from .turns import Turn, Turns

__all__ = ["SqliteStore"]

T = TypeVar("T")

#: Under which a pooled connection remembers the identity of its file.
_FILE = "oauthstore_file"
_LOOK = "Whether it was written is not known: look, or try again."


class SqliteStore(Store):
    """A database file. Its writers queue: SQLite's own waiting sleeps, and is unfair."""

    server = "SQLite"
    #: A deferred BEGIN that reads, then writes, fails where another writer came between.
    begin: ClassVar[str] = "BEGIN IMMEDIATE"
    driver_errors = DRIVER_ERRORS

    def __init__(self, engine: Engine, options: Options, path: Path | None = None) -> None:
        """Run on the engine; `path` is the file of an engine that is the store's own."""
        super().__init__(engine, options)
        self._path = path
        self._file = None if path is None else str(path)
        if path is not None:
            event.listen(engine, "connect", self._note_file)
        self._start()

    def insert(self, table: Table) -> Insert:
        return insert(table)

    def translated(self, error: BaseException) -> StoreError:
        return translated(error, self.where)

    def told(self, session: Session) -> dict[str, Any]:
        pragmas = (Statement(JOURNAL_MODE), Statement(SYNCHRONOUS))
        journal_mode, synchronous = (session.rows(pragma, {})[0][0] for pragma in pragmas)
        return {
            "server_version": sqlite3.sqlite_version,
            "isolation": "SERIALIZABLE",
            "journal_mode": journal_mode.upper(),
            "synchronous": SYNCHRONOUS_LEVELS[synchronous],
            # It runs in this process, and has no clock of its own.
            "clock_skew": 0.0,
        }

    @contextmanager
    def migrating(self, connection: Connection) -> Generator[None, None, None]:
        """Take SQLite's write lock."""
        with super().migrating(connection):
            yield

    def _upgrade(self, work: Callable[[Connection], None]) -> None:
        if self._path is not None:
            create_file(self._path, self._options)
        with self._kept.left_to_the_pool():
            super()._upgrade(work)

    def close(self) -> None:
        if self._checkpoints is not None:
            self._checkpoints.close()
        self._kept.close()
        super().close()

    def take_over(self, driver: Any) -> tuple[Any, Any]:  # noqa: ANN401 - `autocommit` is of 3.12
        mode = (getattr(driver, "autocommit", None), driver.isolation_level)
        if mode[0] is not None:  # Python 3.12
            driver.autocommit = True  # ends what `False` keeps open
            driver.autocommit = -1
        driver.isolation_level = None
        return mode

    def give_back(self, driver: Any, mode: tuple[Any, Any]) -> None:  # noqa: ANN401 - the same
        driver.isolation_level = mode[1]
        if mode[0] is not None:
            driver.autocommit = mode[0]

    # --- writing ---

    def exclusively(self, work: Callable[[Session], T]) -> T:
        self.leave_what_is_the_parents()
        turn = self._turns.take(work, self._options.busy_timeout)
        if turn is None:
            raise BusyError(self.where)
        return turn.outcome()

    def _carry_out(self, turns: Sequence[Turn[Any]]) -> None:
        """Settle every turn: one alone as it is, several in one transaction."""
        try:
            if len(turns) == 1 or not self._settle_together(turns):
                for turn in turns:
                    self._settle_alone(turn)
            if self._checkpoints is not None:
                self._checkpoints.committed()
        finally:
            for turn in turns:
                if not turn.settled:  # an interrupt, which is this thread's own
                    turn.settle(error=unavailable(self.where, "interrupted", _LOOK))

    def _settle_alone(self, turn: Turn[Any]) -> None:
        try:
            turn.settle(self.on_connection(turn.work))
        except Exception as error:  # noqa: BLE001 - its own thread raises it
            turn.settle(error=error)

    def _settle_together(self, turns: Sequence[Turn[Any]]) -> bool:
        """Settle the turns by one commit; False: nothing was written, each may try alone."""
        group = Group(turns, self.translated)
        try:
            self.on_connection(group.write)
        except BusyError as error:
            group.settle(error)
        except Exception as error:  # noqa: BLE001 - what each of them is told
            if not group.is_through:
                return False
            # The commit, or its answer, was lost.
            group.settle(error)
        else:
            group.settle()
        finally:
            group.forget()
        return True

    def _start(self) -> None:
        self._turns = Turns(self._carry_out)
        self._kept = KeptConnections(self._engine)
        patience = self._options.busy_timeout
        self._checkpoints = None if self._path is None else Checkpoints(self._path, patience)

    def forked(self) -> None:
        self._inherited = (self._inherited, self._kept)
        self._start()

    def failure(self, error: BaseException) -> StoreError:
        if self._file is not None and not os.path.exists(self._file):  # noqa: PTH110 - twice as fast
            return missing_schema(self.where, "there is no such file")
        return self.translated(error)

    # --- the file ---

    def check_out(self) -> PoolProxiedConnection:
        if self._file is None:
            return self._engine.raw_connection()
        # A connection outlives its file, and would acknowledge what nobody finds again.
        there = _identity(self._file, self.where)
        for _ in range(ATTEMPTS):
            pooled = self._kept.check_out()
            if pooled.info.get(_FILE) == there:
                return pooled
            pooled.invalidate()
            # In this order: the pool hands out first what came back last.
            self._kept.release()
            pooled.close()
        raise StoreUnavailableError(
            f"{self.where} was to be used, but its file is replaced again and again. "
            "Stop what replaces it, or stop the server meanwhile."
        )

    def check_in(self, pooled: PoolProxiedConnection) -> None:
        if self._file is None:
            pooled.close()
        else:
            self._kept.check_in(pooled)

    def _note_file(self, _: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_FILE] = _identity(str(self._file), self.where)


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
