"""Where the store under test is, in a form that other processes can be handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from operator import attrgetter
from typing import Any

from ..backends import Backend, BackendPlugin

__all__ = ["StoreAddress"]


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A plugin, and the url and options of an empty store of it.

    The plugin is the descriptor itself, or ``"package.module:attribute"``
    where the descriptor does not pickle (its `open` is a closure, say).
    """

    plugin: BackendPlugin | str
    url: str
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Whether `open` takes the option `on_io`: a function that the store calls with "before" and
    #: "after" each of its I/Os, from the thread that does it. It may wait, end the process, or
    #: raise an `OSError`, which the store is to take for one of its connection; what is raised
    #: "after" stands for a lost reply. Without it, much is reported as not proved.
    on_io: bool = False
    #: A second store on the same server, empty, which no `migrate` has seen: proves that many may
    #: migrate at once, what a ping says before, and that two stores do not see each other.
    another: StoreAddress | None = None

    def descriptor(self) -> BackendPlugin:
        """Return the plugin, imported if it was given by name."""
        if isinstance(self.plugin, BackendPlugin):
            return self.plugin
        module, _, attribute = self.plugin.partition(":")
        found = attrgetter(attribute)(import_module(module))
        if not isinstance(found, BackendPlugin):
            raise TypeError(
                f"StoreAddress.plugin {self.plugin!r} was to name a BackendPlugin, but names "
                f"a {type(found).__name__}. Give 'package.module:attribute'."
            )
        return found

    def open(self, on_io: Callable[[str], None] | None = None) -> Backend:
        """Open one more handle on the store; `on_io` only where the store takes it."""
        seam = {} if on_io is None else {"on_io": on_io}
        return self.descriptor().open(self.url, {**self.options, **seam})
