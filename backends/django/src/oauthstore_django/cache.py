"""The role `nonces` in Django's cache, on connections that are the store's own."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache

from oauthstore_core._version import __version__
from oauthstore_core.backends import Capabilities
from oauthstore_core.errors import ConfigurationError, StoreUnavailableError
from oauthstore_core.integrations.django_cache import CacheNonces, unanswered, weakness_of

from .options import OnIo

__all__ = ["Connections", "DjangoCache"]

T = TypeVar("T")


class Connections:
    """Objects of Django's cache, which serve one thread at a time."""

    def __init__(self, alias: str, on_io: OnIo | None) -> None:
        """Use the cache of that alias, without connecting."""
        self.where = f"the cache django-cache://{alias}"
        self._alias = alias
        self._on_io = on_io or (lambda _: None)
        self._inherited: list[object] = []
        self._idle: deque[BaseCache] = deque()
        self._process = os.getpid()
        self._closed = False

    def run(self, work: Callable[[BaseCache], T]) -> T:
        """Make one call of the cache."""
        try:
            with self._lent() as cache:
                self._on_io("before")
                answer = work(cache)
                self._on_io("after")
        except (StoreUnavailableError, ConfigurationError):
            raise
        except Exception as error:  # noqa: BLE001 - each kind of cache has drivers of its own
            reason = type(error).__name__
        else:
            return answer
        raise unanswered(self.where, reason)

    @contextmanager
    def _lent(self) -> Generator[BaseCache, None, None]:
        if self._closed:
            raise StoreUnavailableError(
                f"{self.where} was to be used, but this handle on it is closed. Open it again."
            )
        if self._process != os.getpid():
            self._inherited.append(self._idle)
            self._idle, self._process = deque(), os.getpid()
        try:
            cache = self._idle.pop()
        except IndexError:
            cache = caches.create_connection(self._alias)
        try:
            yield cache
        except BaseException:
            cache.close()
            raise
        self._idle.append(cache)
        if self._closed:
            self.close()

    def close(self) -> None:
        """Close what is idle, and refuse further calls."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


class DjangoCache:
    """The nonces, in the cache of an alias."""

    #: Not `durable`: Django's interface tells neither whether a cache evicts, nor whether a restart
    #: empties it.
    capabilities = Capabilities(shared=True, atomic="store", native_ttl=True, blocking=True)

    def __init__(self, alias: str, on_io: OnIo | None = None) -> None:
        """Open the store, without connecting."""
        self._alias = alias
        self._kind = _checked(alias)
        self._connections = Connections(alias, on_io)
        self.nonces = CacheNonces(self._connections)

    def migrate(self) -> None:
        """Do nothing: a cache has no schema."""

    def ping(self) -> None:
        """Return if the cache answers."""
        self._connections.run(lambda cache: cache.get("oauthstore"))

    def describe(self) -> Mapping[str, Any]:
        """Return what an operator may want to know."""
        return {
            "backend": "django-cache",
            "version": __version__,
            "url": f"django-cache://{self._alias}",
            "cache": self._kind,
            "durable": self.capabilities.durable,
            "shared": self.capabilities.shared,
        }

    def close(self) -> None:
        """Close the store's connections; the application's stay as they are."""
        self._connections.close()


def _checked(alias: str) -> str:
    """Return the class of the cache, if its `add` has one winner among all processes."""
    weakness = weakness_of(alias)
    if weakness:
        raise ConfigurationError(
            f"Nonces were to be kept in the cache {alias!r}, but {weakness}. Use one server of "
            "Redis, Valkey or Memcached, or keep nonces in the database: django://default."
        )
    return type(caches.create_connection(alias)).__name__
