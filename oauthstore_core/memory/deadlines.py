"""An index by time, so that a purge touches what is due and nothing else."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from ..records import Purged

__all__ = ["Deadlines"]

K = TypeVar("K", bound=Hashable)


class Deadlines(Generic[K]):
    """Keys ordered by the moment from which a purge may remove them.

    A key may be added again with another moment; what is no longer true is
    found out when its turn comes.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, K]] = []
        self._count = 0

    def add(self, moment: int, key: K) -> None:
        """Note that `key` is due at `moment`, in seconds since the epoch."""
        self._count += 1
        heapq.heappush(self._heap, (moment, self._count, key))

    def purge(self, now: int, limit: int, remove: Callable[[K], bool]) -> Purged:
        """Call `remove` on due keys until it returned True `limit` times or none is due."""
        count = 0
        while count < limit and self._is_due(now):
            count += remove(heapq.heappop(self._heap)[2])
        return Purged(count, self._is_due(now))

    def _is_due(self, now: int) -> bool:
        return bool(self._heap) and self._heap[0][0] <= now
