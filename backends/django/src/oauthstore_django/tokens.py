"""The role `tokens`: grants, their tokens and refresh families, and the fences."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from oauthstore_core import records
from oauthstore_core.hookspecs import RedeemingTokenStore, hookimpl
from oauthstore_core.records import (
    Claim,
    IssuedToken,
    Page,
    Purged,
    RefreshFamily,
    Rotation,
    TokenState,
)

from .connections import OwnConnection
from .credentials import CredentialCall
from .models import Fence, Grant, Token
from .statements import Purge, looked_up, looked_up_with, stored, table, upserted
from .store import Store
from .writing import RotationCall, TokenWriter, Write, scope

__all__ = ["DjangoTokens"]


class DjangoTokens(RedeemingTokenStore):
    """A row for each grant, with its refresh family, and one for each other token."""

    def __init__(self, store: Store, limit: int) -> None:
        self._store = store
        self._writer = TokenWriter(store)
        self._limit = limit
        self._purge_expired = Purge(store, Token, "expires_at")
        self._purge_fences = Purge(store, Fence, "keep_until")

    # --- saving ---

    @hookimpl
    def save_token(self, grant: records.Grant, tokens: Sequence[records.Token]) -> None:
        self._writer.save(grant, Write(tokens, self._limit))

    @hookimpl
    def redeem_credential(
        self,
        kind: str,
        digest: str,
        client_id: str,
        grant: records.Grant,
        tokens: Sequence[records.Token],
        now: int,
    ) -> Claim:
        call = CredentialCall(kind, digest, client_id, now)
        return self._writer.redeem(call, grant, Write(tokens, self._limit))

    # --- reading and rotating ---

    @hookimpl
    def query_token(self, digest: str) -> IssuedToken | None:
        def query(lent: OwnConnection) -> Token | None:
            return looked_up_with(Token, "grant", lent, digest=digest)

        found = self._store.read(query)
        return None if found is None else IssuedToken(found.grant.record(), found.record())

    @hookimpl
    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        found = self._store.read(lambda lent: looked_up(Grant, lent, family=family))
        return None if found is None else found.refresh_family()

    @hookimpl
    def rotate_refresh_token(
        self,
        family: str,
        digest: str,
        client_id: str,
        successors: Sequence[records.Token],
        sealed_response: bytes | None,
        now: int,
        grace: int,
    ) -> Rotation:
        successor = next(token.digest for token in successors if token.kind == "refresh")
        call = RotationCall(family, digest, client_id, successor, sealed_response, now, grace)
        return self._writer.rotate(call, Write(successors, self._limit))

    # --- revoking ---

    @hookimpl
    def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
        def revoke(lent: OwnConnection) -> int:
            this = stored(Token, lent).filter(pk=digest, grant_id=grant_id)
            return this.update(state=TokenState.REVOKED.value)

        self._store.write(revoke)

    @hookimpl
    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        # Where it is yet to be saved, a tombstone.
        row = Grant(
            grant_id=grant_id,
            client_id="",
            granted_at=0,
            keep_until=keep_until,
            revoked_at=now,
            payload="{}",
        )
        self._store.write(lambda lent: upserted(row, lent, _REVOKE))

    @hookimpl
    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        if client_id is None and subject is None:
            raise ValueError("revoke_all needs a client id, a subject, or both; both are None.")
        fence = Fence(scope=scope(client_id, subject), at=now, keep_until=keep_until)
        # One after the other, each committed: the sweep must see what was saved before the fence.
        self._store.write(lambda lent: upserted(fence, lent, _RAISE))
        self._store.read(lambda lent: self._store.engine.await_announced(lent, fence.scope))

        def sweep(lent: OwnConnection) -> int:
            ended = Coalesce("keep_until", Value(keep_until))
            return _in_range(lent, client_id, subject).update(revoked_at=now, keep_until=ended)

        return self._store.write(sweep)

    # --- listing and purging ---

    @hookimpl
    def list_grants(
        self, client_id: str | None, subject: str | None, after: str | None, limit: int
    ) -> Page[records.Grant]:
        def query(lent: OwnConnection) -> list[Grant]:
            found = _in_range(lent, client_id, subject).order_by("pk")
            found = found if after is None else found.filter(pk__gt=after)
            return list(found[: limit + 1])

        found = [row.record() for row in self._store.read(query)]
        more = len(found) > limit
        return Page(tuple(found[:limit]), found[limit - 1].grant_id if more else None)

    @hookimpl
    def purge_tokens(self, now: int, limit: int) -> Purged:
        expired = self._purge_expired(now, limit)
        ended = self._writer.purge_grants(now, limit - expired.count)
        fallen = self._purge_fences(now, limit - expired.count - ended.count)
        count = expired.count + ended.count + fallen.count
        return Purged(count, expired.more or ended.more or fallen.more)


def _in_range(lent: OwnConnection, client_id: str | None, subject: str | None) -> QuerySet[Grant]:
    """Return all grants in range that are not revoked."""
    found = stored(Grant, lent).filter(revoked_at=None)
    found = found if client_id is None else found.filter(client_id=client_id)
    return found if subject is None else found.filter(subject=subject)


_GRANTS = table(Grant)
_FENCES = table(Fence)
#: The first mark stays, and the first end.
_REVOKE = (
    f"SET revoked_at = coalesce({_GRANTS}.revoked_at, excluded.revoked_at),"
    f" keep_until = coalesce({_GRANTS}.keep_until, excluded.keep_until)"
)
#: A fence only rises.
_RAISE = "SET " + ", ".join(
    f"{name} = CASE WHEN {_FENCES}.{name} < excluded.{name}"
    f" THEN excluded.{name} ELSE {_FENCES}.{name} END"
    for name in ("at", "keep_until")
)
