"""The observers and decorators that the settings name, in the settings' order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import SettingsError
from ..settings.checks import advise_name
from .descriptors import Plugin, PluginContext
from .discovery import load_plugin
from .hooks import check_observer, check_store
from .manager import StoreManager

__all__ = ["EnabledPlugins", "enable_plugins"]


@dataclass(frozen=True, slots=True)
class EnabledPlugins:
    """Plugins with their options, from the innermost to the outermost."""

    plugins: Sequence[tuple[Plugin, Mapping[str, Any]]]

    @property
    def cache_seconds(self) -> int:
        """Return the longest time for which a decorator's answer may be out of date."""
        seconds = (plugin.seconds_cached(options) for plugin, options in self.plugins)
        return max(seconds, default=0)

    def decorate(
        self, role: str, store: object, context: PluginContext, *, redeems: bool
    ) -> tuple[object, frozenset[str]]:
        """Return the store in its decorators, and the names of those that took it."""
        takers = set()
        for plugin, options in self.plugins:
            if plugin.decorate is None:
                continue
            decorated = plugin.decorate(role, store, options, context)
            if decorated is None or decorated is store:
                continue
            check_store(role, decorated, owner=f"the plugin {plugin.name!r}", redeems=redeems)
            takers.add(plugin.name)
            store = decorated
        return store, frozenset(takers)

    def register_observers(self, manager: StoreManager, context: PluginContext) -> None:
        """Register each plugin's observer; the last one wraps all others."""
        for plugin, options in self.plugins:
            if plugin.observer is None:
                continue
            observer = plugin.observer(options, context)
            check_observer(observer, owner=f"the plugin {plugin.name!r}")
            manager.register(observer, plugin.name)


def enable_plugins(
    names: Sequence[str], options: Mapping[str, Mapping[str, Any]]
) -> EnabledPlugins:
    """Load the plugins of these names; `SettingsError` lists every wrong option."""
    enabled = [(load_plugin(name), options.get(name, {})) for name in names]
    problems = [
        f"`plugin_options.{plugin.name}.{option}` {complaint}"
        for plugin, given in enabled
        for option, value in given.items()
        if (complaint := _judge_option(plugin, option, value)) is not None
    ]
    if problems:
        raise SettingsError(problems)
    return EnabledPlugins(enabled)


def _judge_option(plugin: Plugin, option: str, value: object) -> str | None:
    if option not in plugin.options:
        return f"is unknown. {advise_name(option, plugin.options)}"
    wanted = plugin.options[option]
    if isinstance(value, wanted) and not (isinstance(value, bool) and wanted is not bool):
        return None
    return f"is of the type {type(value).__name__}. Write one of the type {wanted.__name__}."
