"""SQLite: one file, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from django.db import OperationalError

from oauthstore_core.errors import StoreUnavailableError

from .connections import OwnConnection
from .engine import Engine
from .errors import BusyError, translated
from .options import Options

__all__ = ["SqliteEngine"]

#: What the numbers mean that the pragma answers.
_SYNCHRONOUS_LEVELS: Final = ("OFF", "NORMAL", "FULL", "EXTRA")


class SqliteEngine(Engine):
    """A database file. The writers of a process queue: SQLite's own waiting sleeps, and is unfair.

    Whoever writes holds the file from the beginning of the transaction, so
    the look at the fences holds until the commit, and a revocation waits for it.
    """

    server = "SQLite"

    def __init__(self, alias: str, options: Options) -> None:
        super().__init__(alias, options)
        self._turn = threading.Lock()

    def forked(self) -> None:
        self._turn = threading.Lock()

    def check(self, made: OwnConnection) -> None:
        in_memory: bool = made.is_in_memory_db()  # type: ignore[attr-defined]
        if in_memory:
            raise StoreUnavailableError(
                f"{self.where} was to be used, but it is in memory, where another connection sees "
                "another database or waits for the application's. Name a file: for tests as "
                f"DATABASES[{self.alias!r}]['TEST'] = {{'NAME': 'test.sqlite3'}}."
            )

    def target(self) -> tuple[object, ...]:
        # A connection outlives its file, and would acknowledge what nobody finds again.
        try:
            status = os.stat(self.settings["NAME"])  # noqa: PTH116 - twice as fast
        except OSError:  # not there yet, or a URI
            return super().target()
        return (*super().target(), status.st_dev, status.st_ino)

    def connection_options(self, given: dict[str, Any]) -> dict[str, Any]:
        # A deferred BEGIN that reads, then writes, fails where another writer came between.
        ours = {"transaction_mode": "IMMEDIATE", "timeout": self.options.busy_timeout}
        return {**given, **ours}

    def prepare(self, made: OwnConnection) -> None:
        try:
            made.rows("PRAGMA journal_mode = WAL")
        except OperationalError as error:
            # The application is at it in the old mode: the next connection asks again.
            if not isinstance(translated(error, self.where), BusyError):
                raise
        made.rows(f"PRAGMA synchronous = {self.options.synchronous or 'FULL'}")
        # Elsewhere than on macOS this is what FULL does already.
        made.rows("PRAGMA fullfsync = ON")

    @contextmanager
    def turn(self) -> Generator[None, None, None]:
        """Wait for the other writers of this process."""
        if not self._turn.acquire(timeout=self.options.busy_timeout):
            raise BusyError(f"Another writer holds {self.where}: nothing was executed.")
        try:
            yield
        finally:
            self._turn.release()

    def keep_migrations_out(self, made: OwnConnection) -> None:
        """Do nothing: the transaction is the only one that writes."""

    def told(self, lent: OwnConnection) -> dict[str, Any]:
        ((journal_mode,),) = lent.rows("PRAGMA journal_mode")
        ((synchronous,),) = lent.rows("PRAGMA synchronous")
        return {
            "server_version": sqlite3.sqlite_version,
            "path": os.path.abspath(self.settings["NAME"]),  # noqa: PTH100 - a text
            "isolation": "SERIALIZABLE",
            "journal_mode": str(journal_mode).upper(),
            "synchronous": _SYNCHRONOUS_LEVELS[synchronous],
            # It runs in this process, and has no clock of its own.
            "clock_skew": 0.0,
        }
