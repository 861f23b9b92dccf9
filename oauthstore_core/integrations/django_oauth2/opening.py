"""The stores that Django's settings name, each opened once for all servers of a process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ...clock import Clock, SystemClock
from ...settings import Settings
from ...stores import Stores
from ..embedding import open_claims, open_embedded

__all__ = ["CLOCK", "close_stores", "share_stores", "stores_of"]

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

    def open_() -> Stores:
        if only_claims:
            return open_claims(settings, _SAY_WHERE, clock=clock)
        return open_embedded(settings, clock=clock)

    return share_stores((only_claims, settings), clock, open_)


def share_stores(key: tuple[object, Settings], clock: Clock, open_: Callable[[], Stores]) -> Stores:
    """Return the open stores of the same key, clock and settings, else what `open_` opens."""
    described = _describe(*key)
    with _lock:
        for known in _opened:
            if known.clock is clock and known.described == described:
                return known.stores
        stores = open_()
        _opened.append(_Opened(described, clock, stores))
        return stores


def _describe(kind: object, settings: Settings) -> object:
    """Return what stores depend on; plugins are shown all of the settings."""
    return (
        kind,
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
