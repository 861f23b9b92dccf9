"""A cache in memory whose server goes away at a call that a test names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.cache.backends.locmem import LocMemCache

__all__ = ["FailingCache"]


class FailingCache(LocMemCache):
    """Django's own; each of the calls that ours makes of a cache may be the one that fails."""

    #: How many calls more are answered; None: all of them.
    left: ClassVar[int | None] = None
    #: Whether one has failed.
    failed: ClassVar[bool] = False

    def _call(self) -> None:
        cls = type(self)
        if cls.left is not None:
            cls.left -= 1
            if cls.left < 0:
                cls.failed = True
                raise ConnectionResetError("the server closed the connection")

    def add(self, *args: Any, **options: Any) -> bool:
        self._call()
        return super().add(*args, **options)

    def set(self, *args: Any, **options: Any) -> None:
        self._call()
        super().set(*args, **options)

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        self._call()
        return {key: self.get(key) for key in keys if self.has_key(key, version)}
