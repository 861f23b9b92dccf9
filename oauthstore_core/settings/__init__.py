"""One frozen `Settings`, from arguments, environment and a file; every problem at once."""

from __future__ import annotations

from .checks import GRANTS, MAXIMUM_REUSE_GRACE, is_loopback
from .masking import mask_url
from .model import Settings
from .parts import DEFAULT_STORE, Lifetimes, ServerSettings, StoreSettings

__all__ = [
    "DEFAULT_STORE",
    "GRANTS",
    "MAXIMUM_REUSE_GRACE",
    "Lifetimes",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "is_loopback",
    "mask_url",
]
