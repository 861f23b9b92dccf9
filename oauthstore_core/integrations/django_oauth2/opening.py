"""The stores that Django's settings name, each opened once for all servers of a process."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any, Final

from ...clock import Clock, SystemClock
from ...memory import MemoryBackend
from ...settings import Settings
from ...stores import Stores, open_stores
from ..embedding import open_embedded

__all__ = ["CLOCK", "close_stores", "stores_of"]

log = logging.getLogger("oauthstore")

CLOCK: Final = SystemClock()


@dataclass(frozen=True, slots=True)
class _Opened:
    """Open stores, and all that they were opened by."""

    described: Any
    clock: Clock
    stores: Stores


_lock: Final = threading.Lock()
_opened: Final[list[_Opened]] = []


def stores_of(settings: Settings, clock: Clock, *, only_claims: bool) -> Stores:
    """Return the open stores of these settings, which every server shares that has them.

    They stay open until the process ends: settings that a test overrides may
    come back. `only_claims`: the store of nonces alone, which is all that own
    mode uses. `ConfigurationError`: what does not fit.
    """
    described = _describe(settings, only_claims=only_claims)
    with _lock:
        for known in _opened:
            if known.clock is clock and known.described == described:
                return known.stores
        stores = _open_claims(settings, clock) if only_claims else _open(settings, clock)
        _opened.append(_Opened(described, clock, stores))
        return stores


def _describe(settings: Settings, *, only_claims: bool) -> object:
    """Return what stores depend on; plugins are shown all of the settings."""
    return (
        only_claims,
        settings.stores,
        settings.roles,
        settings.clock_skew,
        settings.access_tokens_per_grant,
        settings if settings.plugins else None,
    )


def _open(settings: Settings, clock: Clock) -> Stores:
    return open_embedded(settings, clock=clock)


def _open_claims(settings: Settings, clock: Clock) -> Stores:
    if not settings.names_no_store:
        return open_embedded(settings, clock=clock, required_roles=("nonces",))
    log.warning(
        "No store is named, so codes and refresh tokens are used once within this process only. "
        'Where several processes serve, set OAUTHSTORE = {"store": "sqlite:///oauth.db"} '
        "(pip install oauthstore-sqla)."
    )
    return open_stores(
        settings,
        required_roles=("nonces",),
        optional_roles=(),
        backends={"default": MemoryBackend()},
        clock=clock,
    )


def close_stores() -> None:
    """Close what is open; a process that ends does so by itself. Servers open anew."""
    with _lock:
        for known in _opened:
            known.stores.close()
        _opened.clear()
