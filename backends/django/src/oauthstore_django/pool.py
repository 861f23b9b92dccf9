"""The connections of a store, which are never the application's.

A verb must commit whatever its caller does: under ATOMIC_REQUESTS, in an `atomic`
block, in a test that rolls back. So the store connects for itself.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from django.core.signals import request_finished, request_started

from oauthstore_core.errors import StoreError, StoreTimeoutError, StoreUnavailableError

from .connections import OwnConnection, known_by_its_alias
from .engine import Engine
from .errors import DATABASE_ERRORS, closes, translated

__all__ = ["Pool"]

#: A connection that was idle for so many seconds is tried before it is used.
_IDLE: Final = 5.0


class Pool:
    """Lends connections. They live as long as CONN_MAX_AGE says, like the application's.

    Zero, its default, means until the end of the request. Outside of requests it is
    the end of the verb: nothing stays connected to the database of a test.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._closed = False
        self._inherited: list[object] = []
        self._start()
        request_started.connect(self._request_started)
        request_finished.connect(self._request_finished)

    def _start(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._idle: list[OwnConnection] = []
        self._free = threading.BoundedSemaphore(self._engine.options.connections)
        self._requests = 0
        self._generation = 0

    @contextmanager
    def connection(self) -> Generator[OwnConnection, None, None]:
        """Lend a connection in autocommit; this thread's ORM knows it by its alias."""
        self.leave_what_is_the_parents()
        with self._place():
            lent = self._checked_out()
            try:
                with known_by_its_alias(lent):
                    yield lent
            except BaseException as error:
                self._look_at(error, lent)
                raise
            finally:
                self._check_in(lent)

    @contextmanager
    def _place(self) -> Generator[None, None, None]:
        """Wait until fewer than the most connections are in use."""
        free, patience = self._free, self._engine.options.timeout
        if not free.acquire(timeout=patience):
            raise StoreTimeoutError(
                f"A connection to {self._engine.where} was asked for, but none became free within "
                f"{patience} s. Run fewer threads in a process, raise `connections`, or look for "
                "statements that hang."
            )
        try:
            yield
        finally:
            free.release()

    def close(self) -> None:
        """Close what is idle now, and the others as they come back."""
        request_started.disconnect(self._request_started)
        request_finished.disconnect(self._request_finished)
        self._closed = True
        self._make_anew()

    # --- out and in ---

    def _checked_out(self) -> OwnConnection:
        if self._closed:
            raise StoreUnavailableError(
                f"{self._engine.where} was to be used, but this handle on it is closed. "
                "Open it again."
            )
        target = self._engine.target()
        while (idle := self._popped()) is not None:
            if idle.target == target and _answers(idle):
                return idle
            idle.discard()
        generation = self._generation
        made = self._engine.connect(f"oauthstore:{self._engine.alias}")
        made.generation = generation
        return made

    def _popped(self) -> OwnConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _look_at(self, error: BaseException, lent: OwnConnection) -> None:
        """Discard a connection on which this was raised, if it may be broken."""
        if isinstance(error, StoreError):
            return
        failure = translated(error, "") if isinstance(error, DATABASE_ERRORS) else None
        if failure is not None and not closes(failure):
            return
        lent.discard()
        # An answer that did not come in time tells nothing of the others.
        if failure is not None and not isinstance(failure, StoreTimeoutError):
            self._make_anew()

    def _make_anew(self) -> None:
        with self._lock:
            self._generation += 1
            idle, self._idle = self._idle, []
        _discard(idle)

    def _check_in(self, lent: OwnConnection) -> None:
        lent.used_at = time.monotonic()
        with self._lock:
            if lent.connection is not None and self._keeps(lent):
                self._idle.append(lent)
                return
        lent.discard()

    def _keeps(self, lent: OwnConnection) -> bool:
        if self._closed or lent.generation != self._generation:
            return False
        if lent.close_at is None or time.monotonic() < lent.close_at:
            return True
        return self._requests > 0 and not lent.settings_dict["CONN_MAX_AGE"]

    # --- requests and forks ---

    def _request_started(self, **_: Any) -> None:
        self.leave_what_is_the_parents()
        with self._lock:
            self._requests += 1

    def _request_finished(self, **_: Any) -> None:
        self.leave_what_is_the_parents()
        with self._lock:
            self._requests = max(0, self._requests - 1)
            ended = [idle for idle in self._idle if not self._keeps(idle)]
            self._idle = [idle for idle in self._idle if idle not in ended]
        _discard(ended)

    def leave_what_is_the_parents(self) -> None:
        """In a forked process, neither use nor close the connections of the one before."""
        if self._process != os.getpid():
            self._inherited.append((self._idle, self._lock))
            self._engine.forked()
            self._start()


def _answers(idle: OwnConnection) -> bool:
    return time.monotonic() - idle.used_at < _IDLE or idle.is_usable()


def _discard(idle: list[OwnConnection]) -> None:
    for each in idle:
        each.discard()
