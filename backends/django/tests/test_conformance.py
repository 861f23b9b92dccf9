"""The Django backend keeps the contract: the whole suite, on SQLite."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from django_project import plugin

from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used
from oauthstore_core.testing.suite import StoreAddress

pytestmark = pytest.mark.servers

PLUGIN = "django_project:plugin"


def options_of(path: Path) -> dict[str, Any]:
    return {"database": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}}


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database to copy, for to migrate takes longer than most cases."""
    path = tmp_path_factory.mktemp("migrated") / "oauth.db"
    backend = plugin.open("django://kit", options_of(path))
    backend.migrate()
    backend.close()
    return path


@pytest.fixture
def store_address(tmp_path: Path, migrated: Path) -> StoreAddress:
    shutil.copy(migrated, tmp_path)
    another = StoreAddress(PLUGIN, "django://another", options_of(tmp_path / "another.db"))
    options = options_of(tmp_path / "oauth.db")
    return StoreAddress(PLUGIN, "django://kit", options, on_io=True, another=another)


@pytest.fixture
def dead_address(tmp_path: Path) -> StoreAddress:
    other = tmp_path / "other.bin"
    other.write_bytes(b"A file that is no database, and long enough to be taken for one. " * 99)
    return StoreAddress(PLUGIN, "django://dead", options_of(other))


@pytest.fixture
def raw_dump(tmp_path: Path) -> bytes:
    """Return the database and its write-ahead log as they lie on the disk."""
    return b"".join(path.read_bytes() for path in sorted(tmp_path.glob("oauth.db*")))
