"""The stores that Django's settings name, each opened once for all servers of a process."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any, Final

from ...clock import Clock, SystemClock
from ...settings import Settings
from ...stores import Stores
from ..embedding import open_claims, open_embedded

__all__ = ["CLOCK", "close_stores", "stores_of"]

CLOCK: Final = SystemClock()
_SAY_WHERE: Final = 'OAUTHSTORE = {"store": "sqlite:///oauth.db"}'


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
        if only_claims:
            stores = open_claims(settings, _SAY_WHERE, clock=clock)
        else:
            stores = open_embedded(settings, clock=clock)
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


def close_stores() -> None:
    """Close what is open; a process that ends does so by itself. Servers open anew."""
    with _lock:
        for known in _opened:
            known.stores.close()
        _opened.clear()
