"""Reads on SQLite by a caller that must not wait."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from oauthstore_core.errors import StoreError, WouldBlockError
from oauthstore_core.testing.samples import access_token, client, grant
from oauthstore_core.waiting import without_waiting
from oauthstore_sqla import SqlaBackend

NOW = 1_700_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "oauth.db"


@pytest.fixture
def store(file: Path) -> Iterator[SqlaBackend]:
    backend = SqlaBackend(f"sqlite:///{file}", {"busy_timeout": 1})
    backend.migrate()
    yield backend
    backend.close()


def test_it_reads_beside_a_writer_that_is_not_through(store: SqlaBackend, file: Path) -> None:
    saved = store.clients.save_client(client())
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM oauthstore_clients")
        with without_waiting():
            assert store.clients.query_client(saved.client_id) == saved
        writer.execute("COMMIT")
    with without_waiting():
        assert store.clients.query_client(saved.client_id) is None


def test_where_the_file_is_locked_it_says_so_instead_of_waiting(
    store: SqlaBackend, file: Path
) -> None:
    saved = store.clients.save_client(client())
    store.close()
    with closing(sqlite3.connect(file, isolation_level=None)) as owner:
        owner.execute("PRAGMA locking_mode=EXCLUSIVE")
        owner.execute("BEGIN EXCLUSIVE")
        other = SqlaBackend(f"sqlite:///{file}", {"busy_timeout": 60})
        with without_waiting(), pytest.raises(WouldBlockError):
            other.clients.query_client(saved.client_id)
        owner.execute("COMMIT")
    with without_waiting():
        assert other.clients.query_client(saved.client_id) == saved
    other.close()


def test_it_writes_as_ever_where_the_caller_must_not_wait(store: SqlaBackend) -> None:
    given, token = grant(NOW), access_token(NOW)
    with without_waiting():
        store.tokens.save_token(given, [token])
        found = store.tokens.query_token(token.digest)
    assert found is not None
    assert found.grant == given


def test_its_connection_cannot_write(store: SqlaBackend) -> None:
    with without_waiting():
        store.clients.query_client("any")
        reader = store._store._impatient._idle[-1][0]  # type: ignore[attr-defined]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM oauthstore_clients")


def test_a_file_that_is_replaced_is_read_anew(store: SqlaBackend, file: Path) -> None:
    before = store.clients.save_client(client())
    with without_waiting():
        assert store.clients.query_client(before.client_id) == before
    file.unlink()
    with without_waiting(), pytest.raises(StoreError, match="no such file"):
        store.clients.query_client(before.client_id)
    for name in ("oauth.db-wal", "oauth.db-shm"):
        (file.parent / name).unlink(missing_ok=True)
    with closing(SqlaBackend(f"sqlite:///{file}")) as other:
        other.migrate()
        after = other.clients.save_client(client())
    with without_waiting():
        assert store.clients.query_client(before.client_id) is None
        assert store.clients.query_client(after.client_id) == after


def test_a_closed_store_is_for_those_who_may_wait_to_tell(store: SqlaBackend) -> None:
    store.close()
    with without_waiting(), pytest.raises(WouldBlockError):
        store.clients.query_client("any")
    with pytest.raises(StoreError, match="closed"):
        store.clients.query_client("any")


def test_an_applications_engine_promises_none_of_it(file: Path, store: SqlaBackend) -> None:
    engine = create_engine(f"sqlite:///{file}")
    other = SqlaBackend("sqlite://", {"engine": engine})

    assert store.capabilities.immediate_reads
    assert not other.capabilities.immediate_reads
    other.close()
    engine.dispose()
