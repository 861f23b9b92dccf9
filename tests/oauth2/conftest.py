"""The flows run on each of these stores; this is the one place that names them."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oauthstore_core.backends import Backend
from oauthstore_core.memory import MemoryBackend

from .world import World


def _open_memory(_folder: Path, _template: Path) -> Backend:
    return MemoryBackend()


def _open_sqlite(folder: Path, template: Path) -> Backend:
    from oauthstore_sqla import SqlaBackend  # noqa: PLC0415 - where it is installed

    if not template.exists():
        migrated = SqlaBackend(f"sqlite:///{template}")
        migrated.migrate()
        migrated.close()
    shutil.copy(template, folder / "oauth.db")
    return SqlaBackend(f"sqlite:///{folder / 'oauth.db'}")


BACKENDS: dict[str, Callable[[Path, Path], Backend]] = {"memory": _open_memory}
if importlib.util.find_spec("oauthstore_sqla") is not None:
    BACKENDS["sqlite"] = _open_sqlite


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the empty, migrated database is made that the tests copy."""
    return tmp_path_factory.mktemp("template") / "oauth.db"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> Iterator[Backend]:
    opened = BACKENDS[request.param](tmp_path, template)
    yield opened
    opened.close()


@pytest.fixture
def world(backend: Backend) -> World:
    return World(backend)
