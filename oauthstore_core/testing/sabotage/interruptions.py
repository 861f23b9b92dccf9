"""Mistakes that show only between two I/Os, between two processes, or when something fails."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from ...errors import (
    DuplicateError,
    GrantRevokedError,
    StoreTimeoutError,
    StoreUnavailableError,
)
from ...memory import MemoryBackend
from ...memory.deadlines import Deadlines
from ...records import (
    Claim,
    ClaimOutcome,
    Credential,
    Grant,
    IssuedToken,
    Rotation,
    Token,
    TokenState,
)
from .broken import let_others_go_first
from .files import FileBackend

__all__ = ["INTERRUPTION_SABOTAGE"]


class ClaimLockedInItsProcess(FileBackend):
    """Keeps the threads of its process out of a claim, and no other process."""

    caught_by = "ONE-01b"

    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        with self.process_lock, self.session() as session:
            backend = session.load()
            claim = backend.credentials.claim_credential(kind, digest, client_id, now)
            let_others_go_first()
            session.keep(backend)
        return claim


class NonceLockedInItsProcess(FileBackend):
    """Keeps the threads of its process from using a nonce at once, and no other process."""

    caught_by = "RPL-01d"

    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        with self.process_lock, self.session() as session:
            backend = session.load()
            first = backend.nonces.claim_nonce(digest, expires_at, now)
            let_others_go_first()
            session.keep(backend)
        return first


class FenceLookedAtBeforeTheCommit(FileBackend):
    """Looks at the fences, and saves in a transaction that begins later."""

    caught_by = "REV-07k"

    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        with self.session() as session:
            session.load().tokens._refuse_revoked(grant)

        def save(backend: MemoryBackend) -> None:
            row = backend.tokens._rows.get(grant.grant_id)
            if row is not None and row.grant.revoked_at is not None:
                raise GrantRevokedError("The grant is revoked: nothing was saved.")
            with patch.object(backend.tokens, "_refuse_revoked"):
                backend.tokens.save_token(grant, tokens)

        self.change(save)


class SweepBeforeFence(FileBackend):
    """Sweeps, then raises the fence: what is saved in between is neither swept nor fenced."""

    caught_by = "REV-07k"

    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        def sweep(backend: MemoryBackend) -> int:
            with patch.object(backend.tokens, "_raise_fence"):
                return backend.tokens.revoke_all(client_id, subject, now, keep_until)

        count = self.change(sweep)
        self.change(lambda b: b.tokens._raise_fence((client_id, subject), now, keep_until))
        assert isinstance(count, int)
        return count


class MarkLookedAtBeforeTheCommit(FileBackend):
    """Rotates in a transaction that does not look again whether the grant was revoked."""

    caught_by = "FAM-06g"

    def rotate_refresh_token(self, *values: Any, **names: Any) -> object:
        with self.session() as session:
            before = session.load().tokens._row_of_family(values[0])
            revoked_at = before.grant.revoked_at if before else None

        def rotate(backend: MemoryBackend) -> Rotation:
            row = backend.tokens._row_of_family(values[0])
            if row is not None:
                row.grant = replace(row.grant, revoked_at=revoked_at)
            return backend.tokens.rotate_refresh_token(*values, **names)

        return self.change(rotate)


class IndexInALaterCommit(FileBackend):
    """Saves the tokens, and commits before the grant is in the indexes of client and subject."""

    caught_by = "FLT-01e"

    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        def save(backend: MemoryBackend) -> None:
            backend.tokens.save_token(grant, tokens)
            backend.tokens._of_client[grant.client_id].discard(grant.grant_id)
            backend.tokens._of_subject[str(grant.subject)].discard(grant.grant_id)

        def index(backend: MemoryBackend) -> None:
            backend.tokens._of_client[grant.client_id].add(grant.grant_id)
            backend.tokens._of_subject[str(grant.subject)].add(grant.grant_id)

        self.change(save)
        self.change(index)


class DeadlineInALaterCommit(FileBackend):
    """Saves a credential, and commits before the index of the purge has its end."""

    caught_by = "FLT-01d"

    def save_credential(self, credential: Credential, now: int) -> None:
        def save(backend: MemoryBackend) -> None:
            index = backend.credentials._deadlines
            backend.credentials._deadlines = Deadlines()
            backend.credentials.save_credential(credential, now)
            backend.credentials._deadlines = index

        def note(backend: MemoryBackend) -> None:
            key = (credential.kind, credential.digest)
            backend.credentials._deadlines.add(credential.keep_until, key)

        self.change(save)
        self.change(note)


class AnnouncementOfAnotherTakenBack(FileBackend):
    """Stores the grant first, and removes it after a refusal; another may have saved it since."""

    caught_by = "RT-06k"

    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        fresh = self.change(lambda b: grant.grant_id not in b.tokens._rows)
        self.change(lambda b: b.tokens.save_token(grant, []))
        try:
            self.change(lambda b: b.tokens.save_token(grant, tokens))
        except DuplicateError:
            if fresh:
                self.change(lambda b: b.tokens._remove_grant(grant.grant_id))
            raise


class RotationInTwoCommits(FileBackend):
    """Marks the predecessor in one transaction, and brings the successor in the next."""

    caught_by = "FLT-01e"

    def rotate_refresh_token(self, *values: Any, **names: Any) -> object:
        family, digest, *_ = values

        def mark(backend: MemoryBackend) -> None:
            row = backend.tokens._row_of_family(family)
            if row is not None and row.current is not None and row.current.digest == digest:
                row.previous = replace(row.current, state=TokenState.ROTATED, rotated_at=0)

        self.change(mark)
        return self.change(lambda b: b.tokens.rotate_refresh_token(*values, **names))


class RedeemedInTwoCommits(FileBackend):
    """Claims in one transaction, and saves in the next."""

    caught_by = "FLT-01g"

    def redeem_credential(
        self,
        kind: str,
        digest: str,
        client_id: str,
        grant: Grant,
        tokens: Sequence[Token],
        now: int,
    ) -> Claim:
        claim = self.change(lambda b: b.credentials.claim_credential(kind, digest, client_id, now))
        assert isinstance(claim, Claim)
        if claim.outcome is ClaimOutcome.WON:
            self.change(lambda b: b.tokens.save_token(grant, tokens))
        return claim


class LockLeftBehind(FileBackend):
    """Writes down who holds the store, and nobody removes what a killed process wrote."""

    caught_by = "FLT-01e"

    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        with self.session() as session:
            for _ in range(50):
                if session.execute(
                    "INSERT INTO held SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM held) RETURNING 1"
                ):
                    break
                time.sleep(0.001)
            else:
                raise StoreTimeoutError("The store was to be used, but it is held. Try again.")
            try:
                self.change(lambda b: b.tokens.save_token(grant, tokens))
            finally:
                session.execute("DELETE FROM held")


class LostReplyTakenForLoss(FileBackend):
    """Asks again after a lost reply: the claimer is told that another was first."""

    caught_by = "FLT-02d"

    def claim_credential(self, *values: object) -> object:
        try:
            return self.do("credentials", "claim_credential", *values)
        except StoreUnavailableError:
            return self.do("credentials", "claim_credential", *values)


class LostReplyCountedTwice(FileBackend):
    """Asks again after a lost reply: one attempt to sign in counts for two."""

    caught_by = "FLT-02b"

    def count_attempt(self, *values: object) -> object:
        try:
            return self.do("accounts", "count_attempt", *values)
        except StoreUnavailableError:
            return self.do("accounts", "count_attempt", *values)


class DuplicateOfItsOwn(FileBackend):
    """Asks again after a lost reply: the save finds its own tokens, and takes them for others'."""

    caught_by = "FLT-02e"

    def save_token(self, *values: object) -> None:
        try:
            self.do("tokens", "save_token", *values)
        except StoreUnavailableError:
            self.do("tokens", "save_token", *values)


