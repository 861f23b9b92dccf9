"""The plugin manager of one server: every hook has one provider; frozen once built."""

from __future__ import annotations

from typing import Any

import pluggy

from ..errors import (
    DuplicateProviderError,
    MissingHookError,
    RegistrationClosedError,
    UnknownHookError,
)
from ..hookspecs import PROJECT
from .hooks import PROTOCOLS, REDEEM, hooks_of

__all__ = ["StoreManager"]


class StoreManager(pluggy.PluginManager):
    """Knows the hooks of every role, and takes no plugin after `freeze`."""

    def __init__(self) -> None:
        super().__init__(PROJECT)
        self._frozen = False
        for protocol in PROTOCOLS.values():
            self.add_hookspecs(protocol)

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Add a plugin. `RegistrationClosedError`: the stores are built."""
        self._refuse_when_frozen(name or type(plugin).__name__)
        return super().register(plugin, name)

    # pluggy promises no type of what was registered.
    def unregister(self, plugin: object = None, name: str | None = None) -> Any:  # noqa: ANN401
        """Take a plugin out. `RegistrationClosedError`: the stores are built."""
        self._refuse_when_frozen(name or type(plugin).__name__)
        return super().unregister(plugin, name)

    def _refuse_when_frozen(self, name: str) -> None:
        if self._frozen:
            raise RegistrationClosedError(
                f"The plugin {name!r} was to be added or removed, but the stores are built. "
                "Name it in the setting `plugins` and build them anew.",
                name=name,
            )

    def freeze(self, served: frozenset[str]) -> None:
        """Check that each hook of the served roles has one provider, then take no more plugins."""
        try:
            self.check_pending()
        except pluggy.PluginValidationError as error:
            name = self.get_name(error.plugin) or "?"
            raise UnknownHookError(
                f"The plugin {name!r} has a hook that no role knows ({error}). "
                "Rename the method, or mark it @hookimpl(optionalhook=True).",
                name=name,
            ) from error
        for role in PROTOCOLS:
            for hook in hooks_of(role):
                self._check_providers(hook, required=role in served and hook != REDEEM)
        self._frozen = True

    def _check_providers(self, hook: str, *, required: bool) -> None:
        implementations = getattr(self.hook, hook).get_hookimpls()
        providers = [i.plugin_name for i in implementations if not (i.wrapper or i.hookwrapper)]
        if required and not providers:
            raise MissingHookError(
                f"The hook {hook}() is needed, but no store provides it. "
                "Route its role to a store that does.",
                name=hook,
            )
        if len(providers) > 1:
            found = ", ".join(repr(name) for name in sorted(providers))
            raise DuplicateProviderError(
                f"The hook {hook}() is to have one provider, but has {len(providers)} ({found}). "
                "A write must never reach two stores: take all but one out.",
                name=hook,
            )
