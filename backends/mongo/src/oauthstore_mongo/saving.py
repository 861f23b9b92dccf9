"""Saving tokens under a grant: announce it, look at the fences, write.

Two flights. The first announces the grant: inserts it, bare, where a sweep
finds it. The second is one command of two steps that the server takes in this
order: a guard, which fails if a fence stands over the grant, and with it the
command; and the write, under the grant's own mark. Of a save and a revocation
at least one sees the other: the guard the fence, or the sweep the grant, and
the write and the sweep meet on the grant's document.

A grant that was there before, and under which something was written, has
passed its guard: whoever raises a fence later, sweeps it. What is added to it
needs no look, only that mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from oauthstore_core.errors import (
    DuplicateError,
    GrantRevokedError,
    StoreError,
    StoreUnavailableError,
)
from oauthstore_core.judgement import surplus_tokens
from oauthstore_core.records import Grant, Token

from .connections import ATTEMPTS, Connections, Rivals, overtaken
from .documents import Document, document, key, remove_at, same, scope
from .errors import FENCED, code_of
from .expressions import literal, tokens_with
from .schema import GRANTS

__all__ = ["save", "taken_by_others"]


def save(connections: Connections, grant: Grant, tokens: Sequence[Token], limit: int) -> None:
    """Do what `save_token` promises."""
    saving = _Saving(connections, grant, tokens, limit)
    for _ in range(ATTEMPTS):
        if saving.done():
            return
    raise overtaken("save under a grant")


class _Saving:
    def __init__(
        self, connections: Connections, grant: Grant, tokens: Sequence[Token], limit: int
    ) -> None:
        self._connections = connections
        self._grant = grant
        self._this = {"_id": same(grant.grant_id)}
        self._owner = ObjectId()
        self._refresh = next((t for t in reversed(tokens) if t.kind == "refresh"), None)
        surplus = surplus_tokens((), tokens, limit)
        kept = (t for t in tokens if t.kind != "refresh" and t not in surplus)
        self._digests = [key(token.digest) for token in kept]
        if len(set(self._digests)) < len(self._digests):
            raise DuplicateError("A token of that digest exists: nothing was saved.")
        self._change = self._changes(tokens, limit)
        taken = taken_by_others({"_id": {"$ne": grant.grant_id}}, self._digests, grant.family)
        self._rivals = Rivals(GRANTS, taken)
        bare = replace(grant, family=None)
        self._bare = document(bare, without=("grant_id",)) | {
            "_id": grant.grant_id,
            "tokens": [],
            "announced_by": self._owner,
        }
        if bare.keep_until is not None:
            self._bare["remove_at"] = remove_at(bare.keep_until, bare.granted_at)

    def _changes(self, tokens: Sequence[Token], limit: int) -> list[Document]:
        changes: Document = {
            "tokens": tokens_with(tokens, limit, self._owner),
            # From here on it is no mere announcement.
            "announced_by": None,
        }
        if self._grant.family is not None:
            changes["family"] = {"$ifNull": ["$family", literal(key(self._grant.family))]}
        if self._refresh is not None:
            refresh = document(self._refresh) | {"written_by": self._owner}
            changes["current"] = literal(refresh)
        return [{"$set": changes}]

    def done(self) -> bool:
        """Save; False: what this call relied on was changed meanwhile."""
        if self._announce():
            return self._guarded(self._bare)
        if self._write() == 1:
            return True
        found = self._connections.run(lambda db: db[GRANTS].find_one(self._this))
        if found is None and self._grant.revoked_at is not None:
            raise GrantRevokedError(_REVOKED)
        if found is None or self._is_explained(found):
            return found is not None
        # Announced, and no more: by another call, or by one that has ended in between.
        return found.get("announced_by") is not None and self._guarded(found)

    def _announce(self) -> bool:
        """Store the bare grant; False: it is there."""
        # A grant that is revoked already is not announced, for nothing will be written.
        if self._grant.revoked_at is not None:
            return False
        try:
            self._connections.run(lambda db: db[GRANTS].insert_one(self._bare))
        except DuplicateError:
            return False
        return True

    def _guarded(self, stored: Document) -> bool:
        """Look and write in one command; take the announcement back if it is in vain."""
        try:
            return self._write(self._guard(stored)) == 1
        except StoreUnavailableError:
            # It is unknown whether the tokens were written: the grant stays.
            raise
        except StoreError:
            if stored.get("announced_by") == self._owner:
                self._take_back()
            raise

    def _guard(self, stored: Document) -> UpdateOne:
        """Return a step that fails where a fence stands over the grant."""
        fences = {"_id": {"$in": _scopes_over(stored)}, "at": {"$gte": stored["granted_at"]}}
        return UpdateOne(fences, {"$set": {"_id": b"fenced"}})

    def _write(self, *guards: UpdateOne) -> int:
        """Write where the grant lets the tokens in, and return how many grants did."""
        is_announced = {} if guards else {"announced_by": None}
        write = UpdateOne({**self._this, **self._conditions(), **is_announced}, self._change)

        def flight(db: Database[Document]) -> int | None:
            try:
                return db[GRANTS].bulk_write([*guards, write]).matched_count
            except BulkWriteError as error:
                if code_of(error) != FENCED:
                    raise
                return None

        matched = self._connections.run(flight, self._rivals)
        if matched is None:
            raise GrantRevokedError(_REVOKED)
        return matched

    def _conditions(self) -> Document:
        conditions: dict[str, Any] = {"revoked_at": None}
        if self._digests:
            # A unique index does not bind within one document.
            conditions["tokens.digest"] = {"$nin": self._digests}
        if self._refresh is not None:
            conditions["family"] = None
        return conditions

    def _is_explained(self, found: Document) -> bool:
        """Raise why the grant lets nothing in; True: by the driver's first delivery it has."""
        if self._wrote(found):
            return True
        if found.get("revoked_at") is not None:
            raise GrantRevokedError(_REVOKED)
        if self._refresh is not None and found.get("family") is not None:
            raise DuplicateError("The grant has a refresh family: nothing was saved.")
        if any(token["digest"] in self._digests for token in found["tokens"]):
            raise DuplicateError("A token of that digest exists: nothing was saved.")
        return False

    def _wrote(self, found: Document) -> bool:
        written = [*found["tokens"], found.get("current") or {}]
        return any(token.get("written_by") == self._owner for token in written)

    def _take_back(self) -> None:
        """Remove the announcement of this call, unless somebody has used it meanwhile."""
        bare = {**self._this, "announced_by": self._owner, "revoked_at": None}
        self._connections.run(lambda db: db[GRANTS].delete_one(bare))


def taken_by_others(
    others: Document, digests: Sequence[bytes], family: str | None = None
) -> Document:
    """Return what finds other grants with one of the digests, or with the family."""
    keys: list[Document] = [{"tokens.digest": {"$in": list(digests)}}]
    if family is not None:
        keys.append({"family": key(family)})
    return {**others, "$or": keys}


_REVOKED = "The grant is revoked: nothing was saved."


def _scopes_over(stored: Document) -> list[bytes]:
    client_id, subject = stored["client_id"], stored.get("subject")
    scopes = [scope(client_id, None)]
    if subject is not None:
        scopes += [scope(None, subject), scope(client_id, subject)]
    return scopes
