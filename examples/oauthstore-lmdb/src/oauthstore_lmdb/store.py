"""One LMDB file and its transactions.

LMDB locks a file for each process: opened twice within one, or used after a
fork, it would be destroyed. So a process opens a file once, whoever asks, and
a forked one opens it anew.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from oauthstore_core.errors import ConfigurationError, StoreUnavailableError

from .errors import ENGINE_ERRORS, translated

__all__ = ["Store"]


class Store:
    """A handle on the file; it gives transactions, and translates what they raise."""

    def __init__(self, path: Path, map_size: int, on_io: Callable[[str], None]) -> None:
        """Hold the file, without opening it; `on_io` is the seam of the conformance kit."""
        #: What error messages call it.
        self.where = f"The LMDB file {path}"
        self.path = path
        self._on_io = on_io
        self._file: _File | None = _hold(path, map_size)

    @contextmanager
    def transaction(self, *, write: bool = False) -> Generator[lmdb.Transaction[bytes]]:
        """Keep what the block writes, all of it or, if it raises, nothing.

        Writers wait for each other, in this process and all others.
        """
        if self._file is None:
            raise StoreUnavailableError(
                f"{self.where} was to be used, but this handle on it is closed. Open it again."
            )
        try:
            environment = self._file.open()
            self._on_io("before")
            with environment.begin(write=write) as transaction:
                self._on_io("after")
                yield transaction
                self._on_io("before")
            self._on_io("after")
        except ENGINE_ERRORS as error:
            raise translated(error, self.where) from error

    def create(self) -> None:
        """Create the file, for its owner alone, unless it is there."""
        try:
            self.path.touch(mode=0o600)
        except OSError as error:
            raise translated(error, self.where) from error

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        file, self._file = self._file, None
        if file is not None:
            _release(file)


class _File:
    def __init__(self, path: Path, map_size: int) -> None:
        self.path = path
        self.map_size = map_size
        self.holders = 0
        self.environment: lmdb.Environment | None = None
        self._identity: tuple[int, int] | None = None

    def open(self) -> lmdb.Environment:
        """Return the open environment of the file that is there now.

        LMDB itself would create a file that is missing, and would go on
        writing to one that was deleted or replaced.
        """
        status = self.path.stat()
        with _lock:
            if self.environment is None or self._identity != (status.st_dev, status.st_ino):
                self.environment = None
                self.environment = lmdb.open(
                    str(self.path), subdir=False, map_size=self.map_size, mode=0o600
                )
                # Readers that were killed would keep the pages that they read from being reused.
                self.environment.reader_check()
                self._identity = status.st_dev, status.st_ino
            return self.environment


_files: dict[Path, _File] = {}
_lock = threading.Lock()


def _hold(path: Path, map_size: int) -> _File:
    with _lock:
        file = _files.setdefault(path, _File(path, map_size))
        if file.map_size != map_size:
            raise ConfigurationError(
                f"The LMDB file {path} was to be opened with the `map_size` {map_size}, but this "
                f"process has it open with {file.map_size}. Give both the same."
            )
        file.holders += 1
        return file


def _release(file: _File) -> None:
    with _lock:
        file.holders -= 1
        if file.holders:
            return
        del _files[file.path]
        if file.environment is not None:
            file.environment.close()


def _leave_what_is_the_parents() -> None:
    global _lock  # noqa: PLW0603 - another thread of the parent may hold the inherited one
    _lock = threading.Lock()
    for file in _files.values():
        # Without closing it: that would wait for the parent's writer.
        file.environment = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_what_is_the_parents)
