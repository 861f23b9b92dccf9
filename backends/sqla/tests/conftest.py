from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from oauthstore_sqla import SqlaBackend

from .servers import NAMES, Database, Servers


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


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    opened = Servers()
    yield opened
    opened.close()


@pytest.fixture(params=NAMES)
def server_name(request: pytest.FixtureRequest) -> str:
    """Return each server's name in turn; a module may override it with fewer."""
    return str(request.param)


@pytest.fixture
def database(servers: Servers, server_name: str) -> Iterator[Database]:
    """Return a database with the store's tables, the test's own."""
    server = servers[server_name]
    made = Database(server, server.create_migrated())
    yield made
    made.drop()


@pytest.fixture
def empty_database(servers: Servers, server_name: str) -> Iterator[Database]:
    """Return a database without tables, the test's own."""
    server = servers[server_name]
    made = Database(server, server.create())
    yield made
    made.drop()
