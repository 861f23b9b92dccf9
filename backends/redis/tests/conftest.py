from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from oauthstore_core.testing.suite import StoreAddress
from oauthstore_redis import RedisBackend

from .proxy import Proxy
from .server_processes import RedisProcess
from .servers import Server, open_server


@pytest.fixture(scope="session")
def valkey() -> Iterator[Server]:
    """Yield a server that tests share, each with a prefix of its own."""
    with closing(open_server("valkey")) as server:
        yield server


@pytest.fixture
def address(valkey: Server) -> Iterator[StoreAddress]:
    """Yield the address of an empty store, which is removed again."""
    address = valkey.address()
    yield address
    valkey.clear(address)


@pytest.fixture
def prefix(address: StoreAddress) -> str:
    return str(address.options["prefix"])


@pytest.fixture
def store(address: StoreAddress) -> Iterator[RedisBackend]:
    backend = RedisBackend(address.url, address.options)
    backend.migrate()
    yield backend
    backend.close()


@pytest.fixture
def proxy(valkey: Server) -> Iterator[Proxy]:
    assert isinstance(valkey.process, RedisProcess)
    with closing(Proxy(valkey.process.port)) as opened:
        yield opened


@pytest.fixture
def through_proxy(proxy: Proxy, address: StoreAddress) -> Iterator[RedisBackend]:
    """Yield a handle on the store whose every flight passes the proxy, already connected."""
    backend = RedisBackend(proxy.url, address.options)
    backend.migrate()
    yield backend
    backend.close()
