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

    A key may be added again with another moment, and what it stood for may be
    gone; that is found out when its turn comes.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, K]] = []
        self._count = 0

    def add(self, moment: int, key: K) -> None:
        """Note that `key` is due at `moment`, in seconds since the epoch."""
        self._count += 1
        heapq.heappush(self._heap, (moment, self._count, key))

    def purge(
        self, now: int, limit: int, end: Callable[[K], int | None], remove: Callable[[K], None]
    ) -> Purged:
        """Call `remove` on at most `limit` keys whose end, by now, has come.

        `end` returns the moment as it is today, None where there is none.
        """
        count = 0
        while (key := self._first_due(now, end)) is not None:
            if count == limit:
                return Purged(count, more=True)
            heapq.heappop(self._heap)
            remove(key)
            count += 1
        return Purged(count, more=False)

    def _first_due(self, now: int, end: Callable[[K], int | None]) -> K | None:
        while self._heap and self._heap[0][0] <= now:
            key = self._heap[0][2]
            moment = end(key)
            if moment is not None and moment <= now:
                return key
            heapq.heappop(self._heap)
        return None
