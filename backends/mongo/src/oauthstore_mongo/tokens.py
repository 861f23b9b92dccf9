"""The role `tokens`: a document for each grant, with its tokens and its refresh family."""

from __future__ import annotations

from collections.abc import Sequence

from bson import ObjectId
from pymongo import ASCENDING

from oauthstore_core.errors import DuplicateError
from oauthstore_core.hookspecs import TokenStore, hookimpl
from oauthstore_core.judgement import judge_rotation
from oauthstore_core.records import (
    Grant,
    IssuedToken,
    Page,
    Purged,
    RefreshFamily,
    Rotation,
    RotationOutcome,
    Token,
    TokenState,
)

from .connections import Connections, Rivals
from .documents import (
    Document,
    document,
    family_of,
    grant_of,
    key,
    remove_at,
    same,
    scope,
    token_of,
)
from .expressions import (
    all_of,
    any_of,
    equal,
    holds_none_of,
    is_none,
    later,
    literal,
    merged,
    tokens_with,
    where,
)
from .purging import purge, purge_access_tokens
from .saving import save, taken_by_others
from .schema import GRANTS

__all__ = ["MongoTokens"]

#: Of a grant's document, what is no field of the grant.
_TOKENS = ("tokens", "current", "previous", "sealed_response")


class MongoTokens(TokenStore):
    """Saving, rotating and sweeping a grant meet on its document."""

    def __init__(self, connections: Connections, limit: int) -> None:
        self._connections = connections
        self._limit = limit

    @hookimpl
    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        save(self._connections, grant, tokens, self._limit)

    # --- reading and rotating ---

    @hookimpl
    def query_token(self, digest: str) -> IssuedToken | None:
        stored = key(digest)
        wanted = dict.fromkeys(_TOKENS[1:], 0) | {"tokens": {"$elemMatch": {"digest": stored}}}
        found = self._connections.run(
            lambda db: db[GRANTS].find_one({"tokens.digest": stored}, wanted)
        )
        return None if found is None else IssuedToken(grant_of(found), token_of(found["tokens"][0]))

    @hookimpl
    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        stored = key(family)
        found = self._connections.run(
            lambda db: db[GRANTS].find_one({"family": stored}, {"tokens": 0, "sealed_response": 0})
        )
        return None if found is None else family_of(found)

    @hookimpl
    def rotate_refresh_token(
        self,
        family: str,
        digest: str,
        client_id: str,
        successors: Sequence[Token],
        sealed_response: bytes | None,
        now: int,
        grace: int,
    ) -> Rotation:
        stored, successor = key(family), next(t for t in successors if t.kind == "refresh")
        rotates = _Rotating(digest, client_id, successor.digest, now, grace)
        changes = {
            "current": literal(document(successor)),
            "previous": {
                "$mergeObjects": [
                    "$current",
                    {"state": TokenState.ROTATED.value, "rotated_at": now},
                ]
            },
            "sealed_response": literal(sealed_response),
            "tokens": tokens_with(successors, self._limit, ObjectId()),
        }
        change = where(
            (all_of(rotates.wins, holds_none_of(successors)), merged(changes)),
            (rotates.reuses, merged({"revoked_at": now})),
        )
        digests = [key(token.digest) for token in successors if token.kind != "refresh"]
        before = self._connections.run(
            lambda db: db[GRANTS].find_one_and_update({"family": stored}, change),
            Rivals(GRANTS, taken_by_others({"family": {"$ne": stored}}, digests)),
        )
        rotation = judge_rotation(
            None if before is None else family_of(before),
            digest,
            client_id,
            successor.digest,
            None if before is None else before.get("sealed_response"),
            now,
            grace,
        )
        if before is not None and rotation.outcome is RotationOutcome.WON:
            _refuse_duplicates(before, successor, successors)
        return rotation

    # --- revoking ---

    @hookimpl
    def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
        this = {"_id": same(grant_id), "tokens.digest": key(digest)}
        revoked = {"$set": {"tokens.$.state": TokenState.REVOKED.value}}
        self._connections.run(lambda db: db[GRANTS].update_one(this, revoked))

    @hookimpl
    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        # One that is yet to be saved is stored as a mark.
        unsaved = {"client_id": "", "granted_at": 0, "payload": "{}", "tokens": []}
        change = [{"$set": _kept(unsaved) | _revoked(now, keep_until)}]
        this = {"_id": same(grant_id)}
        self._connections.run(lambda db: db[GRANTS].update_one(this, change, upsert=True))

    @hookimpl
    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        if client_id is None and subject is None:
            raise ValueError("revoke_all needs a client id, a subject, or both; both are None.")
        fence = {"at": now, "keep_until": keep_until, "remove_at": remove_at(keep_until, now)}
        this = {"_id": scope(client_id, subject)}
        self._connections.run(lambda db: db[GRANTS].update_one(this, {"$max": fence}, upsert=True))
        # A later flight: it must see what was announced before the fence stood.
        grants = _in_range(client_id, subject) | {"revoked_at": None}
        swept = self._connections.run(
            lambda db: db[GRANTS].update_many(grants, [{"$set": _revoked(now, keep_until)}])
        )
        return swept.modified_count

    # --- listing and purging ---

    @hookimpl
    def list_grants(
        self, client_id: str | None, subject: str | None, after: str | None, limit: int
    ) -> Page[Grant]:
        # A fence's `_id` is no text.
        behind = {"$gte": ""} if after is None else {"$gt": after}
        live = {"_id": behind, "revoked_at": None, **_in_range(client_id, subject)}
        found = self._connections.run(
            lambda db: list(
                db[GRANTS]
                .find(live, dict.fromkeys(_TOKENS, 0), limit=limit + 1, batch_size=limit + 2)
                .sort("_id", ASCENDING)
            )
        )
        cursor = found[limit - 1]["_id"] if len(found) > limit else None
        return Page(tuple(grant_of(each) for each in found[:limit]), cursor)

    @hookimpl
    def purge_tokens(self, now: int, limit: int) -> Purged:
        # Of grants and of fences; a grant goes with its tokens, which are not counted then.
        ended = purge(self._connections, GRANTS, "keep_until", now, limit)
        expired = purge_access_tokens(self._connections, now, limit - ended.count)
        return Purged(ended.count + expired.count, ended.more or expired.more)


