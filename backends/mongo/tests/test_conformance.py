"""The MongoDB backend keeps the contract: the whole suite, on a server."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used
from oauthstore_core.testing.suite import StoreAddress
from oauthstore_mongo import plugin

from .server import Server
from .server_processes import FerretDB

pytestmark = pytest.mark.servers

#: The case that restarts the server: not the one that other tests use at the same time.
_CASE = "test_it_works_again_after_a_restart"


@pytest.fixture
def its_server(request: pytest.FixtureRequest, server: Server) -> Iterator[Server]:
    if request.function.__name__ != _CASE:
        yield server
        return
    with closing(Server(request.getfixturevalue("engine").url)) as own:
        yield own


@pytest.fixture
def database(its_server: Server) -> Iterator[str]:
    made = its_server.create_migrated()
    yield made
    its_server.drop(made)


@pytest.fixture
def another(request: pytest.FixtureRequest, server: Server) -> Iterator[StoreAddress | None]:
    """Return the address of a second store for the cases that look for one."""
    if "another" not in inspect.getsource(request.function):
        yield None
        return
    made = server.create()
    yield StoreAddress(plugin, made)
    server.drop(made)


@pytest.fixture
def store_address(database: str, another: StoreAddress | None) -> StoreAddress:
    return StoreAddress(plugin, database, on_io=True, another=another)


@pytest.fixture
def restart_store(engine: FerretDB) -> Callable[[], None]:
    def restart() -> None:
        engine.kill()
        engine.start()

    return restart


@pytest.fixture
def dead_address() -> StoreAddress:
    """Return an address where nobody listens."""
    return StoreAddress(plugin, "mongodb://127.0.0.1:1/nothing")


@pytest.fixture
def raw_dump(its_server: Server, database: str) -> bytes:
    return its_server.dump(database)
