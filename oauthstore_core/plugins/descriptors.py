"""What an observer or decorator distribution hands over, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..clock import Clock
from ..hookspecs import CONTRACT_VERSION
from ..settings import Settings

__all__ = ["Plugin", "PluginContext"]


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What a plugin may look at when the stores are built."""

    settings: Settings
    clock: Clock


@dataclass(frozen=True, slots=True)
class Plugin:
    """The object behind an entry point of the group ``oauthstore.plugins``.

    It runs only when the setting `plugins` names it, for it sees every request.
    """

    #: The entry point's name.
    name: str
    #: Makes an object whose methods are pluggy wrappers: ``@hookimpl(wrapper=True)``.
    #: It sees arguments and outcomes; what it raises, the core's call raises.
    observer: Callable[[Mapping[str, Any], PluginContext], object] | None = field(
        default=None, repr=False
    )
    #: Makes, of a role and its store, the store to use instead, or None to leave it.
    #: Derive it from a class of `stores.forwarding`.
    decorate: Callable[[str, Any, Mapping[str, Any], PluginContext], object | None] | None = field(
        default=None, repr=False
    )
    #: For how long what a decorator answers may be out of date; fences stand that much ahead.
    cache_seconds: int | Callable[[Mapping[str, Any]], int] = 0
    #: The options that `plugin_options` may hold, each with its type.
    options: Mapping[str, type] = field(default_factory=dict)
    #: The version of the storage contract that it was written for.
    contract: int = CONTRACT_VERSION

    def seconds_cached(self, options: Mapping[str, Any]) -> int:
        """Return `cache_seconds` under these options."""
        return self.cache_seconds(options) if callable(self.cache_seconds) else self.cache_seconds
