"""The stores of an OAuth 1 server: the settings', or Django's cache for what is used once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from django.core.cache import caches

from ..._version import __version__
from ...backends import Backend, Capabilities
from ...clock import Clock
from ...errors import CapabilityError, RoleNotServedError
from ...settings import Settings
from ...settings.parts import StoreSettings
from ...stores import REQUIRED_ROLES, Stores, open_stores
from ..django_cache import CacheNonces, SharedCache, is_per_process, weakness_of
from ..django_oauth2.opening import share_stores, stores_of
from ..embedding import open_embedded
from .cache_credentials import CacheCredentials

__all__ = ["CACHED_ROLES", "CacheBackend", "CachePlace", "open_for"]

#: What Django's cache may serve.
CACHED_ROLES: Final = ("credentials", "nonces")
_STORE: Final = "oauth1_cache"


@dataclass(frozen=True, slots=True)
class CachePlace:
    """Where in Django's caches things are kept."""

    alias: str
    #: How the keys of temporary credentials begin.
    prefix: str


class CacheBackend:
    """Temporary credentials and nonces, in the project's cache."""

    def __init__(self, place: CachePlace) -> None:
        """Use a cache. `CapabilityError`: of several at once more than one could win."""
        weakness = weakness_of(place.alias)
        if weakness and not is_per_process(place.alias):
            raise CapabilityError(
                f"Temporary credentials and nonces were to be kept in the cache {place.alias!r}, "
                f"but {weakness}. Use one server of Redis, Valkey or Memcached, or keep them in a "
                "store by `AuthorizationServer`."
            )
        self._place = place
        #: A cache in memory is each process's own.
        self.capabilities = Capabilities(
            shared=not weakness,
            atomic="process" if weakness else "store",
            native_ttl=True,
        )
        self._cache = SharedCache(place.alias)
        self.credentials = CacheCredentials(self._cache, place.prefix)
        self.nonces = CacheNonces(self._cache)

    def migrate(self) -> None:
        """Do nothing: a cache has no schema."""

    def ping(self) -> None:
        """Return if the cache answers."""
        self._cache.run(lambda cache: cache.get("oauthstore"))

    def describe(self) -> Mapping[str, Any]:
        """Return what an operator may want to know."""
        return {
            "backend": "Django's cache",
            "version": __version__,
            "cache": self._place.alias,
            "durable": self.capabilities.durable,
            "shared": self.capabilities.shared,
        }

    def close(self) -> None:
        """Do nothing: the connections are Django's."""


def open_for(
    settings: Settings, clock: Clock, elsewhere: Sequence[str], place: CachePlace | None
) -> Stores:
    """Return the open stores of all roles but those that the project keeps `elsewhere`.

    With a `place`, what is used once is in Django's cache. Shared by all servers
    of a process that want the same. `ConfigurationError`: what does not fit.
    """
    needed = tuple(role for role in REQUIRED_ROLES if role not in elsewhere)
    if place is not None:
        return _open_cached(settings, clock, needed, place)
    try:
        # Whoever serves all of OAuth on these settings has the same; in memory nobody else would.
        return stores_of(settings, clock, only_claims=False)
    except RoleNotServedError:
        if needed == REQUIRED_ROLES:
            raise
    return share_stores((needed, settings), clock, partial(_some, settings, clock, needed))


def _some(settings: Settings, clock: Clock, needed: Sequence[str]) -> Stores:
    others = [role for role in REQUIRED_ROLES if role not in needed]
    return open_embedded(settings, clock=clock, required_roles=needed, optional_roles=others)


def _open_cached(
    settings: Settings, clock: Clock, needed: Sequence[str], place: CachePlace
) -> Stores:
    stored = [role for role in needed if role not in CACHED_ROLES]
    others: Mapping[str, Backend] = {}
    if stored:
        elsewhere = [role for role in REQUIRED_ROLES if role not in stored]
        others = open_for(settings, clock, elsewhere, None).backends
    routed = replace(
        settings,
        stores={**settings.stores, _STORE: StoreSettings(f"django-cache://{place.alias}")},
        roles={**settings.roles, **dict.fromkeys(CACHED_ROLES, _STORE)},
    )

    def open_() -> Stores:
        backends = {**others, _STORE: CacheBackend(place)}
        return open_stores(
            routed, required_roles=needed, optional_roles=(), backends=backends, clock=clock
        )

    kind = (needed, place, repr(caches.settings.get(place.alias)))
    return share_stores((kind, routed), clock, open_)
