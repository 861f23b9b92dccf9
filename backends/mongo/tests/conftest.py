from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from oauthstore_mongo import MongoBackend

from .server import Server, named_server, own_engine
from .server_processes import FerretDB


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with closing(named_server()) as found:
        yield found


@pytest.fixture(scope="module")
def engine() -> Iterator[FerretDB]:
    """Return an engine of this module's own, to be killed and started again."""
    with closing(own_engine()) as made:
        made.start()
        yield made


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    """Return the URL of a database with the store's schema, the test's own."""
    made = server.create_migrated()
    yield made
    server.drop(made)


@pytest.fixture
def store(url: str) -> Iterator[MongoBackend]:
    with closing(MongoBackend(url)) as backend:
        yield backend