class ErrorTakenForNothing(FileBackend):
    """Answers None where the store could not be read."""

    caught_by = "FLT-04e"

    def query_token(self, digest: str) -> IssuedToken | None:
        try:
            found: IssuedToken | None = self.do("tokens", "query_token", digest)
        except StoreUnavailableError:
            return None
        return found


class NonceFailsOpen(FileBackend):
    """Takes a nonce for new where it could not ask."""

    caught_by = "RPL-05"

    def claim_nonce(self, *values: object) -> object:
        try:
            return self.do("nonces", "claim_nonce", *values)
        except StoreUnavailableError:
            return True


class NonceFailureIsAReplay(FileBackend):
    """Takes a nonce for known where it could not ask: the request may never be repeated."""

    caught_by = "RPL-05"

    def claim_nonce(self, *values: object) -> object:
        try:
            return self.do("nonces", "claim_nonce", *values)
        except StoreUnavailableError:
            return False


class SweepErrorSwallowed(FileBackend):
    """Says that there was nothing to revoke where the store could not be reached."""

    caught_by = "FLT-03b"

    def revoke_all(self, *values: object) -> object:
        try:
            return self.do("tokens", "revoke_all", *values)
        except StoreUnavailableError:
            return 0


class DriverErrorEscapes(FileBackend):
    """Maps the errors of its driver in all verbs but one."""

    caught_by = "FLT-05a"

    def guarded(self, call: Any) -> Any:  # noqa: ANN401 - of any verb
        """Return the call as it is."""
        return call


