"""Mistakes in saving and revoking grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...errors import DuplicateError
from ...memory.tokens import MemoryTokens, Scope, _Fence, _Row
from ...records import Claim, ClaimOutcome, Grant, Page, Purged, Token, TokenState
from .broken import SabotagedBackend, let_others_go_first

__all__ = ["GRANT_SABOTAGE"]


class RevokeErrorSwallowed(SabotagedBackend):
    """Logs an error amid a sweep and reports success."""

    caught_by = "REV-03a"

    class Tokens(MemoryTokens):
        def revoke_all(
            self, client_id: str | None, subject: str | None, now: int, keep_until: int
        ) -> int:
            rows = list(self._in_range(client_id, subject))
            for grant_id in rows[:-1]:
                self.revoke_grant(grant_id, now, keep_until)
            return len(rows)


class RevokeQueued(SabotagedBackend):
    """Revokes after it has answered."""

    caught_by = "REV-01a"

    class Tokens(MemoryTokens):
        def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
            return


class RevokedAgain(SabotagedBackend):
    """Moves `revoked_at` with each revocation."""

    caught_by = "REV-02"

    class Tokens(MemoryTokens):
        def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
            super().revoke_grant(grant_id, now, keep_until)
            self._rows[grant_id].grant = replace(self._rows[grant_id].grant, revoked_at=now)


class GrantIgnoredByRevoke(SabotagedBackend):
    """Revokes a token by its digest, whosever it is."""

    caught_by = "REV-04"

    class Tokens(MemoryTokens):
        def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
            super().revoke_token(self._grant_of.get(digest, grant_id), digest, now)


class SweepByTime(SabotagedBackend):
    """Sweeps the grants given before, and overlooks what another clock dated later."""

    caught_by = "REV-06"

    class Tokens(MemoryTokens):
        def _revoke(self, row: _Row, now: int, keep_until: int) -> bool:
            return row.grant.granted_at <= now and super()._revoke(row, now, keep_until)


class UnsavedRevokeForgotten(SabotagedBackend):
    """Revokes only what is there."""

    caught_by = "REV-07a"

    class Tokens(MemoryTokens):
        def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
            if grant_id in self._rows:
                super().revoke_grant(grant_id, now, keep_until)


class FenceOneSecondShort(SabotagedBackend):
    """Lets pass what was granted in the fence's own second."""

    caught_by = "REV-07b"

    class Tokens(MemoryTokens):
        def _raise_fence(self, scope: Scope, at: int, keep_until: int) -> None:
            super()._raise_fence(scope, at - 1, keep_until)


class FenceTooWide(SabotagedBackend):
    """Raises the fence of a client and subject for all of the client."""

    caught_by = "REV-07c"

    class Tokens(MemoryTokens):
        def _raise_fence(self, scope: Scope, at: int, keep_until: int) -> None:
            wide = scope if scope[0] is None else (scope[0], None)
            super()._raise_fence(wide, at, keep_until)


class NobodyIsSomebody(SabotagedBackend):
    """Keeps a missing subject as the empty string, which a subject's fence stops."""

    caught_by = "REV-07d"

    class Tokens(MemoryTokens):
        def _refuse_revoked(self, grant: Grant) -> None:
            super()._refuse_revoked(replace(grant, subject=grant.subject or ""))


class FenceLowered(SabotagedBackend):
    """Overwrites a fence with whatever comes later."""

    caught_by = "REV-07e"

    class Tokens(MemoryTokens):
        def _raise_fence(self, scope: Scope, at: int, keep_until: int) -> None:
            self._fences[scope] = _Fence(at, keep_until)


class LookThenCommit(SabotagedBackend):
    """Looks at the fences, then writes: a sweep in between finds nothing to revoke."""

    caught_by = "REV-07h"

    class Tokens(MemoryTokens):
        def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
            with self._lock:
                row = self._rows.get(grant.grant_id)
                super()._refuse_revoked(row.grant if row else grant)
            let_others_go_first()
            super().save_token(grant, tokens)

        def _refuse_revoked(self, grant: Grant) -> None:
            return


class MarkNotAsked(SabotagedBackend):
    """Asks the fences, but not the grant's own mark."""

    caught_by = "FAM-07"

    class Tokens(MemoryTokens):
        def _refuse_revoked(self, grant: Grant) -> None:
            super()._refuse_revoked(replace(grant, revoked_at=None))

        def _save(self, grant: Grant, tokens: Sequence[Token]) -> None:
            super()._save(grant, tokens)
            row = self._rows[grant.grant_id]
            row.grant = replace(row.grant, revoked_at=grant.revoked_at)


class KeepUntilOverwritten(SabotagedBackend):
    """Writes the grant anew with each save, and moves its end."""

    caught_by = "FAM-10b"

    class Tokens(MemoryTokens):
        def _save(self, grant: Grant, tokens: Sequence[Token]) -> None:
            super()._save(grant, tokens)
            row = self._rows[grant.grant_id]
            row.grant = replace(row.grant, keep_until=grant.keep_until)


