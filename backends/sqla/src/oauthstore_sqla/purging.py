"""Purges: a bounded DELETE of what is due, the longest due first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

from oauthstore_core.records import Purged

from .engine import Runner
from .store import Store, due

__all__ = ["Purge"]


class Purge:
    """Removes the rows of a table whose deadline has come.

    Any number of runners may be at it: each DELETE chooses its rows itself.
    """

    def __init__(self, store: Store, deadline: Column[Any]) -> None:
        self._store = store
        self._delete = store.prepare(store.purge(deadline))
        self._more = store.prepare(due(deadline))

    def __call__(self, now: int, limit: int) -> Purged:
        return self.on(self._store, now, limit)

    def on(self, runner: Runner, now: int, limit: int) -> Purged:
        """Purge on a runner, such as a transaction."""
        count = runner.count(self._delete, {"now": now, "limit": limit})
        more = count >= limit and bool(runner.rows(self._more, {"now": now, "limit": 1}))
        return Purged(count, more)
