"""The Django backend keeps the contract: the whole suite, on PostgreSQL."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from postgresql import PLUGIN, Databases, options_of

from backends.sqla.tests.suite_on_servers import OwnServer
from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used
from oauthstore_core.testing.suite import StoreAddress

pytestmark = pytest.mark.servers

#: The case that restarts the server: not the one that other tests use at the same time.
RESTARTS = "test_it_works_again_after_a_restart"


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    with closing(OwnServer("postgresql")) as server:
        yield server


@pytest.fixture
def chosen(request: pytest.FixtureRequest, databases: Databases) -> Databases:
    if request.function.__name__ != RESTARTS:
        return databases
    return Databases(request.getfixturevalue("own_server").server)


@pytest.fixture
def url(chosen: Databases) -> Iterator[str]:
    made = chosen.create_migrated()
    yield made
    chosen.server.drop(made)


@pytest.fixture
def another(request: pytest.FixtureRequest, chosen: Databases) -> Iterator[StoreAddress | None]:
    """Return the address of a second store for the cases that look for one."""
    if "another" not in inspect.getsource(request.function):
        yield None
        return
    made = chosen.server.create()
    yield StoreAddress(PLUGIN, "django://another", options_of(made))
    chosen.server.drop(made)


@pytest.fixture
def store_address(chosen: Databases, url: str, another: StoreAddress | None) -> StoreAddress:
    return chosen.address(url, another)


@pytest.fixture
def restart_store(own_server: OwnServer) -> Callable[[], None]:
    return own_server.restart


@pytest.fixture
def dead_address() -> StoreAddress:
    """Return an address where nobody listens."""
    options = options_of("postgresql://nobody@127.0.0.1:1/nothing")
    return StoreAddress(PLUGIN, "django://dead", options)


@pytest.fixture
def raw_dump(chosen: Databases, url: str) -> bytes:
    """Return every row of every table, read behind the store's back."""
    return chosen.server.dump(url)
