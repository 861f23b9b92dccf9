"""What databases have in common that are servers: connections that may be lost."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Final

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from oauthstore_core.errors import StoreError, StoreTimeoutError

from .engine import Session, Statement
from .options import Options
from .store import ATTEMPTS, Store

__all__ = ["CONNECTIONS", "POOL_TIMEOUT", "RECYCLE", "TIMEOUT", "ServerStore"]

#: How many connections a process opens at most, unless an option says otherwise.
CONNECTIONS: Final = 20
#: Seconds for which a caller waits for one of them.
POOL_TIMEOUT: Final = 10.0
#: Seconds in which a server has to answer, unless an option says otherwise.
TIMEOUT: Final = 10.0
#: Seconds after which a connection is made anew: servers and firewalls drop old ones.
RECYCLE: Final = 1800
#: A connection that was idle for so many seconds is tried before it is used.
_IDLE: Final = 5.0
#: Under which a pooled connection remembers when it was used last, and its generation.
_USED: Final = "oauthstore_used"
_GENERATION: Final = "oauthstore_generation"


class ServerStore(Store):
    """A database server: when one connection is lost, all that were open are made anew."""

    #: Yields the server's version, how durable a commit is, and its clock.
    about: ClassVar[Statement]
    #: Yields the isolation level, last in the row.
    isolation: ClassVar[Statement]

    def __init__(self, engine: Engine, options: Options) -> None:
        super().__init__(engine, options)
        self._generation = 0

    def told(self, session: Session) -> dict[str, Any]:
        before = time.time()
        version, synchronous, server_time = session.rows(self.about, {})[0]
        midway = (before + time.time()) / 2
        level: str = session.rows(self.isolation, {})[0][-1]
        return {
            "server_version": version,
            "isolation": level.upper().replace("-", " "),
            "synchronous": synchronous,
            "clock_skew": round(float(server_time) - midway, 3),
        }

    def check_out(self) -> PoolProxiedConnection:
        pooled = self._engine.raw_connection()
        for _ in range(ATTEMPTS):
            if self._tried(pooled):
                break
            self.discard(pooled)
            pooled.close()
            pooled = self._engine.raw_connection()
        return pooled

    def _tried(self, pooled: PoolProxiedConnection) -> bool:
        try:
            return self._usable(pooled)
        except BaseException:
            # The answer to the trial may be on its way: the next caller would take it for its own.
            pooled.invalidate()
            pooled.close()
            raise

    def _usable(self, pooled: PoolProxiedConnection) -> bool:
        now = time.monotonic()
        idle = now - pooled.info.get(_USED, now)
        pooled.info[_USED] = now
        if pooled.info.setdefault(_GENERATION, self._generation) != self._generation:
            return False
        # An application's own pool is looked after as the application chose.
        return idle < _IDLE or not self._owned or self._answers(pooled)

    def _answers(self, pooled: PoolProxiedConnection) -> bool:
        try:
            cursor = pooled.cursor()
            cursor.execute("SELECT 1")
            cursor.fetchall()
            cursor.close()
        except self.driver_errors:
            return False
        return True

    def discard(self, pooled: PoolProxiedConnection, failure: StoreError | None = None) -> None:
        ours = pooled.info.get(_GENERATION, self._generation)
        # An answer that did not come in time, or a value that was refused with the connection,
        # tells nothing of the others.
        alone = isinstance(failure, StoreTimeoutError) or type(failure) is StoreError
        if ours == self._generation and not alone:
            self._generation += 1
        super().discard(pooled, failure)
