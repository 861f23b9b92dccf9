"""SQLite's write-ahead log is copied beside the writing, and does not grow with it."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from oauthstore_core.testing.samples import access_token, grant
from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.sqlite.checkpoints import Checkpoints
from oauthstore_sqla.sqlite.file import AUTOMATIC_PAGES

NOW = 1_700_000_000
#: A page, and what stands before it in the log.
FRAME = 4096 + 24


def save(store: SqlaBackend) -> None:
    store.tokens.save_token(grant(NOW), [access_token(NOW)])


def tokens_without_log(path: Path) -> int:
    """Return how many tokens there would be if the log were lost."""
    alone = path.with_name("alone.db")
    shutil.copy(path, alone)
    try:
        with closing(sqlite3.connect(alone)) as connection:
            count: int = connection.execute("SELECT count(*) FROM oauthstore_tokens").fetchone()[0]
    except sqlite3.DatabaseError:
        return 0  # it was copied while a checkpoint wrote to it, or before the first one
    return count


def test_the_log_is_copied_long_before_a_commit_would_do_it(path: Path, url: str) -> None:
    with closing(SqlaBackend(url, {"synchronous": "NORMAL"})) as store:
        store.migrate()
        for _ in range(300):
            save(store)

        assert path.with_name(f"{path.name}-wal").stat().st_size < AUTOMATIC_PAGES * FRAME
        while tokens_without_log(path) < 200:
            pass


def test_the_log_does_not_grow_with_the_writing(path: Path, url: str) -> None:
    with closing(SqlaBackend(url, {"synchronous": "NORMAL"})) as store:
        store.migrate()
        with ThreadPoolExecutor(4) as threads:
            for future in [threads.submit(save, store) for _ in range(3000)]:
                future.result()

        assert path.with_name(f"{path.name}-wal").stat().st_size < 3 * AUTOMATIC_PAGES * FRAME


def test_a_store_that_is_closed_leaves_no_thread(url: str) -> None:
    before = threading.active_count()
    with closing(SqlaBackend(url, {"synchronous": "NORMAL"})) as store:
        store.migrate()
        for _ in range(250):
            save(store)

        assert threading.active_count() == before + 1

    assert threading.active_count() == before


def test_a_checkpoint_that_fails_is_told_to_the_log_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = Checkpoints(tmp_path / "gone.db", 1)

    with caplog.at_level(logging.WARNING):
        for _ in range(250):
            checkpoints.committed()
        while not caplog.records:
            pass
    checkpoints.close()

    assert "A checkpoint failed: OperationalError" in caplog.text
