"""The role `nonces` in Django's cache, where `add` has one winner among all processes.

A nonce is a key that is added once. It is remembered by its own end, not by the cache's:
where that has come, whoever adds a key named after the ended record takes its place.
"""

from __future__ import annotations

import os
import secrets
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache, InvalidCacheBackendError
from django.core.cache.backends.memcached import BaseMemcachedCache
from django.core.cache.backends.redis import RedisCache

from oauthstore_core._version import __version__
from oauthstore_core.backends import Capabilities
from oauthstore_core.errors import ConfigurationError, ConflictError, StoreUnavailableError
from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.records import Purged

from .options import OnIo

__all__ = ["CacheNonces", "Connections", "DjangoCache"]

T = TypeVar("T")

#: Seconds for which the cache keeps a key beyond its end: its clock is not ours.
_SLACK: Final = 300
#: From so many seconds on a key is kept without an end.
_FAR: Final = 366 * 24 * 3600
#: How often a key may vanish between a look at it and the next.
_ATTEMPTS: Final = 8


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
        raise StoreUnavailableError(
            f"{self.where} was to be asked, but its driver raised {reason}. Check that its server "
            "runs, and what CACHES says of it."
        )

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


class CacheNonces(NonceStore):
    """A key for each nonce, and one for each that was taken anew after its end."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        # The driver may have sent the same call twice: its own record is no replay.
        owner = secrets.token_hex(8)
        key, record = f"oauthstore:{digest}", f"{expires_at} {owner}"
        ahead = max(0, expires_at - now) + _SLACK
        # Memcached takes what is too far off for what is over.
        seconds = ahead if ahead < _FAR else None
        for _ in range(_ATTEMPTS):
            if self._connections.run(lambda cache: cache.add(key, record, seconds)):
                return True
            held: str | None = self._connections.run(lambda cache: cache.get(key))
            if held is not None:
                end, _, whose = held.partition(" ")
                return whose == owner or (
                    int(end) <= now and self._succeeded(key, whose, record, seconds)
                )
        raise ConflictError(
            f"A nonce was looked for in {self._connections.where} {_ATTEMPTS} times, but was there "
            "and gone in turn: nothing was claimed. Look whether the cache evicts."
        )

    def _succeeded(self, key: str, ended: str, record: str, seconds: int | None) -> bool:
        """Take the place of an ended record, of which one caller can be the successor."""
        successor = f"{key}:{ended}"

        won = self._connections.run(lambda cache: cache.add(successor, record, seconds))
        won = won or self._connections.run(lambda cache: cache.get(successor)) == record
        if won:
            self._connections.run(lambda cache: cache.set(key, record, seconds))
        return won

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return Purged(0, more=False)  # the cache removes them


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
    asked = f"Nonces were to be kept in the cache {alias!r}"
    if alias not in caches.settings:
        raise ConfigurationError(
            f"{asked}, but CACHES has no such alias (it has: {', '.join(sorted(caches.settings))})."
            " Correct the URL, or add it."
        )
    kind, failure = "", ""
    try:
        cache = caches.create_connection(alias)
        kind = type(cache).__name__
        failure = _weakness(cache, caches.settings[alias])
    except (InvalidCacheBackendError, ImportError) as error:
        failure = str(error)
    if failure:
        raise ConfigurationError(
            f"{asked}, but {failure}. Use one server of Redis, Valkey or Memcached, or keep nonces "
            "in the database: django://default."
        )
    return kind


def _weakness(cache: BaseCache, settings: Mapping[str, Any]) -> str:
    """Return why two might be told that they were first, or nobody; "" where that cannot be."""
    kind = type(cache).__name__
    if not isinstance(cache, (BaseMemcachedCache, RedisCache)):
        return _OTHERS.get(kind, f"of {kind} it is not known whether `add` has one winner")
    location = settings.get("LOCATION", "")
    servers = location.replace(",", ";").split(";") if isinstance(location, str) else location
    if len(servers) != 1:
        return "it has several servers, of which one may not know what another was told"
    if settings.get("OPTIONS", {}).get("ignore_exc"):
        return "`ignore_exc` makes a failure look like a nonce that is known"
    return ""


_OTHERS: Final = {
    "LocMemCache": "LocMemCache is of one process, and forgets: another worker sees nothing of it",
    "DatabaseCache": "DatabaseCache looks first and writes then, on the connection of your views",
    "FileBasedCache": "FileBasedCache looks first and writes then: two can be first",
    "DummyCache": "DummyCache keeps nothing",
}
