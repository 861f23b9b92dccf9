"""When servers read Django's settings: at the first request, and anew where a test sets others."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Final
from weakref import WeakSet

from django.core.signals import setting_changed

from ...errors import StoreError, StoreUnavailableError
from .opening import close_stores

__all__ = ["CONFIGURED", "SettingsReader", "close_servers", "living_readers"]

#: What a server has once it has read its settings.
CONFIGURED: Final = frozenset({"clock", "key_ring", "settings", "stores", "translation"})
_readers: Final[WeakSet[SettingsReader]] = WeakSet()


class SettingsReader:
    """A server or a protector that takes its settings when the first request comes."""

    #: The settings of Django's that are read; a test that overrides one is heeded.
    READ: ClassVar[Collection[str]]
    #: What is forgotten with them.
    FORGOTTEN: ClassVar[Collection[str]] = CONFIGURED

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._is_ready = False
        #: How often a store was away when the settings were read, and what it was then.
        self._failures = 0
        self._failure = ""
        _readers.add(self)

    def __getattr__(self, name: str) -> Any:
        """Return what the settings tell, once they are read."""
        if name not in CONFIGURED:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.ensure_ready()
        return vars(self)[name]

    def ensure_ready(self) -> None:
        """Read the settings and open the stores, unless that is done.

        `ConfigurationError`: what does not fit. `StoreError`: a store is away;
        the next call tries again. Who waited for a call that found it away is
        told so at once: in turn, each would wait for that store.
        """
        if self._is_ready:
            return
        failures = self._failures
        with self._lock:
            if self._is_ready:
                return
            if failures != self._failures:
                raise StoreUnavailableError(self._failure)
            try:
                self.read_settings()
            except StoreError as error:
                self._failures, self._failure = self._failures + 1, str(error)
                raise
            self._is_ready = True

    def read_settings(self) -> None:
        """Take the settings, and open the stores that they name."""
        raise NotImplementedError

    def roles_in_memory(self) -> Sequence[str]:
        """Return what each process keeps for itself, as no store is named; opens none.

        `SettingsError`: what does not fit.
        """
        raise NotImplementedError

    def forget_settings(self) -> None:
        """Read the settings anew before the next request."""
        with self._lock:
            self._is_ready = False
            for name in self.FORGOTTEN:
                self.__dict__.pop(name, None)


def living_readers() -> Sequence[SettingsReader]:
    """Return the servers and protectors that there are, in no order."""
    return list(_readers)


def close_servers() -> None:
    """Close all stores, such as at the end of a test; what is asked next opens them anew."""
    for reader in living_readers():
        reader.forget_settings()
    close_stores()


def _heed(*, setting: str, **_: object) -> None:
    for reader in living_readers():
        if setting in reader.READ:
            reader.forget_settings()


setting_changed.connect(_heed, dispatch_uid="oauthstore_core.integrations.django_oauth2")
