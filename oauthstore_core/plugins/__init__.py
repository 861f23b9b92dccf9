"""Finding, checking and wiring backends, observers and decorators."""

from __future__ import annotations

from .descriptors import Plugin, PluginContext
from .discovery import (
    installed_backends,
    installed_plugins,
    load_backend,
    load_plugin,
    register_backend,
)
from .manager import StoreManager

__all__ = [
    "Plugin",
    "PluginContext",
    "StoreManager",
    "installed_backends",
    "installed_plugins",
    "load_backend",
    "load_plugin",
    "register_backend",
]
