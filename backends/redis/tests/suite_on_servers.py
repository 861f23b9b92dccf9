"""What the suite asks for: the fixtures of the modules that run it on a server.

A module imports them, and says in `SERVER` which server it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from oauthstore_core.testing.suite import StoreAddress
from oauthstore_redis import plugin

from .servers import Server, open_server

__all__ = [
    "dead_address",
    "own_server",
    "raw_dump",
    "restart_store",
    "server",
    "store_address",
]

#: The case that restarts the server: not the one that other tests use at the same time.
_CASE = "test_it_works_again_after_a_restart"


@pytest.fixture(scope="module")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with closing(open_server(request.module.SERVER)) as opened:
        yield opened


@pytest.fixture(scope="module")
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with closing(open_server(request.module.SERVER, own=True)) as opened:
        yield opened


@pytest.fixture
def store_address(request: pytest.FixtureRequest) -> Iterator[StoreAddress]:
    restarted = request.function.__name__ == _CASE
    used: Server = request.getfixturevalue("own_server" if restarted else "server")
    address = used.address()
    yield address
    used.clear(address)


@pytest.fixture
def restart_store(own_server: Server) -> Callable[[], None]:
    return own_server.restart


@pytest.fixture
def dead_address(request: pytest.FixtureRequest) -> StoreAddress:
    """Return an address where nobody listens."""
    scheme = "redis+cluster" if request.module.SERVER == "cluster" else "redis"
    return StoreAddress(plugin, f"{scheme}://127.0.0.1:1")


@pytest.fixture
def raw_dump(server: Server, store_address: StoreAddress) -> bytes:
    """Return every key and what it holds, read behind the store's back."""
    return server.dump(str(store_address.options["prefix"]))
