"""Purges: a bounded DELETE of what is due, the longest due first."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Select, bindparam, delete, select, tuple_

from oauthstore_core.records import Purged

from .engine import Runner, Store

__all__ = ["Purge", "due"]


def due(deadline: ColumnElement[Any], *wanted: ColumnElement[Any]) -> Select[Any]:
    """Select the `wanted` columns of up to `limit` rows whose deadline is not after `now`."""
    return (
        select(*wanted)
        .where(deadline <= bindparam("now"))
        .order_by(deadline)
        .limit(bindparam("limit"))
    )


class Purge:
    """Removes the rows of a table whose deadline has come.

    Any number of runners may be at it: each DELETE chooses its rows itself.
    """

    def __init__(self, store: Store, deadline: Column[Any]) -> None:
        table = deadline.table
        keys = tuple(table.primary_key.columns)
        key = keys[0] if len(keys) == 1 else tuple_(*keys)
        self._store = store
        self._delete = store.prepare(delete(table).where(key.in_(due(deadline, *keys))))
        self._more = store.prepare(due(deadline, *keys))

    def __call__(self, now: int, limit: int) -> Purged:
        return self.on(self._store, now, limit)

    def on(self, runner: Runner, now: int, limit: int) -> Purged:
        """Purge on a runner, such as a transaction."""
        count = runner.count(self._delete, {"now": now, "limit": limit})
        more = count >= limit and bool(runner.rows(self._more, {"now": now, "limit": 1}))
        return Purged(count, more)
