"""Credentials in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

from ..errors import DuplicateError
from ..hookspecs import CredentialCache, hookimpl
from ..judgement import SLOW_DOWN_STEP, judge_claim, judge_decision, judge_poll
from ..records import (
    Claim,
    ClaimOutcome,
    Credential,
    CredentialState,
    Decision,
    DecisionOutcome,
    Poll,
    PollOutcome,
    Purged,
)
from .deadlines import Deadlines

__all__ = ["MemoryCredentials"]

Key = tuple[str, str]


class MemoryCredentials(CredentialCache):
    """(Kind, digest) to credential, and (kind, alias) to digest."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._credentials: dict[Key, Credential] = {}
        self._aliases: dict[Key, str] = {}
        self._deadlines: Deadlines[Key] = Deadlines()

    @hookimpl
    def save_credential(self, credential: Credential, now: int) -> None:
        key = (credential.kind, credential.digest)
        with self._lock:
            if key in self._credentials:
                raise DuplicateError(f"This {credential.kind} exists already.")
            if credential.alias is not None:
                self._take_alias(credential.kind, credential.alias, now)
                self._aliases[credential.kind, credential.alias] = credential.digest
            self._credentials[key] = credential
            self._deadlines.add(credential.keep_until, key)

    def _take_alias(self, kind: str, alias: str, now: int) -> None:
        digest = self._aliases.get((kind, alias))
        if digest is None:
            return
        holder = self._credentials[kind, digest]
        if now < holder.expires_at:
            raise DuplicateError(f"The alias of this {kind} is taken.")
        self._credentials[kind, digest] = replace(holder, alias=None)

    @hookimpl
    def query_credential(self, kind: str, digest: str) -> Credential | None:
        with self._lock:
            return self._credentials.get((kind, digest))

    @hookimpl
    def query_credential_by_alias(self, kind: str, alias: str) -> Credential | None:
        with self._lock:
            digest = self._aliases.get((kind, alias))
            return None if digest is None else self._credentials[kind, digest]

    @hookimpl
    def decide_credential(
        self,
        kind: str,
        digest: str,
        state: CredentialState,
        subject: str | None,
        payload: str,
        now: int,
    ) -> Decision:
        with self._lock:
            decision = judge_decision(self._credentials.get((kind, digest)), now)
            if decision.outcome is not DecisionOutcome.WON or decision.credential is None:
                return decision
            decided = replace(
                decision.credential, state=state, subject=subject, payload=payload, granted_at=now
            )
            self._credentials[kind, digest] = decided
            return Decision(DecisionOutcome.WON, decided)

    @hookimpl
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        with self._lock:
            claim = self.judge(kind, digest, client_id, now)
            if claim.outcome is ClaimOutcome.WON:
                self.mark_used(kind, digest)
            return claim

    def judge(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        """Return what a claim would be told; the caller holds the lock."""
        return judge_claim(self._credentials.get((kind, digest)), client_id, now)

    def mark_used(self, kind: str, digest: str) -> None:
        """Use the credential; the caller holds the lock and has judged."""
        credential = self._credentials[kind, digest]
        self._credentials[kind, digest] = replace(credential, state=CredentialState.USED)

    @hookimpl
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        with self._lock:
            poll = judge_poll(self._credentials.get((kind, digest)), client_id, now)
            if poll.credential is None:
                return poll
            if poll.outcome not in (PollOutcome.PENDING, PollOutcome.SLOW_DOWN):
                return poll
            step = SLOW_DOWN_STEP if poll.outcome is PollOutcome.SLOW_DOWN else 0
            interval = poll.credential.interval
            polled = replace(
                poll.credential,
                polled_at=now,
                interval=None if interval is None else interval + step,
            )
            self._credentials[kind, digest] = polled
            return Poll(poll.outcome, polled)

    @hookimpl
    def purge_credentials(self, now: int, limit: int) -> Purged:
        with self._lock:
            return self._deadlines.purge(now, limit, self._end, self._remove)

    def _end(self, key: Key) -> int:
        return self._credentials[key].keep_until

    def _remove(self, key: Key) -> None:
        credential = self._credentials.pop(key)
        if credential.alias is not None:
            del self._aliases[credential.kind, credential.alias]
