"""Grants, tokens and refresh families in memory."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..errors import DuplicateError, GrantRevokedError
from ..hookspecs import RedeemingTokenStore, hookimpl
from ..judgement import judge_rotation, surplus_tokens
from ..records import (
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
from .credentials import MemoryCredentials
from .deadlines import Deadlines
from .pages import page_of

__all__ = ["MemoryTokens"]

#: A client, a subject, or both: what a fence or a sweep covers.
Scope = tuple[str | None, str | None]


@dataclass(slots=True)
class _Row:
    """A grant with everything that came out of it."""

    grant: Grant
    access: dict[str, Token] = field(default_factory=dict)
    current: Token | None = None
    previous: Token | None = None
    sealed_response: bytes | None = None

    def family(self) -> RefreshFamily | None:
        """Return the refresh family, if the grant has one."""
        if self.current is None:
            return None
        return RefreshFamily(self.grant, self.current, self.previous)


@dataclass(slots=True)
class _Fence:
    at: int
    keep_until: int


class MemoryTokens(RedeemingTokenStore):
    """Grant id to row, with indexes by digest, family, client and subject."""

    def __init__(self, lock: threading.Lock, credentials: MemoryCredentials, limit: int) -> None:
        self._lock = lock
        self._credentials = credentials
        self._limit = limit
        self._rows: dict[str, _Row] = {}
        self._grant_of: dict[str, str] = {}
        self._grant_of_family: dict[str, str] = {}
        self._of_client: dict[str, set[str]] = defaultdict(set)
        self._of_subject: dict[str, set[str]] = defaultdict(set)
        self._fences: dict[Scope, _Fence] = {}
        self._expired: Deadlines[str] = Deadlines()
        self._ended: Deadlines[str] = Deadlines()
        self._fallen: Deadlines[Scope] = Deadlines()

    # --- saving ---

    @hookimpl
    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        with self._lock:
            self._save(grant, tokens)

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
        with self._lock:
            claim = self._credentials.judge(kind, digest, client_id, now)
            if claim.outcome is ClaimOutcome.WON:
                self._save(grant, tokens)
                self._credentials.mark_used(kind, digest)
            return claim

    def _save(self, grant: Grant, tokens: Sequence[Token]) -> None:
        row = self._rows.get(grant.grant_id)
        self._refuse_revoked(row.grant if row else grant)
        self._refuse_duplicates(grant, row, tokens)
        if row is None:
            row = self._add_row(grant)
        elif row.grant.family is None and grant.family is not None:
            row.grant = replace(row.grant, family=grant.family)
        if row.grant.family is not None:
            self._grant_of_family[row.grant.family] = grant.grant_id
        for token in tokens:
            if token.kind == "refresh":
                row.current = token
        self._add_access(row, tokens)

    def _refuse_revoked(self, grant: Grant) -> None:
        fences = (self._fences.get(scope) for scope in _scopes_over(grant))
        if grant.revoked_at is not None or any(f and grant.granted_at <= f.at for f in fences):
            raise GrantRevokedError("The grant is revoked: nothing was saved.")

    def _refuse_duplicates(self, grant: Grant, row: _Row | None, tokens: Sequence[Token]) -> None:
        self._refuse_duplicate_access(tokens)
        has_family = row is not None and row.grant.family is not None
        if has_family and any(token.kind == "refresh" for token in tokens):
            raise DuplicateError("The grant has a refresh family: nothing was saved.")
        if not has_family and grant.family in self._grant_of_family:
            raise DuplicateError("The refresh family exists: nothing was saved.")

    def _refuse_duplicate_access(self, tokens: Sequence[Token]) -> None:
        left_out = surplus_tokens((), tokens, self._limit)
        access = [t.digest for t in tokens if t.kind != "refresh" and t not in left_out]
        if len(set(access)) < len(access) or any(digest in self._grant_of for digest in access):
            raise DuplicateError("A token of that digest exists: nothing was saved.")

    def _add_row(self, grant: Grant) -> _Row:
        row = self._rows[grant.grant_id] = _Row(grant)
        self._of_client[grant.client_id].add(grant.grant_id)
        if grant.subject is not None:
            self._of_subject[grant.subject].add(grant.grant_id)
        if grant.keep_until is not None:
            self._ended.add(grant.keep_until, grant.grant_id)
        return row

    def _add_access(self, row: _Row, tokens: Sequence[Token]) -> None:
        stored = list(row.access.values())
        surplus = surplus_tokens(stored, tokens, self._limit)
        for token in stored:
            if token in surplus:
                self._drop(row, token.digest)
        for token in tokens:
            if token.kind == "refresh" or token in surplus:
                continue
            row.access[token.digest] = token
            self._grant_of[token.digest] = row.grant.grant_id
            if token.expires_at is not None:
                self._expired.add(token.expires_at, token.digest)

    def _drop(self, row: _Row, digest: str) -> None:
        del row.access[digest]
        del self._grant_of[digest]

    # --- reading and rotating ---

    @hookimpl
    def query_token(self, digest: str) -> IssuedToken | None:
        with self._lock:
            grant_id = self._grant_of.get(digest)
            if grant_id is None:
                return None
            row = self._rows[grant_id]
            return IssuedToken(row.grant, row.access[digest])

    @hookimpl
    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        with self._lock:
            row = self._row_of_family(family)
            return row.family() if row else None

    def _row_of_family(self, family: str) -> _Row | None:
        grant_id = self._grant_of_family.get(family)
        return None if grant_id is None else self._rows[grant_id]

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
        successor = next(token for token in successors if token.kind == "refresh")
        with self._lock:
            row = self._row_of_family(family)
            rotation = judge_rotation(
                row.family() if row else None,
                digest,
                client_id,
                successor.digest,
                row.sealed_response if row else None,
                now,
                grace,
            )
            if row is None or row.current is None:
                return rotation
            if rotation.outcome is RotationOutcome.REUSED:
                row.grant = replace(row.grant, revoked_at=now)
            elif rotation.outcome is RotationOutcome.WON and row.current.digest == digest:
                self._refuse_duplicate_access(successors)
                row.previous = replace(row.current, state=TokenState.ROTATED, rotated_at=now)
                row.current = successor
                row.sealed_response = sealed_response
                self._add_access(row, successors)
            return rotation

    # --- revoking ---

    @hookimpl
    def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
        with self._lock:
            row = self._rows.get(grant_id)
            if row is not None and digest in row.access:
                row.access[digest] = replace(row.access[digest], state=TokenState.REVOKED)

    @hookimpl
    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        with self._lock:
            row = self._rows.get(grant_id)
            if row is None:
                row = self._add_row(Grant(grant_id, client_id="", keep_until=keep_until))
            self._revoke(row, now, keep_until)
            self._end(row, keep_until)

    @hookimpl
    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        if client_id is None and subject is None:
            raise ValueError("revoke_all needs a client id, a subject, or both; both are None.")
        with self._lock:
            self._raise_fence((client_id, subject), now, keep_until)
            rows = [self._rows[grant_id] for grant_id in self._in_range(client_id, subject)]
            return sum(self._revoke(row, now, keep_until) for row in rows)

    def _raise_fence(self, scope: Scope, at: int, keep_until: int) -> None:
        fence = self._fences.setdefault(scope, _Fence(at, keep_until))
        fence.at = max(fence.at, at)
        fence.keep_until = max(fence.keep_until, keep_until)
        self._fallen.add(fence.keep_until, scope)

    def _in_range(self, client_id: str | None, subject: str | None) -> Iterable[str]:
        if client_id is None:
            return () if subject is None else self._of_subject.get(subject, ())
        of_client = self._of_client.get(client_id, set())
        if subject is None:
            return of_client
        return of_client & self._of_subject.get(subject, set())

    def _revoke(self, row: _Row, now: int, keep_until: int) -> bool:
        if row.grant.revoked_at is not None:
            return False
        row.grant = replace(row.grant, revoked_at=now)
        self._end(row, keep_until)
        return True

    def _end(self, row: _Row, keep_until: int) -> None:
        if row.grant.keep_until is None:
            row.grant = replace(row.grant, keep_until=keep_until)
            self._ended.add(keep_until, row.grant.grant_id)

    # --- listing and purging ---

    @hookimpl
    def list_grants(
        self, client_id: str | None, subject: str | None, after: str | None, limit: int
    ) -> Page[Grant]:
        with self._lock:
            everything = client_id is None and subject is None
            ids = self._rows if everything else self._in_range(client_id, subject)
            grants = ((grant_id, self._rows[grant_id].grant) for grant_id in ids)
            return page_of((i for i in grants if i[1].revoked_at is None), after, limit)

    @hookimpl
    def purge_tokens(self, now: int, limit: int) -> Purged:
        with self._lock:
            tokens = self._expired.purge(now, limit, self._token_end, self._remove_token)
            rest = limit - tokens.count
            grants = self._ended.purge(now, rest, self._grant_end, self._remove_grant)
            rest -= grants.count
            fences = self._fallen.purge(now, rest, self._fence_end, self._remove_fence)
            return Purged(
                tokens.count + grants.count + fences.count,
                tokens.more or grants.more or fences.more,
            )

    def _token_end(self, digest: str) -> int | None:
        grant_id = self._grant_of.get(digest)
        return None if grant_id is None else self._rows[grant_id].access[digest].expires_at

    def _remove_token(self, digest: str) -> None:
        self._drop(self._rows[self._grant_of[digest]], digest)

    def _grant_end(self, grant_id: str) -> int | None:
        return self._rows[grant_id].grant.keep_until

    def _remove_grant(self, grant_id: str) -> None:
        row = self._rows.pop(grant_id)
        for digest in list(row.access):
            self._drop(row, digest)
        if row.grant.family is not None:
            del self._grant_of_family[row.grant.family]
        _discard(self._of_client, row.grant.client_id, grant_id)
        if row.grant.subject is not None:
            _discard(self._of_subject, row.grant.subject, grant_id)

    def _fence_end(self, scope: Scope) -> int | None:
        fence = self._fences.get(scope)
        return None if fence is None else fence.keep_until

    def _remove_fence(self, scope: Scope) -> None:
        del self._fences[scope]


def _scopes_over(grant: Grant) -> Iterable[Scope]:
    yield (grant.client_id, None)
    if grant.subject is not None:
        yield (None, grant.subject)
        yield (grant.client_id, grant.subject)


def _discard(index: dict[str, set[str]], key: str, grant_id: str) -> None:
    index[key].discard(grant_id)
    if not index[key]:
        del index[key]
