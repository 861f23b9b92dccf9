"""The role `tokens`: grants, their tokens and refresh families, and the fences."""

from __future__ import annotations

from collections.abc import Sequence

from oauthstore_core.hookspecs import RedeemingTokenStore, hookimpl
from oauthstore_core.records import (
    Claim,
    Grant,
    IssuedToken,
    Page,
    Purged,
    RefreshFamily,
    Rotation,
    Token,
)

from .credentials import CredentialCall
from .purging import Purge
from .schema import fences, tokens
from .statements import OF_TOKEN
from .store import Store
from .values import GRANT, TOKEN, following, key, scope, text
from .writing import RotationCall, TokenWriter, Write, family_of

__all__ = ["SqlaTokens"]


class SqlaTokens(RedeemingTokenStore):
    """A row for each grant, with its refresh family, and one for each other token."""

    def __init__(self, store: Store, writer: TokenWriter, limit: int) -> None:
        self._store = store
        self._writer = writer
        self._limit = limit
        self._sql = writer.sql
        self._purge_expired = Purge(store, tokens.c.expires_at)
        self._purge_fences = Purge(store, fences.c.keep_until)

    # --- saving ---

    @hookimpl
    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        write = Write(tokens, self._limit)
        write.under(grant)
        self._writer.save(write)

    @hookimpl
    def redeem_credential(
        self,
        kind: str,
        digest: str,
        client_id: str,
        grant: Grant,
        tokens: Sequence[Token],
        now: int,
    ) -> Claim:
        write = Write(tokens, self._limit)
        write.under(grant)
        return self._writer.redeem(CredentialCall(kind, digest, client_id, now), write)

    # --- reading and rotating ---

    @hookimpl
    def query_token(self, digest: str) -> IssuedToken | None:
        rows = self._store.rows(self._sql.query_token, {"digest": key(digest)})
        if not rows:
            return None
        return IssuedToken(GRANT.record(rows[0][OF_TOKEN.stop :]), TOKEN.record(rows[0][OF_TOKEN]))

    @hookimpl
    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        rows = self._store.rows(self._sql.query_family, {"family": key(family)})
        return family_of(rows[0]) if rows else None

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
        write = Write(successors, self._limit)
        write.values |= {
            "family": key(family),
            "presented": key(digest),
            "client_id": text(client_id),
            "sealed_response": sealed_response,
            "now": now,
        }
        successor = next(token.digest for token in successors if token.kind == "refresh")
        call = RotationCall(digest, client_id, successor, now, grace)
        return self._writer.rotate(call, write)

    # --- revoking ---

    @hookimpl
    def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
        values = {"grant_id": text(grant_id), "digest": key(digest)}
        self._store.count(self._sql.revoke_token, values)

    @hookimpl
    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        values = {"grant_id": text(grant_id), "now": now, "keep_until": keep_until}
        self._store.count(self._sql.revoke_grant, values)

    @hookimpl
    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        if client_id is None and subject is None:
            raise ValueError("revoke_all needs a client id, a subject, or both; both are None.")
        fence = {"scope": scope(client_id, subject), "at": now, "keep_until": keep_until}
        # Two transactions: the sweep must see what was saved before the fence stood.
        self._store.count(self._sql.raise_fence, fence)
        sweep = {
            "client_id": text(client_id),
            "subject": text(subject),
            "now": now,
            "keep_until": keep_until,
        }
        return self._store.count(self._sql.sweep(client_id, subject), sweep)

    # --- listing and purging ---

    @hookimpl
    def list_grants(
        self, client_id: str | None, subject: str | None, after: str | None, limit: int
    ) -> Page[Grant]:
        values = {
            "client_id": text(client_id),
            "subject": text(subject),
            "start": following(after),
            "limit": limit + 1,
        }
        rows = self._store.rows(self._sql.page(client_id, subject), values)
        found = [GRANT.record(row) for row in rows]
        more = len(found) > limit
        return Page(tuple(found[:limit]), found[limit - 1].grant_id if more else None)

    @hookimpl
    def purge_tokens(self, now: int, limit: int) -> Purged:
        expired = self._purge_expired(now, limit)
        ended = self._writer.purge_grants(now, limit - expired.count)
        fallen = self._purge_fences(now, limit - expired.count - ended.count)
        count = expired.count + ended.count + fallen.count
        return Purged(count, expired.more or ended.more or fallen.more)
