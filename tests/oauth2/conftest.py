"""The flows run on each of these stores; this is the one place that names them."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from oauthstore_core.backends import Backend
from oauthstore_core.memory import MemoryBackend

from .world import World

BACKENDS = ["memory", "sqlite"] if importlib.util.find_spec("oauthstore_sqla") else ["memory"]


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sqlite") / "oauth.db"


@pytest.fixture(scope="session")
def sqlite_backend(sqlite_file: Path) -> Iterator[Backend]:
    """Yield one open store: to open one for each test takes longer than the test."""
    from oauthstore_sqla import SqlaBackend  # noqa: PLC0415 - only where it is installed

    opened = SqlaBackend(f"sqlite:///{sqlite_file}", {"synchronous": "NORMAL"})
    opened.migrate()
    yield opened
    opened.close()


def _empty(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in found.fetchall():
            if "version" not in table:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Return an empty store."""
    if request.param == "memory":
        return MemoryBackend()
    opened: Backend = request.getfixturevalue("sqlite_backend")
    _empty(request.getfixturevalue("sqlite_file"))
    return opened


@pytest.fixture
def world(backend: Backend) -> World:
    return World(backend)
