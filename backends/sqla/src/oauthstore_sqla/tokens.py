"""The role `tokens`: grants, their tokens and refresh families, and the fences.

A grant's row is its lock, its fence and its announcement. Saving, rotating and
sweeping write it first; SQLite has one writer at a time, so the look at the
fences holds until the commit, and a revocation waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from oauthstore_core.errors import DuplicateError, GrantRevokedError
from oauthstore_core.hookspecs import RedeemingTokenStore, hookimpl
from oauthstore_core.judgement import judge_rotation, surplus_tokens
from oauthstore_core.records import (
    Claim,
    ClaimOutcome,
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

from .credentials import SqlaCredentials
from .engine import Runner, Session, Store
from .purging import Purge
from .schema import fences, tokens
from .statements import (
    OF_CURRENT,
    OF_GRANT,
    OF_PREVIOUS,
    OF_SEALED,
    OF_TOKEN,
    TokenStatements,
)
from .values import GRANT, REFRESH, TOKEN, following, key, text

__all__ = ["SqlaTokens"]

Values = Mapping[str, Any]


class _Write:
    """What a save or a rotation writes, prepared before its transaction begins."""

    def __init__(self, tokens: Sequence[Token], grant_id: str, keep: int) -> None:
        self._keep = keep
        surplus = {token.digest for token in surplus_tokens((), tokens, keep)}
        others = [t for t in tokens if t.kind != "refresh" and t.digest not in surplus]
        counted = [t for t in others if t.kind == "access" and t.expires_at is not None]
        latest = max((token.issued_at for token in tokens), default=0)
        #: The refresh token to become current, if any.
        self.refresh = next((t for t in reversed(tokens) if t.kind == "refresh"), None)
        self.access = [TOKEN.values(t) | {"grant_id": text(grant_id)} for t in others]
        self.values: dict[str, Any] = {
            **REFRESH.values(self.refresh, "current_"),
            "latest": latest,
            "keep": keep,
            "room": max(0, keep - len(counted)),
        }
        self._adds = len(counted)
        self._drops = len(tokens) > 0

    def drops(self, droppable: int) -> bool:
        """Tell whether the grant holds access tokens to drop; see `statements`."""
        return self._drops and droppable + self._adds > self._keep


class SqlaTokens(RedeemingTokenStore):
    """A row for each grant, with its refresh family, and one for each other token."""

    def __init__(self, store: Store, credentials: SqlaCredentials, limit: int) -> None:
        self._store = store
        self._credentials = credentials
        self._limit = limit
        self._sql = TokenStatements(store)
        self._purge_expired = Purge(store, tokens.c.expires_at)
        self._purge_fences = Purge(store, fences.c.keep_until)

    # --- saving ---

    @hookimpl
    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        write = self._write(grant, tokens)
        self._store.transact(lambda session: self._save(session, write))

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
        write = self._write(grant, tokens)

        def redeem(session: Session) -> Claim:
            claim = self._credentials.claim(session, kind, digest, client_id, now)
            if claim.outcome is ClaimOutcome.WON:
                self._save(session, write)
            return claim

        return self._store.transact(redeem)

    def _write(self, grant: Grant, tokens: Sequence[Token]) -> _Write:
        write = _Write(tokens, grant.grant_id, self._limit)
        write.values |= GRANT.values(grant)
        write.values["client_scope"] = _scope(grant.client_id)
        write.values["subject_scope"] = None if grant.subject is None else _scope(grant.subject)
        return write

    def _save(self, session: Session, write: _Write) -> None:
        announced = session.rows(self._sql.announce, write.values)
        if not announced:
            raise self._refusal(session, write.values)
        self._add_access(session, write, announced[0][0])

    def _refusal(self, session: Session, values: Values) -> Exception:
        found = session.rows(self._sql.query_revoked, values)
        if found and found[0][0] is None:
            return DuplicateError("The refresh family exists: nothing was saved.")
        return GrantRevokedError("The grant is revoked: nothing was saved.")

    def _add_access(self, session: Session, write: _Write, droppable: int) -> None:
        if write.drops(droppable):
            session.count(self._sql.drop_surplus, write.values)
        for values in write.access:
            session.count(self._sql.add_token, values)

    # --- reading and rotating ---

    @hookimpl
    def query_token(self, digest: str) -> IssuedToken | None:
        rows = self._store.rows(self._sql.query_token, {"digest": key(digest)})
        if not rows:
            return None
        return IssuedToken(GRANT.record(rows[0][OF_TOKEN.stop :]), TOKEN.record(rows[0][OF_TOKEN]))

    @hookimpl
    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        return self._family(self._store, key(family))[0]

    def _family(self, runner: Runner, family: bytes) -> tuple[RefreshFamily | None, bytes | None]:
        rows = runner.rows(self._sql.query_family, {"family": family})
        if not rows or rows[0][OF_CURRENT.start] is None:
            return None, None
        row = rows[0]
        current = REFRESH.record(row[OF_CURRENT], kind="refresh")
        previous = _predecessor(row[OF_PREVIOUS])
        return RefreshFamily(GRANT.record(row[OF_GRANT]), current, previous), row[OF_SEALED]

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
        write = _Write(successors, "", self._limit)
        successor = next(token.digest for token in successors if token.kind == "refresh")
        write.values |= {
            "family": key(family),
            "presented": key(digest),
            "client_id": text(client_id),
            "sealed_response": sealed_response,
            "now": now,
        }

        def rotate(session: Session) -> Rotation:
            token = self._rotate(session, write)
            if token is not None:
                return Rotation(RotationOutcome.WON, token)
            found, sealed = self._family(session, write.values["family"])
            rotation = judge_rotation(found, digest, client_id, successor, sealed, now, grace)
            if found is not None and rotation.outcome is RotationOutcome.REUSED:
                values = {"grant_id": text(found.grant.grant_id), "now": now}
                session.count(self._sql.revoke_live, values)
            return rotation

        return self._store.transact(rotate)

    def _rotate(self, session: Session, write: _Write) -> Token | None:
        rotated = session.rows(self._sql.rotate, write.values)
        if not rotated:
            return None
        grant_id, droppable, *presented = rotated[0]
        write.values["grant_id"] = grant_id
        for values in write.access:
            values["grant_id"] = grant_id
        self._add_access(session, write, droppable)
        token = _predecessor(presented)
        return token and replace(token, state=TokenState.ACTIVE, rotated_at=None)

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
        fence = {
            "client_scope": _scope(client_id),
            "subject_scope": _scope(subject),
            "at": now,
            "keep_until": keep_until,
        }
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
        def purge(session: Session) -> Purged:
            expired = self._purge_expired.on(session, now, limit)
            ended = self._purge_grants(session, now, limit - expired.count)
            rest = limit - expired.count - ended.count
            fallen = self._purge_fences.on(session, now, rest)
            count = expired.count + ended.count + fallen.count
            return Purged(count, expired.more or ended.more or fallen.more)

        return self._store.transact(purge)

    def _purge_grants(self, session: Session, now: int, limit: int) -> Purged:
        values = {"now": now, "limit": limit}
        session.count(self._sql.purge_tokens, values)
        count = session.count(self._sql.purge_grants, values)
        more = count >= limit and bool(session.rows(self._sql.query_ended, {**values, "limit": 1}))
        return Purged(count, more)


def _predecessor(row: Sequence[Any]) -> Token | None:
    if row[0] is None:
        return None
    return REFRESH.record(row, kind="refresh", state=TokenState.ROTATED)


def _scope(name: str | None) -> str:
    return "" if name is None else f"={text(name)}"
