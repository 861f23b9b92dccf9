"""What SQLite's store keeps out of the pool: never more than the pool's limit, nothing stale."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from oauthstore_core.testing.samples import client
from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.engine import Session
from oauthstore_sqla.sqlite.store import SqliteStore
from oauthstore_sqla.store import ATTEMPTS


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[int], SqlaBackend]]:
    """Return a function that opens the store with so many connections at most."""
    opened: list[SqlaBackend] = []

    def open_(connections: int) -> SqlaBackend:
        store = SqlaBackend(f"sqlite:///{tmp_path}/oauth.db", {"connections": connections})
        store.migrate()
        opened.append(store)
        return store

    yield open_
    for store in opened:
        store.close()


def test_who_waits_for_the_only_connection_gets_it_when_it_comes_back(
    open_store: Callable[[int], SqlaBackend],
) -> None:
    store = open_store(1)
    store.clients.save_client(client(client_id="c"))
    others: list[Any] = []

    with ThreadPoolExecutor(1) as threads:

        def hold(_: Session) -> None:
            others.append(threads.submit(store.clients.query_client, "c"))
            while not _sqlite(store)._kept._waiting:
                pass

        store._store.run(hold, writes=False)

    assert others[0].result() is not None


def test_a_migration_gets_the_only_connection_that_is_kept(
    open_store: Callable[[int], SqlaBackend],
) -> None:
    store = open_store(1)
    store.ping()

    store._store.upgrade(lambda connection: connection.exec_driver_sql("SELECT 1").close())


def test_a_closed_store_keeps_none_not_even_one_that_was_in_use(
    open_store: Callable[[int], SqlaBackend],
) -> None:
    store = open_store(2)
    store.ping()

    store._store.run(lambda _: store.close(), writes=False)

    assert not _sqlite(store)._kept._idle


def test_all_kept_connections_to_a_file_that_was_replaced_are_dropped_at_once(
    open_store: Callable[[int], SqlaBackend], tmp_path: Path
) -> None:
    store = open_store(3 * ATTEMPTS)
    store.clients.save_client(client(client_id="c"))
    _use_at_once(store, 3 * ATTEMPTS)
    with sqlite3.connect(tmp_path / "oauth.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(tmp_path / "oauth.db", tmp_path / "copy.db")
    os.replace(tmp_path / "copy.db", tmp_path / "oauth.db")  # noqa: PTH105 - as an operator does

    assert store.clients.query_client("c") is not None


def _sqlite(store: SqlaBackend) -> SqliteStore:
    assert isinstance(store._store, SqliteStore)
    return store._store


def _use_at_once(store: SqlaBackend, callers: int) -> None:
    """Let so many callers hold a connection each, so that as many are kept afterwards."""
    all_there = threading.Barrier(callers)

    def use(_: Session) -> None:
        all_there.wait()

    with ThreadPoolExecutor(callers) as threads:
        list(threads.map(lambda _: store._store.run(use, writes=False), range(callers)))
    assert len(_sqlite(store)._kept._idle) > ATTEMPTS
