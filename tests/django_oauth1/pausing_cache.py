"""A cache in memory that lets a test do something while a key is about to be written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache

__all__ = ["PausingCache"]


class PausingCache(LocMemCache):
    """Django's own, with a moment before each write."""

    #: What is done then; it is given the key.
    before_write: ClassVar[Callable[[str], object]] = staticmethod(lambda _: None)

    def set(self, key: str, *args: Any, **options: Any) -> None:
        type(self).before_write(key)
        super().set(key, *args, **options)

    def add(self, key: str, *args: Any, **options: Any) -> bool:
        type(self).before_write(key)
        return super().add(key, *args, **options)

    def keys(self) -> list[str]:
        """Return what is there."""
        return [*self._cache]  # type: ignore[attr-defined]  # Django's own name
