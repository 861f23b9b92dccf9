"""PostgreSQL: many writers, and a lock by which a revocation waits for those who have looked.

A save is one transaction that looks at the fences, then commits. So that no
revocation comes to its end in between, the save first takes a shared advisory
lock for each scope that its grant lies in. A revocation raises its fence and
commits it, waits for the scope's lock, and then sweeps: whoever had looked before
the fence stood has committed by then, and is swept; whoever looks later sees it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from .connections import OwnConnection
from .engine import Engine
from .patience import bound, unbound

__all__ = ["PostgresqlEngine"]

#: What an application's connections may have and the store's may not: a pool that is shared,
#: parameters whose types the server has to guess, an isolation level of its own.
_NOT_OURS: Final = ("isolation_level", "pool", "server_side_binding")
#: "oauthstore" in ASCII, as far as 64 bits reach: the key of the advisory lock of migrations.
_MIGRATIONS: Final = int.from_bytes(b"oauthsto", "big")


class PostgresqlEngine(Engine):
    """A PostgreSQL database, at READ COMMITTED."""

    server = "PostgreSQL"
    skip_locked: ClassVar[str] = "FOR UPDATE SKIP LOCKED"

    def connection_options(self, given: dict[str, Any]) -> dict[str, Any]:
        timeout = self.options.timeout
        wanted = {
            "application_name": "oauthstore",
            "connect_timeout": math.ceil(timeout),
            # Of a peer that is gone without a word, the system tells only after that time.
            "tcp_user_timeout": round(timeout * 1000),
        }
        return {**wanted, **{n: value for n, value in given.items() if n not in _NOT_OURS}}

    def bound(self, driver: Any) -> None:  # noqa: ANN401 - psycopg's
        # Beyond the server's own time-out, which tells more.
        bound(driver, self.options.busy_timeout + self.options.timeout + 1)

    def prepare(self, made: OwnConnection) -> None:
        """Set what an administrator may have set otherwise for all; in one flight."""
        waiting = max(1, round(self.options.busy_timeout * 1000))
        answering = round(self.options.timeout * 1000)
        made.rows(
            "SELECT set_config('default_transaction_isolation', 'read committed', false),"
            " set_config('default_transaction_read_only', 'off', false),"
            " set_config('lock_timeout', %s, false),"
            " set_config('statement_timeout', %s, false),"
            # `local` and stronger survive a crash of this server; nothing is set weaker.
            " set_config('synchronous_commit', CASE WHEN commit = 'off' THEN 'on' ELSE commit END,"
            " false) FROM current_setting('synchronous_commit') AS commit",
            (str(waiting), str(waiting + answering)),
        )

    def announce(self, lent: OwnConnection, scopes: Sequence[str]) -> None:
        # In the order of the keys: two who announce never wait for each other.
        keys = sorted(map(_key, scopes))
        locks = ", ".join(["pg_advisory_xact_lock_shared(%s)"] * len(keys))
        lent.rows(f"SELECT {locks}", keys)

    def await_announced(self, lent: OwnConnection, scope: str) -> None:
        lent.rows("SELECT pg_advisory_xact_lock(%s)", (_key(scope),))

    def keep_migrations_out(self, made: OwnConnection) -> None:
        # Others wait for as long as it takes.
        unbound(made.connection)
        made.rows(
            "SELECT set_config('statement_timeout', '0', true),"
            " set_config('lock_timeout', '0', true)"
        )
        made.rows("SELECT pg_advisory_xact_lock(%s)", (_MIGRATIONS,))

    def told(self, lent: OwnConnection) -> dict[str, Any]:
        before = time.time()
        ((version, synchronous, isolation, server_time),) = lent.rows(
            "SELECT current_setting('server_version'), current_setting('synchronous_commit'),"
            " current_setting('transaction_isolation'),"
            " extract(epoch FROM clock_timestamp())::float8"
        )
        midway = (before + time.time()) / 2
        return {
            "server_version": version,
            "isolation": str(isolation).upper(),
            "synchronous": synchronous,
            "clock_skew": round(float(server_time) - midway, 3),
        }


def _key(scope: str) -> int:
    """Return the advisory lock of a scope; two that share one wait a little more."""
    return int.from_bytes(bytes.fromhex(scope[:16]), "big", signed=True)
