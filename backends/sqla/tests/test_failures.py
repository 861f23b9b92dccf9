from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    GrantRevokedError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from oauthstore_core.records import ClaimOutcome
from oauthstore_core.testing.samples import access_token, client, credential, fresh, grant
from oauthstore_sqla import SqlaBackend

NOW = 1_700_000_000
SAVER = Path(__file__).with_name("saver.py")


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the database's write lock, as another program may."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        if other.in_transaction:
            other.execute("ROLLBACK")


def impatient(url: str, seconds: float = 0.2) -> SqlaBackend:
    store = SqlaBackend(url, {"busy_timeout": seconds})
    store.migrate()
    return store


def test_a_lock_that_is_never_released_is_a_conflict_after_the_timeout(
    url: str, path: Path
) -> None:
    store = impatient(url)
    made, token = grant(NOW), access_token(NOW)

    with locked(path):
        started = time.monotonic()
        with pytest.raises(ConflictError, match="busy_timeout"):
            store.tokens.save_token(made, [token])
        with pytest.raises(ConflictError):
            store.nonces.claim_nonce(fresh(), NOW + 9, NOW)
        assert time.monotonic() - started < 2
        assert store.tokens.query_token(token.digest) is None

    store.tokens.save_token(made, [token])
    store.close()


def test_a_writer_waits_for_a_lock_that_is_released_in_time(url: str, path: Path) -> None:
    store = impatient(url, 5)

    with locked(path) as other:
        release = threading.Timer(0.2, lambda: other.execute("ROLLBACK"))
        release.start()
        assert store.nonces.claim_nonce(fresh(), NOW + 9, NOW)
        release.join()

    store.close()


def test_more_threads_than_connections_do_not_stop_each_other(store: SqlaBackend) -> None:
    won = []

    def write() -> None:
        for _ in range(3):
            won.append(store.nonces.claim_nonce(fresh(), NOW + 9, NOW))
            store.clients.query_client("c")

    threads = [threading.Thread(target=write) for _ in range(120)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert won == [True] * 360


def test_a_pool_that_is_used_up_is_a_timeout(store: SqlaBackend, url: str) -> None:
    engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.1)
    narrow = SqlaBackend(url, {"engine": engine})

    with engine.connect(), pytest.raises(StoreTimeoutError, match="fewer threads"):
        narrow.clients.query_client("c")

    engine.dispose()


def test_a_file_that_is_no_database_is_unavailable(url: str, path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be taken for one" * 99)
    store = SqlaBackend(url)

    for verb in (store.ping, store.migrate, lambda: store.clients.query_client("c")):
        with pytest.raises(StoreUnavailableError, match="file is not a database"):
            verb()
    store.close()


def test_a_corrupt_file_is_unavailable(url: str, path: Path) -> None:
    store = SqlaBackend(url)
    store.migrate()
    for _ in range(50):
        store.clients.save_client(client())
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)

    store = SqlaBackend(url)
    with pytest.raises(StoreUnavailableError, match="malformed"):
        store.clients.list_clients(None, None, 100)
    store.close()


def test_a_file_that_may_only_be_read_is_unavailable_to_writers(url: str) -> None:
    store = SqlaBackend(url)
    store.migrate()
    with closing(store._store._engine.raw_connection()) as connection:
        connection.cursor().execute("PRAGMA query_only = ON")

    with pytest.raises(StoreUnavailableError, match="readonly database"):
        store.clients.save_client(client())
    store.close()


def test_a_full_disk_is_unavailable_and_nothing_is_written(url: str) -> None:
    store = SqlaBackend(url)
    store.migrate()
    with closing(store._store._engine.raw_connection()) as connection:
        connection.cursor().execute("PRAGMA max_page_count = 1")
    made, token = grant(NOW), access_token(NOW, payload="x" * 100_000)

    with pytest.raises(StoreUnavailableError, match="full"):
        store.tokens.save_token(made, [token])

    assert store.tokens.list_grants(None, None, None, 9).items == ()
    store.tokens.save_token(made, [token])
    store.close()


def test_a_deleted_file_acknowledges_nothing(store: SqlaBackend, path: Path) -> None:
    store.clients.save_client(client(client_id="c"))
    path.unlink()

    with pytest.raises(StoreUnavailableError, match="no such file"):
        store.clients.save_client(client())
    with pytest.raises(StoreUnavailableError, match="no such file"):
        store.clients.query_client("c")


def test_a_file_that_was_put_in_place_of_the_old_one_is_used(
    store: SqlaBackend, path: Path, tmp_path: Path
) -> None:
    other = SqlaBackend(f"sqlite:///{tmp_path}/other.db")
    other.migrate()
    other.clients.save_client(client(client_id="restored"))
    other.close()

    for name in ("oauth.db-wal", "oauth.db-shm"):
        (tmp_path / name).unlink()
    (tmp_path / "other.db").rename(path)

    assert store.clients.query_client("restored") is not None


def test_a_refused_save_leaves_the_credential_unclaimed(store: SqlaBackend) -> None:
    code, token = credential(NOW), access_token(NOW)
    store.credentials.save_credential(code, NOW)
    revoked = grant(NOW)
    store.tokens.revoke_grant(revoked.grant_id, NOW, NOW + 9)
    store.tokens.save_token(grant(NOW), [token])
    presented = (code.kind, code.digest, code.client_id)

    with pytest.raises(GrantRevokedError):
        store.tokens.redeem_credential(*presented, revoked, [access_token(NOW)], NOW)
    with pytest.raises(DuplicateError):
        store.tokens.redeem_credential(*presented, grant(NOW), [token], NOW)

    assert store.credentials.query_credential(code.kind, code.digest) == code
    won = store.tokens.redeem_credential(*presented, grant(NOW), [access_token(NOW)], NOW)
    assert won.outcome is ClaimOutcome.WON


def test_what_was_acknowledged_survives_the_end_of_the_process(url: str) -> None:
    impatient(url).close()
    command = [sys.executable, str(SAVER), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:  # noqa: S603 - our own
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline().strip() for _ in range(150)]
        writer.send_signal(signal.SIGKILL)

    store = SqlaBackend(url)
    lost = [digest for digest in acknowledged if store.tokens.query_token(digest) is None]
    assert lost == []
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections(store: SqlaBackend) -> None:
    store.clients.save_client(client(client_id="parent"))
    parents = store._store._engine.pool
    code = fresh()

    child = os.fork()
    if child == 0:
        found = store.clients.query_client("parent") is not None
        won = store.nonces.claim_nonce(code, NOW + 9, NOW)
        os._exit(0 if found and won and store._store._engine.pool is not parents else 1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not store.nonces.claim_nonce(code, NOW + 9, NOW)
    assert store._store._engine.pool is parents
