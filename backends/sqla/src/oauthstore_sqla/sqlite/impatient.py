"""Reads for a caller that must not wait, such as an event loop.

In a write-ahead log a reader waits for no writer; what it finds in the system's
cache takes a few microseconds, and the way to a thread and back several times as long.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy.engine.interfaces import DBAPICursor

from oauthstore_core.errors import WouldBlockError

from ..engine import Session
from ..options import Options
from .file import connect

__all__ = ["ImpatientReader"]

T = TypeVar("T")

#: Connections that are kept: as many as there are event loops, which is one.
_KEPT: Final = 4


class ImpatientReader:
    """Connections that fail where others would wait, and cannot write."""

    def __init__(self, file: str | None, options: Options) -> None:
        """Read `file`; nothing is opened before it is asked for."""
        self._file = file
        self._on_io = options.on_io
        self._idle: deque[tuple[sqlite3.Connection, tuple[int, int]]] = deque()
        self._closed = False

    def read(self, work: Callable[[Session], T], identity: tuple[int, int]) -> T:
        """Do work that only reads, on a connection to the file of that identity.

        `WouldBlockError`: it did not succeed at once. A caller that may wait
        will find out why, and what to do about it.
        """
        connection = self._connection(identity)
        session = Session(connection, _cursor, "", self._on_io)
        try:
            result = work(session)
        except (sqlite3.Error, OSError):
            connection.close()
            raise WouldBlockError("The database did not answer at once.") from None
        except BaseException:
            connection.close()
            raise
        self._keep(connection, identity)
        return result

    def _keep(self, connection: sqlite3.Connection, identity: tuple[int, int]) -> None:
        if len(self._idle) < _KEPT:
            self._idle.append((connection, identity))
        else:
            connection.close()
        # In this order: what is kept while it is closed is closed by one of both.
        if self._closed:
            self.close()

    def _connection(self, identity: tuple[int, int]) -> sqlite3.Connection:
        while not self._closed:
            try:
                connection, of = self._idle.pop()
            except IndexError:
                return self._opened()
            if of == identity:
                return connection
            connection.close()
        raise WouldBlockError("The store is closed.")

    def _opened(self) -> sqlite3.Connection:
        try:
            connection = connect(Path(str(self._file)), "rw", 0)
        except sqlite3.Error:
            raise WouldBlockError("The database could not be opened at once.") from None
        try:
            connection.execute("PRAGMA query_only=ON")
        except sqlite3.Error:
            connection.close()
            raise WouldBlockError("The database did not answer at once.") from None
        return connection

    def close(self) -> None:
        """Close the connections that nobody uses, and keep none from now on."""
        self._closed = True
        while self._idle:
            self._idle.pop()[0].close()


def _cursor(connection: sqlite3.Connection) -> DBAPICursor:
    cursor: Any = connection.cursor()
    made: DBAPICursor = cursor
    return made