class _Rotating:
    """The conditions of `judgement.judge_rotation`, for the server to decide by."""

    def __init__(self, digest: str, client_id: str, successor: str, now: int, grace: int) -> None:
        presented, brought = key(digest), key(successor)
        is_current = equal("$current.digest", presented)
        is_open = all_of(
            equal("$client_id", client_id),
            {"$not": [is_none("$current")]},
            is_none("$revoked_at"),
            _not_past("$keep_until", now),
        )
        rotated_at = "$previous.rotated_at"
        graced = all_of(
            equal("$current.state", TokenState.ACTIVE.value), later(rotated_at, now - grace)
        )
        is_answered = all_of(
            equal("$previous.digest", presented),
            any_of(equal("$current.digest", brought), graced),
        )
        self.wins = all_of(is_open, is_current, _not_past("$current.expires_at", now))
        self.reuses = all_of(is_open, {"$not": [is_current]}, {"$not": [is_answered]})


def _not_past(field: str, now: int) -> Document:
    return any_of(is_none(field), later(field, now))


def _refuse_duplicates(before: Document, successor: Token, successors: Sequence[Token]) -> None:
    if before["current"]["digest"] == key(successor.digest):
        return  # the driver's second delivery
    stored = {token["digest"] for token in before["tokens"]}
    if any(key(token.digest) in stored for token in successors if token.kind != "refresh"):
        raise DuplicateError("A token of that digest exists: nothing was written.")


def _in_range(client_id: str | None, subject: str | None) -> Document:
    names = {"client_id": client_id, "subject": subject}
    return {field: same(value) for field, value in names.items() if value is not None}


def _revoked(now: int, keep_until: int) -> Document:
    """Return what a revocation sets: the first mark stays, and so does the first end."""
    marks = {"revoked_at": now, "keep_until": keep_until, "remove_at": remove_at(keep_until, now)}
    return _kept(marks)


def _kept(fields: Document) -> Document:
    return {name: {"$ifNull": [f"${name}", literal(value)]} for name, value in fields.items()}
