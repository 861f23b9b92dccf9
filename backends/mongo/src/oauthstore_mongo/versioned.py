"""Compare-and-set on `version`, for clients and accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from bson import ObjectId
from pymongo import ASCENDING

from oauthstore_core.errors import ConflictError, DuplicateError
from oauthstore_core.records import Page

from .connections import Connections, Flight, Rivals
from .documents import Document, same

__all__ = ["Versioned"]

R = TypeVar("R")
T = TypeVar("T")


class Versioned(Generic[R]):
    """A collection of documents with a version, written whole."""

    def __init__(
        self,
        connections: Connections,
        collection: str,
        load: Callable[[Mapping[str, Any]], R],
        unique: str = "_id",
    ) -> None:
        """Keep records of which no two share the field `unique`."""
        self._connections = connections
        self._collection = collection
        self._load = load
        self._unique = unique

    def find(self, field: str, value: str) -> R | None:
        """Return the record whose field is just this, or None."""
        found = self._find({field: same(value)})
        return None if found is None else self._load(found)

    def _find(self, condition: Document) -> Document | None:
        return self._connections.run(lambda db: db[self._collection].find_one(condition))

    def save(self, new: Document, version: int) -> R:
        """Create (version 0) or replace the document, and return it as stored."""
        new |= {"version": version + 1, "written_by": ObjectId()}
        saved = self._created(new) if version == 0 else self._replaced(new, version)
        if not saved and not self._is_own(new):
            raise ConflictError(
                f"The record {new['_id']!r} was to be saved as version {version + 1}, but another "
                f"version than {version} is stored, or none. Read it anew and try again."
            )
        return self._load(new)

    def _created(self, new: Document) -> bool:
        try:
            self._write(new, lambda db: db[self._collection].insert_one(new))
        except DuplicateError:
            if not self._is_own(new):
                raise
        return True

    def _replaced(self, new: Document, version: int) -> bool:
        stored = {"_id": new["_id"], "version": version}
        done = self._write(new, lambda db: db[self._collection].replace_one(stored, new))
        return done.matched_count == 1

    def _write(self, new: Document, flight: Flight[T]) -> T:
        others = {self._unique: same(new[self._unique]), "_id": {"$ne": new["_id"]}}
        return self._connections.run(flight, Rivals(self._collection, others))

    def _is_own(self, new: Document) -> bool:
        """Tell whether a first delivery of the same write was through."""
        found = self._find({"_id": new["_id"]})
        return found is not None and found.get("written_by") == new["written_by"]

    def delete(self, identifier: str) -> bool:
        """Delete the document, and tell whether it was there."""
        condition = {"_id": same(identifier)}
        done = self._connections.run(lambda db: db[self._collection].delete_one(condition))
        return done.deleted_count == 1

    def page(self, condition: Document, by: str, after: str | None, limit: int) -> Page[R]:
        """Return the `limit` records behind the cursor `after`, in the order of a field."""
        behind = {by: {"$gte": ""} if after is None else {"$gt": after}}
        found = self._connections.run(
            lambda db: list(
                db[self._collection]
                .find({**condition, **behind}, limit=limit + 1, batch_size=limit + 2)
                .sort(by, ASCENDING)
            )
        )
        cursor = found[limit - 1][by] if len(found) > limit else None
        return Page(tuple(self._load(each) for each in found[:limit]), cursor)
