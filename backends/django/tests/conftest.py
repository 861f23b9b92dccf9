from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

# Other processes import the project of the tests by its name.
sys.path.append(str(Path(__file__).parent))
project = import_module("django_project")

if TYPE_CHECKING:
    from oauthstore_django.backend import DjangoBackend


@pytest.fixture(scope="session")
def databases() -> Iterator[object]:
    """Return the databases of a PostgreSQL server, which is had when a test asks for one."""
    servers = import_module("backends.sqla.tests.servers").Servers()
    made = import_module("postgresql").Databases(servers["postgresql"])
    yield made
    made.close()
    servers.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "oauth.db"


@pytest.fixture
def database(path: Path) -> dict[str, Any]:
    """Return what DATABASES says of a file that is not there yet."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}


@pytest.fixture
def alias(database: dict[str, Any]) -> Iterator[str]:
    """Return the alias of that file, to which the application's connection ends with the test."""
    found: str = project.alias_of(database)
    yield found
    project.connections[found].close()


@pytest.fixture
def store(database: dict[str, Any]) -> Iterator[DjangoBackend]:
    backend: DjangoBackend = project.plugin.open("django://of-a-test", {"database": database})
    backend.migrate()
    yield backend
    backend.close()
