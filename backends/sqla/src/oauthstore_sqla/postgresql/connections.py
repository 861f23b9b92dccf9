"""How connections to PostgreSQL are set up: nothing but what the promises need."""

from __future__ import annotations

import math
from typing import Any

from psycopg import Connection as Driver
from psycopg import ProgrammingError, conninfo
from sqlalchemy import URL, Engine, QueuePool, create_engine, event

from ..network import CONNECTIONS, POOL_TIMEOUT, RECYCLE, TIMEOUT
from ..options import Options, only_sqlite
from .patience import PatientConnection

__all__ = ["open_engine", "refused_parameters"]


def refused_parameters(url: URL) -> list[str]:
    """Return which parameters of the URL's query libpq does not take."""
    return [name for name in url.query if not _takes(name, url.query[name])]


def _takes(name: str, value: Any) -> bool:  # noqa: ANN401 - a text, or several
    try:
        conninfo.make_conninfo(**{name: value})
        return name != "connect_timeout" or int(str(value)) >= 0
    except (ProgrammingError, ValueError):
        return False


def open_engine(url: URL, options: Options) -> Engine:
    """Return an engine in AUTOCOMMIT; it connects when a connection is needed."""
    only_sqlite(options)
    engine = create_engine(
        url,
        connect_args=_arguments(url, options),
        isolation_level="AUTOCOMMIT",
        use_native_hstore=False,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=options.connections or CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT,
        pool_recycle=RECYCLE,
        pool_use_lifo=True,
        pool_reset_on_return=None,
    )

    @event.listens_for(engine, "do_connect")
    def _(_: object, __: object, arguments: Any, named: Any) -> PatientConnection:  # noqa: ANN401
        driver = PatientConnection.connect(*arguments, **named)
        # Beyond the server's own time-out, which tells more.
        driver.patience = options.busy_timeout + (options.timeout or TIMEOUT) + 1
        return driver

    @event.listens_for(engine, "connect")
    def _(driver: Driver[Any], _: object) -> None:
        _set_up(driver, options)

    return engine


def _arguments(url: URL, options: Options) -> dict[str, Any]:
    """Return the driver's arguments, but for those that the URL gives itself."""
    timeout = options.timeout or TIMEOUT
    wanted = {
        "application_name": "oauthstore",
        "client_encoding": "utf8",
        "connect_timeout": math.ceil(timeout),
        # Of a peer that is gone without a word, the system tells only after that time.
        "tcp_user_timeout": round(timeout * 1000),
    }
    given = {name: value for name, value in wanted.items() if name not in url.query}
    return {"autocommit": True, **given}


def _set_up(driver: Driver[Any], options: Options) -> None:
    """Set what an administrator may have set otherwise for all; in one flight."""
    waiting = max(1, round(options.busy_timeout * 1000))
    answering = round((options.timeout or TIMEOUT) * 1000)
    driver.execute(
        "SELECT set_config('default_transaction_isolation', 'read committed', false),"
        " set_config('default_transaction_read_only', 'off', false),"
        " set_config('lock_timeout', %s, false),"
        " set_config('statement_timeout', %s, false),"
        # `local` and stronger survive a crash of this server; nothing is set weaker.
        " set_config('synchronous_commit', CASE WHEN commit = 'off' THEN 'on' ELSE commit END,"
        " false) FROM current_setting('synchronous_commit') AS commit",
        (str(waiting), str(waiting + answering)),
    )
