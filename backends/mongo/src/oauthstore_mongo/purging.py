"""Removing what has ended, by its index, and not more at a time than asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from pymongo import ASCENDING, UpdateOne

from oauthstore_core.records import Purged

from .connections import Connections
from .documents import Document
from .schema import GRANTS

__all__ = ["purge", "purge_access_tokens"]


def purge(connections: Connections, collection: str, deadline: str, now: int, limit: int) -> Purged:
    """Remove up to `limit` documents whose deadline is not after `now`, the longest due first."""
    due = {deadline: {"$lte": now}}
    found = connections.run(
        lambda db: list(
            db[collection]
            .find(due, {"_id": 1}, limit=limit + 1, batch_size=limit + 2)
            .sort(deadline, ASCENDING)
        )
    )
    if limit < 1 or not found:
        return Purged(0, bool(found))
    # Another purge may have been first, or a writer: each is counted by who removed it.
    ids = {"_id": {"$in": [each["_id"] for each in found[:limit]]}}
    done = connections.run(lambda db: db[collection].delete_many({**ids, **due}))
    return Purged(done.deleted_count, len(found) > limit)


def purge_access_tokens(connections: Connections, now: int, limit: int) -> Purged:
    """Remove up to `limit` access tokens whose `expires_at` is not after `now`."""
    expired = {"tokens.expires_at": {"$lte": now}}
    found = connections.run(
        lambda db: list(
            db[GRANTS]
            .find(expired, {"tokens.digest": 1, "tokens.expires_at": 1})
            .limit(limit + 1)
            .batch_size(limit + 2)
        )
    )
    chosen, left = _chosen(found, now, limit)
    count = sum(_removed(connections, size, chosen[size]) for size in sorted(chosen))
    return Purged(count, left)


def _chosen(
    found: Sequence[Document], now: int, limit: int
) -> tuple[dict[int, list[UpdateOne]], bool]:
    """Return what removes the due tokens of each grant, by how many these are; and if some stay."""
    chosen: dict[int, list[UpdateOne]] = defaultdict(list)
    for grant in found:
        due = [t["digest"] for t in grant["tokens"] if _is_due(t, now)]
        taken = due[:limit]
        limit -= len(taken)
        if taken:
            # All or none: another purge may have been first.
            this = {"_id": grant["_id"], "tokens.digest": {"$all": taken}}
            pull = {"$pull": {"tokens": {"digest": {"$in": taken}}}}
            chosen[len(taken)].append(UpdateOne(this, pull))
        if len(taken) < len(due):
            return chosen, True
    return chosen, False


def _is_due(token: Document, now: int) -> bool:
    return token.get("expires_at") is not None and token["expires_at"] <= now


def _removed(connections: Connections, size: int, changes: list[UpdateOne]) -> int:
    """Make the changes, each of which removes `size` tokens; return how many were removed."""
    done = connections.run(lambda db: db[GRANTS].bulk_write(changes, ordered=False))
    return size * done.modified_count
