"""The SQL backend keeps the contract: the whole suite, on SQLite."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used
from oauthstore_core.testing.suite import StoreAddress
from oauthstore_sqla import plugin


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database to copy, for to migrate takes longer than most cases."""
    path = tmp_path_factory.mktemp("migrated") / "oauth.db"
    backend = plugin.open(f"sqlite:///{path}", {})
    backend.migrate()
    backend.close()
    return path


@pytest.fixture
def store_address(tmp_path: Path, migrated: Path) -> StoreAddress:
    shutil.copy(migrated, tmp_path)
    another = StoreAddress(plugin, f"sqlite:///{tmp_path}/another.db")
    return StoreAddress(plugin, f"sqlite:///{tmp_path}/oauth.db", on_io=True, another=another)


@pytest.fixture
def dead_address(tmp_path: Path) -> StoreAddress:
    other = tmp_path / "other.bin"
    other.write_bytes(b"A file that is no database, and long enough to be taken for one. " * 99)
    return StoreAddress(plugin, f"sqlite:///{other}")


@pytest.fixture
def raw_dump(tmp_path: Path) -> bytes:
    """Return the database and its write-ahead log as they lie on the disk."""
    return b"".join(path.read_bytes() for path in sorted(tmp_path.glob("oauth.db*")))
