"""What goes back to the pool: no connection that is closed, or amid a question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any, NoReturn

import psycopg
import pytest

from oauthstore_core.errors import DuplicateError, StoreError
from oauthstore_core.testing.samples import client
from oauthstore_sqla import SqlaBackend, network
from oauthstore_sqla.engine import Session, Statement

from .servers import Database

NOW = 1_700_000_000


@pytest.fixture(params=["postgresql", "mysql"])
def server_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(database: Database) -> Iterator[SqlaBackend]:
    """Return a store that has only one connection to give."""
    backend = SqlaBackend(database.url, {"connections": 1})
    yield backend
    backend.close()


@pytest.mark.parametrize("server_name", ["mysql"])
def test_a_record_that_is_too_large_costs_the_next_call_nothing(store: SqlaBackend) -> None:
    limit = store._store.rows(Statement("SELECT @@max_allowed_packet"), {})[0][0]
    before = store._store._generation  # type: ignore[attr-defined]

    with pytest.raises(StoreError, match="refuses a value") as caught:
        store.clients.save_client(client(payload="x" * limit))

    assert type(caught.value) is StoreError
    assert store.clients.query_client("c") is None
    assert store._store._generation == before  # type: ignore[attr-defined]


def test_a_connection_that_is_closed_is_not_used_again(store: SqlaBackend) -> None:
    def close(session: Session) -> NoReturn:
        session._connection.close()
        raise DuplicateError("The key was taken, and the connection lost.")

    with pytest.raises(DuplicateError):
        store._store.run(close, writes=True)

    assert store.clients.query_client("c") is None


def test_a_trial_that_is_interrupted_leaves_no_answer_for_the_next(
    store: SqlaBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(store._store.check_out()) as pooled:
        driver: Any = pooled.dbapi_connection
    monkeypatch.setattr(network, "_IDLE", 0.0)
    receiving = "wait" if isinstance(driver, psycopg.Connection) else "_read_query_result"
    setattr(driver, receiving, _interrupted)

    with pytest.raises(KeyboardInterrupt):
        store.clients.query_client("c")

    assert store.clients.query_client("c") is None
    assert driver.closed if receiving == "wait" else not driver.open


def _interrupted(*_: object, **__: object) -> NoReturn:
    """Stand for a driver that is interrupted when it has asked, and waits for the answer."""
    raise KeyboardInterrupt
