"""Grants: each a hash with its tokens and its refresh family, the place where all writes meet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from oauthstore_core.hookspecs import TokenStore, hookimpl
from oauthstore_core.records import (
    Grant,
    IssuedToken,
    Page,
    Purged,
    RefreshFamily,
    Rotation,
    Token,
)

from .handles import Handles
from .keys import SHARDS
from .ranges import Range, range_of
from .records import GRANT_FIELDS, unpacked_grant, unpacked_token
from .revoking import GrantRevoker
from .store import Command, Store, call
from .writing import GrantWriter, family_of

__all__ = ["RedisTokens"]

_FAMILY_FIELDS = (*GRANT_FIELDS, "cur", "prev", "pr")
#: Where a page ends: which index, and the score and name of the entry.
_Place = tuple[int, str, str]


class RedisTokens(TokenStore):
    """Grants by id, indexes of them by client and subject, and keys that lead to them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._handles = Handles(store)
        self._writer = GrantWriter(store, self._handles)
        self._revoker = GrantRevoker(store, self._handles)

    # --- writing ---

    @hookimpl
    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        self._writer.save(grant, tokens)

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
        return self._writer.rotate(
            family, digest, client_id, successors, sealed_response, now, grace
        )

    @hookimpl
    def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
        self._store.call("revoke_token", [self._key(grant_id)], digest)

    @hookimpl
    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        self._revoker.revoke_grant(grant_id, now, keep_until)

    @hookimpl
    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        return self._revoker.revoke_all(client_id, subject, now, keep_until)

    # --- reading ---

    @hookimpl
    def query_token(self, digest: str) -> IssuedToken | None:
        grant_id = self._handles.find(self._handles.token(digest))
        if grant_id is None:
            return None
        *about, record = self._fields(grant_id, *GRANT_FIELDS, f"t:{digest}")
        grant = unpacked_grant(grant_id, about)
        if grant is None or record is None:
            return None
        return IssuedToken(grant, unpacked_token(record))

    @hookimpl
    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        grant_id = self._handles.find(self._handles.family(family))
        if grant_id is None:
            return None
        return family_of(grant_id, family, self._fields(grant_id, *_FAMILY_FIELDS))

    def _key(self, grant_id: str) -> str:
        return self._store.keys.record("grant", grant_id)[0]

    def _fields(self, grant_id: str, *names: str) -> list[bytes | None]:
        found: list[bytes | None] = self._store.run(self._ask(grant_id, *names))[0]
        return found

    def _ask(self, grant_id: str, *names: str) -> Command:
        key = self._key(grant_id)
        return Command(("HMGET", key, *names), key)

    # --- listing ---

    @hookimpl
    def list_grants(
        self, client_id: str | None, subject: str | None, after: str | None, limit: int
    ) -> Page[Grant]:
        keys = self._store.keys
        if client_id is None and subject is None:
            ranges = [Range(keys.shard("grant", number), "") for number in range(SHARDS)]
        else:
            ranges = [range_of(keys, client_id, subject)]
        found: list[tuple[_Place, Grant]] = []
        start: _Place = (0, "", "") if after is None else tuple(json.loads(after))
        for each in self._entries(ranges, start, limit + 1):
            if not _is_listed(each[1], client_id, subject):
                continue
            found.append(each)
            if len(found) > limit:
                return Page(tuple(g for _, g in found[:limit]), json.dumps(found[limit - 1][0]))
        return Page(tuple(grant for _, grant in found))

    def _entries(
        self, ranges: Sequence[Range], start: _Place, count: int
    ) -> Iterator[tuple[_Place, Grant]]:
        """Yield the saved grants beyond a place, each with its own place."""
        first, score, member = start
        for number in range(first, len(ranges)):
            asked = ranges[number]
            while flat := self._store.call("page", [asked.index], count, score, member):
                entries = [(m.decode(), s.decode()) for m, s in _in_pairs(flat)]
                ids = [asked.grant_id(member) for member, _ in entries]
                grants = self._grants([each for each in ids if each is not None])
                for grant_id, (member, score) in zip(ids, entries, strict=True):
                    grant = None if grant_id is None else next(grants)
                    if grant is not None:
                        yield (number, score, member), grant
            score = member = ""

    def _grants(self, ids: Sequence[str]) -> Iterator[Grant | None]:
        answers = self._store.run(*(self._ask(grant_id, *GRANT_FIELDS) for grant_id in ids))
        return iter([unpacked_grant(i, a) for i, a in zip(ids, answers, strict=True)])

    # --- purging ---

    @hookimpl
    def purge_tokens(self, now: int, limit: int) -> Purged:
        return self._store.purge("grant", now, limit, self._remove)

    def _remove(self, ids: Sequence[str], now: int) -> int:
        """Remove grants that have ended, after all that leads to them."""
        asked = (Command(("HKEYS", self._key(i)), self._key(i)) for i in ids)
        families = self._store.run(*asked, *(self._ask(i, "f") for i in ids))
        leading = [
            self._handles.token(field[2:].decode())
            for fields in families[: len(ids)]
            for field in fields
            if field[:2] == b"t:"
        ]
        leading += [self._handles.family(f.decode()) for (f,) in families[len(ids) :] if f]
        self._store.run(*(Command(("UNLINK", key), key) for key in leading))
        record = self._store.keys.record
        return sum(self._store.run(*(call("drop", record("grant", i), i, now) for i in ids)))


def _is_listed(grant: Grant, client_id: str | None, subject: str | None) -> bool:
    # An entry outside its grant's own range is left by a save that named another client.
    of_range = client_id in {None, grant.client_id} and subject in {None, grant.subject}
    return of_range and grant.revoked_at is None


def _in_pairs(flat: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)
