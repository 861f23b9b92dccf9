"""Pages of a dict in the order of its keys."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import TypeVar

from ..records import Page

__all__ = ["page_of"]

T = TypeVar("T")


def page_of(items: Iterable[tuple[str, T]], after: str | None, limit: int) -> Page[T]:
    """Return the `limit` items with the smallest keys above `after`; the key is the cursor."""
    rest = (item for item in items if after is None or item[0] > after)
    chosen = heapq.nsmallest(limit + 1, rest, key=lambda item: item[0])
    cursor = chosen[limit - 1][0] if len(chosen) > limit else None
    return Page(tuple(value for _, value in chosen[:limit]), cursor)
