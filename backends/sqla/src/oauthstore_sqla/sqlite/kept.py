"""Connections that stay out of the pool between two calls.

SQLAlchemy's pool takes about as long to hand a connection out and to take it
back as SQLite takes to read a row.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

__all__ = ["KeptConnections"]


class KeptConnections:
    """Hands out connections of an engine's pool, whose limit stays in force."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._idle: deque[PoolProxiedConnection] = deque()
        #: How many want one that the pool hands out. While there are any, none is kept.
        self._waiting = 0
        self._counting = threading.Lock()

    def check_out(self) -> PoolProxiedConnection:
        """Return a connection: the one that came back last, else the pool's."""
        try:
            return self._idle.pop()
        except IndexError:
            with self.left_to_the_pool():
                return self._engine.raw_connection()

    def check_in(self, pooled: PoolProxiedConnection) -> None:
        """Keep a connection for the next call, unless it is broken or the pool misses it."""
        if not pooled.is_valid:
            pooled.close()
            return
        self._idle.append(pooled)
        # In this order: who begins to wait from here on finds it.
        if self._waiting:
            self.release()

    @contextmanager
    def left_to_the_pool(self) -> Generator[None, None, None]:
        """Within this block the pool has all connections that nobody uses."""
        with self._counting:
            self._waiting += 1
        try:
            self.release()
            yield
        finally:
            with self._counting:
                self._waiting -= 1

    def release(self) -> None:
        """Give the pool back what is kept."""
        while True:
            try:
                pooled = self._idle.pop()
            except IndexError:
                return
            pooled.close()

    def close(self) -> None:
        """Keep none from now on."""
        with self._counting:
            self._waiting += 1
        self.release()
