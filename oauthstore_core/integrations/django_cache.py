"""Django's cache as a store of what is used once, where `add` has one winner among all processes.

A nonce is a key that is added once. It is remembered by its own end, not by the cache's:
where that has come, whoever adds a key named after the ended record takes its place.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache, InvalidCacheBackendError
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.memcached import BaseMemcachedCache
from django.core.cache.backends.redis import RedisCache

from ..errors import ConflictError, StoreUnavailableError
from ..hookspecs import NonceStore, hookimpl
from ..records import Purged

__all__ = [
    "CacheCalls",
    "CacheNonces",
    "SharedCache",
    "is_per_process",
    "seconds_ahead",
    "unanswered",
    "weakness_of",
]

T = TypeVar("T")

#: Seconds for which the cache keeps a key beyond its end: its clock is not ours.
_SLACK: Final = 300
#: From so many seconds on a key is kept without an end.
_FAR: Final = 366 * 24 * 3600
#: How often a key may vanish between a look at it and the next.
_ATTEMPTS: Final = 8


class CacheCalls(Protocol):
    """Makes calls of one cache."""

    @property
    def where(self) -> str:
        """What messages call it."""
        ...

    def run(self, work: Callable[[BaseCache], T]) -> T:
        """Make one call. `StoreUnavailableError`: the cache does not answer."""
        ...


class SharedCache:
    """The project's own cache of an alias, with the connections that Django keeps."""

    def __init__(self, alias: str) -> None:
        """Use the cache of that alias, without connecting."""
        self.where = f"the cache {alias!r} of CACHES"
        self._alias = alias

    def run(self, work: Callable[[BaseCache], T]) -> T:
        """Make one call of the cache."""
        try:
            return work(caches[self._alias])
        except Exception as error:  # noqa: BLE001 - each kind of cache has drivers of its own
            reason = type(error).__name__
        raise unanswered(self.where, reason)


def unanswered(where: str, reason: str) -> StoreUnavailableError:
    """Return the error of a cache whose driver raised something."""
    return StoreUnavailableError(
        f"{where} was to be asked, but its driver raised {reason}. Check that its server "
        "runs, and what CACHES says of it."
    )


def seconds_ahead(end: int, now: int) -> int | None:
    """Return the timeout of a key that is needed until `end`; None: it is too far ahead for one."""
    ahead = max(0, end - now) + _SLACK
    # Memcached takes what is too far off for what is over.
    return ahead if ahead < _FAR else None


class CacheNonces(NonceStore):
    """A key for each nonce, and one for each that was taken anew after its end."""

    def __init__(self, cache: CacheCalls) -> None:
        self._cache = cache

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        # The driver may have sent the same call twice: its own record is no replay.
        owner = secrets.token_hex(8)
        key, record = f"oauthstore:{digest}", f"{expires_at} {owner}"
        seconds = seconds_ahead(expires_at, now)
        for _ in range(_ATTEMPTS):
            if self._cache.run(lambda cache: cache.add(key, record, seconds)):
                return True
            held: str | None = self._cache.run(lambda cache: cache.get(key))
            if held is not None:
                end, _, whose = held.partition(" ")
                return whose == owner or (
                    int(end) <= now and self._succeeded(key, whose, record, seconds)
                )
        raise ConflictError(
            f"A nonce was looked for in {self._cache.where} {_ATTEMPTS} times, but was there "
            "and gone in turn: nothing was claimed. Look whether the cache evicts."
        )

    def _succeeded(self, key: str, ended: str, record: str, seconds: int | None) -> bool:
        """Take the place of an ended record, of which one caller can be the successor."""
        successor = f"{key}:{ended}"

        won = self._cache.run(lambda cache: cache.add(successor, record, seconds))
        won = won or self._cache.run(lambda cache: cache.get(successor)) == record
        if won:
            self._cache.run(lambda cache: cache.set(key, record, seconds))
        return won

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return Purged(0, more=False)  # the cache removes them


def is_per_process(alias: str) -> bool:
    """Tell whether the cache of an alias is the memory of each process."""
    try:
        return isinstance(caches.create_connection(alias), LocMemCache)
    except (ImportError, InvalidCacheBackendError, KeyError):  # `weakness_of` tells
        return False


def weakness_of(alias: str) -> str:
    """Return why of a cache's `add` two might be told that they were first, or nobody.

    "" where that cannot be, among all processes that share the cache.
    """
    if alias not in caches.settings:
        return (
            f"CACHES has no such alias (it has: {', '.join(sorted(caches.settings))}). "
            "Correct the name, or add it"
        )
    try:
        return _judge(caches.create_connection(alias), caches.settings[alias])
    except (InvalidCacheBackendError, ImportError) as error:
        return str(error)


def _judge(cache: BaseCache, settings: Mapping[str, Any]) -> str:
    kind, options = _path_of(type(cache)), settings.get("OPTIONS", {})
    is_known = isinstance(cache, (BaseMemcachedCache, RedisCache)) or kind == _DJANGO_REDIS
    if not is_known:
        name = type(cache).__name__
        return _OTHERS.get(name, f"of {kind} it is not known whether `add` has one winner")
    location = settings.get("LOCATION", "")
    servers = location.replace(",", ";").split(";") if isinstance(location, str) else location
    if len(servers) != 1:
        return "it has several servers, of which one may not know what another was told"
    if options.get("ignore_exc") or getattr(cache, "_ignore_exceptions", False):
        return "`ignore_exc` or IGNORE_EXCEPTIONS makes a failure look like an answer"
    client = options.get("CLIENT_CLASS", _DEFAULT_CLIENT)
    if kind == _DJANGO_REDIS and client != _DEFAULT_CLIENT:
        return f"of its CLIENT_CLASS {client} it is not known whether `add` has one winner"
    return ""


def _path_of(kind: type[object]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


#: Of the distribution django-redis, which is older than Django's own.
_DJANGO_REDIS: Final = "django_redis.cache.RedisCache"
_DEFAULT_CLIENT: Final = "django_redis.client.DefaultClient"


_OTHERS: Final = {
    "LocMemCache": "LocMemCache is of one process, and forgets: another worker sees nothing of it",
    "DatabaseCache": "DatabaseCache looks first and writes then, on the connection of your views",
    "FileBasedCache": "FileBasedCache looks first and writes then: two can be first",
    "DummyCache": "DummyCache keeps nothing",
}