class HalfASave(SabotagedBackend):
    """Saves token by token, and stops at the one that exists."""

    caught_by = "RT-02g"

    class Tokens(MemoryTokens):
        def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
            for token in tokens:
                super().save_token(grant, [token])


class DuplicateReplaces(SabotagedBackend):
    """Upserts tokens by their digest."""

    caught_by = "RT-02j"

    class Tokens(MemoryTokens):
        def _refuse_duplicates(
            self, grant: Grant, row: _Row | None, tokens: Sequence[Token]
        ) -> None:
            return


class CapNotKept(SabotagedBackend):
    """Keeps every access token that a grant ever had, until it expires."""

    caught_by = "IDX-06a"
    tokens_per_grant = 10**9


class EndlessTokensPurged(SabotagedBackend):
    """Takes no expiry for an expiry long ago."""

    caught_by = "EXP-06"

    class Tokens(MemoryTokens):
        def purge_tokens(self, now: int, limit: int) -> Purged:
            for row in list(self._rows.values()):
                for digest, token in list(row.access.items()):
                    if token.expires_at is None:
                        self._drop(row, digest)
            return super().purge_tokens(now, limit)


class FencePurgedEarly(SabotagedBackend):
    """Purges fences that have done their work, as it thinks."""

    caught_by = "EXP-05h"

    class Tokens(MemoryTokens):
        def purge_tokens(self, now: int, limit: int) -> Purged:
            self._fences = {s: f for s, f in self._fences.items() if now < f.at}
            return super().purge_tokens(now, limit)


class RevokedGrantsListed(SabotagedBackend):
    """Lists grants without a look at their mark."""

    caught_by = "IDX-08b"

    class Tokens(MemoryTokens):
        def _revoke(self, row: _Row, now: int, keep_until: int) -> bool:
            for digest, token in row.access.items():
                row.access[digest] = replace(token, state=TokenState.REVOKED)
            return True


class PageSkipsOne(SabotagedBackend):
    """Begins each page one too late."""

    caught_by = "IDX-08a"

    class Tokens(MemoryTokens):
        def list_grants(
            self, client_id: str | None, subject: str | None, after: str | None, limit: int
        ) -> Page[Grant]:
            page = super().list_grants(client_id, subject, after, limit)
            return page if after is None else Page(page.items[1:], page.cursor)


class RedeemedInTwoSteps(SabotagedBackend):
    """Claims, then saves: a refused save has used the credential up."""

    caught_by = "ONE-08b"

    class Tokens(MemoryTokens):
        def redeem_credential(
            self,
            kind: str,
            digest: str,
            client_id: str,
            grant: Grant,
            tokens: Sequence[Token],
            now: int,
        ) -> Claim:
            claim = self._credentials.claim_credential(kind, digest, client_id, now)
            if claim.outcome is ClaimOutcome.WON:
                self.save_token(grant, tokens)
            return claim


class DuplicateTakenForSuccess(SabotagedBackend):
    """Takes the duplicate of a redemption for its own repeated delivery."""

    caught_by = "ONE-08b"

    class Tokens(MemoryTokens):
        def _save(self, grant: Grant, tokens: Sequence[Token]) -> None:
            try:
                super()._save(grant, tokens)
            except DuplicateError:
                return


class EmptyGrantTakenBack(SabotagedBackend):
    """Removes the grant of a refused save if it has no tokens, also where it was there before."""

    caught_by = "RT-06j"

    class Tokens(MemoryTokens):
        def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
            try:
                super().save_token(grant, tokens)
            except DuplicateError:
                row = self._rows.get(grant.grant_id)
                if row is not None and not row.access:
                    self._remove_grant(grant.grant_id)
                raise


class AnnouncementLeft(SabotagedBackend):
    """Leaves a refused save's grant where a sweep marks it, for good."""

    caught_by = "REV-07q"

    class Tokens(MemoryTokens):
        def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
            try:
                super().save_token(grant, tokens)
            except DuplicateError:
                self._announced = grant
                raise

        def revoke_all(
            self, client_id: str | None, subject: str | None, now: int, keep_until: int
        ) -> int:
            announced = getattr(self, "_announced", None)
            if announced is not None and announced.client_id == client_id:
                self.revoke_grant(announced.grant_id, now, keep_until)
            return super().revoke_all(client_id, subject, now, keep_until)


GRANT_SABOTAGE: tuple[type[SabotagedBackend], ...] = (
    RevokeErrorSwallowed,
    RevokeQueued,
    RevokedAgain,
    GrantIgnoredByRevoke,
    SweepByTime,
    UnsavedRevokeForgotten,
    FenceOneSecondShort,
    FenceTooWide,
    NobodyIsSomebody,
    FenceLowered,
    LookThenCommit,
    MarkNotAsked,
    KeepUntilOverwritten,
    HalfASave,
    DuplicateReplaces,
    CapNotKept,
    EndlessTokensPurged,
    FencePurgedEarly,
    RevokedGrantsListed,
    PageSkipsOne,
    RedeemedInTwoSteps,
    DuplicateTakenForSuccess,
    EmptyGrantTakenBack,
    AnnouncementLeft,
)