class BrokenForGood(FileBackend):
    """Keeps the connection that was cut, and never opens another."""

    caught_by = "FLT-05c"

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        super().__init__(url, options)
        self._cut = False

    def claim_nonce(self, *values: object) -> object:
        if self._cut:
            raise StoreUnavailableError("The store was to be used, but its connection is closed.")
        try:
            return self.do("nonces", "claim_nonce", *values)
        except StoreUnavailableError:
            self._cut = True
            raise


class TwinsAfterAFork(FileBackend):
    """Knows its own claim by a count of its calls, which a fork gives to both sides."""

    caught_by = "CON-07c"

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        super().__init__(url, options)
        self._name = os.urandom(8).hex()
        self._calls = 0

    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        with self.process_lock:
            self._calls += 1
            owner = f"{self._name}-{self._calls}"
        with self.session() as session, session.transaction():
            backend = session.load()
            claim = backend.credentials.claim_credential(kind, digest, client_id, now)
            session.keep(backend)
            session.execute("INSERT OR IGNORE INTO owners VALUES (?, ?)", digest, owner)
            [[winner]] = session.execute("SELECT owner FROM owners WHERE digest = ?", digest)
        ours = winner == owner and claim.outcome is ClaimOutcome.ALREADY_USED
        return Claim(ClaimOutcome.WON, claim.credential) if ours else claim


INTERRUPTION_SABOTAGE: tuple[type[FileBackend], ...] = (
    ClaimLockedInItsProcess,
    NonceLockedInItsProcess,
    FenceLookedAtBeforeTheCommit,
    SweepBeforeFence,
    MarkLookedAtBeforeTheCommit,
    IndexInALaterCommit,
    DeadlineInALaterCommit,
    AnnouncementOfAnotherTakenBack,
    RotationInTwoCommits,
    RedeemedInTwoCommits,
    LockLeftBehind,
    LostReplyTakenForLoss,
    LostReplyCountedTwice,
    DuplicateOfItsOwn,
    ErrorTakenForNothing,
    NonceFailsOpen,
    NonceFailureIsAReplay,
    SweepErrorSwallowed,
    DriverErrorEscapes,
    BrokenForGood,
    TwinsAfterAFork,
)
