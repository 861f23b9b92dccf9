"""What is in the write-ahead log is copied into the database file beside the writing.

SQLite does so in the commit after which the log is long enough, whose caller
then waits for two more syncs of the disk and a thousand pages.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Final

from .file import connect

__all__ = ["Checkpoints"]

log = logging.getLogger(__name__)

#: After so many commits of this process its thread copies: about two thousand pages.
_EVERY: Final = 250


class Checkpoints:
    """A thread that copies now and then, from the first time that it is due."""

    def __init__(self, path: Path, patience: float) -> None:
        self._path = path
        self._patience = patience
        self._commits = 0
        self._due = threading.Event()
        self._ends = False
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Count a commit; never called by two threads at a time."""
        self._commits += 1
        if self._commits % _EVERY:
            return
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="oauthstore-sqlite", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The process ends, or has too many: what was committed stays so.
                return
            self._thread = thread
        self._due.set()

    def close(self) -> None:
        """End the thread, once what it does is done."""
        self._ends = True
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ends:
            self._due.wait()
            self._due.clear()
            if not self._ends:
                self._copy()

    def _copy(self) -> None:
        try:
            with closing(connect(self._path, "rw", self._patience)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except (sqlite3.Error, OSError) as error:
            # The commits will do it: theirs are the errors that somebody is told of.
            log.warning("A checkpoint failed: %s: %s", type(error).__name__, error)
