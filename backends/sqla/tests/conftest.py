from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oauthstore_sqla import SqlaBackend


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "oauth.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def store(url: str) -> Iterator[SqlaBackend]:
    backend = SqlaBackend(url)
    backend.migrate()
    yield backend
    backend.close()
