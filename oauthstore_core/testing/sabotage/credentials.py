"""Mistakes in the role `credentials`."""

from __future__ import annotations

import json
from dataclasses import replace

from ...errors import DuplicateError
from ...judgement import judge_claim, judge_poll
from ...memory.credentials import MemoryCredentials
from ...records import (
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
from .broken import SabotagedBackend, let_others_go_first

__all__ = ["CREDENTIAL_SABOTAGE"]


class CheckThenAct(SabotagedBackend):
    """Reads the credential, then marks it used: others read it in between."""

    caught_by = "ONE-01a"

    class Credentials(MemoryCredentials):
        def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
            with self._lock:
                claim = self.judge(kind, digest, client_id, now)
            let_others_go_first()
            if claim.outcome is ClaimOutcome.WON:
                with self._lock:
                    self.mark_used(kind, digest)
            return claim


class DiscardedResult(SabotagedBackend):
    """Makes the conditional update, but does not look at how many rows it changed."""

    caught_by = "ONE-02"

    class Credentials(MemoryCredentials):
        def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
            claim = super().claim_credential(kind, digest, client_id, now)
            used = claim.outcome is ClaimOutcome.ALREADY_USED
            return Claim(ClaimOutcome.WON, claim.credential) if used else claim


class ClientIgnoredByClaim(SabotagedBackend):
    """Takes a `client_id` and does not compare it."""

    caught_by = "ONE-04"

    class Credentials(MemoryCredentials):
        def judge(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
            found = self._credentials.get((kind, digest))
            return judge_claim(found, found.client_id if found else "", now)


class ExpiryByRemovalOnly(SabotagedBackend):
    """Leaves expiry to the store's TTL: what is still there is taken for valid."""

    caught_by = "ONE-05a"

    class Credentials(MemoryCredentials):
        def judge(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
            return super().judge(kind, digest, client_id, min(now, self._last_second(kind, digest)))

        def _last_second(self, kind: str, digest: str) -> int:
            found = self._credentials.get((kind, digest))
            return found.expires_at - 1 if found else 0


class ExpiredOneSecondLate(SabotagedBackend):
    """Takes `now > expires_at` for expired."""

    caught_by = "EXP-03a"

    class Credentials(MemoryCredentials):
        def judge(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
            return super().judge(kind, digest, client_id, now - 1)


class LookingUses(SabotagedBackend):
    """Uses a credential up when it is looked at."""

    caught_by = "ONE-06"

    class Credentials(MemoryCredentials):
        def query_credential(self, kind: str, digest: str) -> Credential | None:
            found = super().query_credential(kind, digest)
            if found is not None and found.state is CredentialState.APPROVED:
                self.mark_used(kind, digest)
            return found


class UsedIsDeleted(SabotagedBackend):
    """Deletes what was used, and with it the evidence."""

    caught_by = "ONE-07"

    class Credentials(MemoryCredentials):
        def mark_used(self, kind: str, digest: str) -> None:
            del self._credentials[kind, digest]


class TombstonesPurgedEarly(SabotagedBackend):
    """Purges what has expired, instead of what is past its `keep_until`."""

    caught_by = "EXP-05c"

    class Credentials(MemoryCredentials):
        def purge_credentials(self, now: int, limit: int) -> Purged:
            with self._lock:
                due = [key for key, each in self._credentials.items() if now >= each.expires_at]
                for key in due[:limit]:
                    del self._credentials[key]
            return Purged(len(due[:limit]), len(due) > limit)


class AliasNeverFree(SabotagedBackend):
    """Keeps an alias unique for ever."""

    caught_by = "IDX-07c"

    class Credentials(MemoryCredentials):
        def _take_alias(self, kind: str, alias: str, now: int) -> None:
            if (kind, alias) in self._aliases:
                raise DuplicateError("The alias is taken.")


class AliasStolen(SabotagedBackend):
    """Lets a new credential take the alias of a live one."""

    caught_by = "IDX-07a"

    class Credentials(MemoryCredentials):
        def _take_alias(self, kind: str, alias: str, now: int) -> None:
            super()._take_alias(kind, alias, 2**62)


class PayloadParsed(SabotagedBackend):
    """Keeps the payload in a JSON column, which gives back other text."""

    caught_by = "RT-07b"

    class Credentials(MemoryCredentials):
        def save_credential(self, credential: Credential, now: int) -> None:
            payload = json.dumps(json.loads(credential.payload))
            super().save_credential(replace(credential, payload=payload), now)


class NothingTurnsIntoEmpty(SabotagedBackend):
    """Keeps strings only, so that None comes back as the empty string."""

    caught_by = "RT-03c"

    class Credentials(MemoryCredentials):
        def save_credential(self, credential: Credential, now: int) -> None:
            super().save_credential(replace(credential, subject=credential.subject or ""), now)


class LaterDecisionWins(SabotagedBackend):
    """Updates the decision without asking whether there was one."""

    caught_by = "DEV-01c"

    class Credentials(MemoryCredentials):
        def decide_credential(
            self,
            kind: str,
            digest: str,
            state: CredentialState,
            subject: str | None,
            payload: str,
            now: int,
        ) -> Decision:
            found = self._credentials[kind, digest]
            decided = replace(found, state=state, subject=subject, payload=payload, granted_at=now)
            self._credentials[kind, digest] = decided
            return Decision(DecisionOutcome.WON, decided)


class PollsForgotten(SabotagedBackend):
    """Tells a client to slow down, but does not remember the longer interval."""

    caught_by = "DEV-02b"

    class Credentials(MemoryCredentials):
        def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
            before = self._credentials.get((kind, digest))
            poll = super().poll_credential(kind, digest, client_id, now)
            if before is not None and poll.outcome is PollOutcome.SLOW_DOWN:
                self._credentials[kind, digest] = before
            return poll


class ApprovedIsSlowed(SabotagedBackend):
    """Looks at the interval before it looks whether the device was approved."""

    caught_by = "DEV-02a"

    class Credentials(MemoryCredentials):
        def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
            found = self._credentials.get((kind, digest))
            if found is not None and found.polled_at == now:
                return Poll(PollOutcome.SLOW_DOWN, found)
            return super().poll_credential(kind, digest, client_id, now)


class PollsOverwriteEachOther(SabotagedBackend):
    """Reads, computes and writes a poll in steps of their own."""

    caught_by = "DEV-02e"

    class Credentials(MemoryCredentials):
        def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
            found = self._credentials[kind, digest]
            poll = judge_poll(found, client_id, now)
            let_others_go_first()
            step = 5 if poll.outcome is PollOutcome.SLOW_DOWN else 0
            polled = replace(found, polled_at=now, interval=(found.interval or 0) + step)
            self._credentials[kind, digest] = polled
            return Poll(poll.outcome, polled)


CREDENTIAL_SABOTAGE: tuple[type[SabotagedBackend], ...] = (
    CheckThenAct,
    DiscardedResult,
    ClientIgnoredByClaim,
    ExpiryByRemovalOnly,
    ExpiredOneSecondLate,
    LookingUses,
    UsedIsDeleted,
    TombstonesPurgedEarly,
    AliasNeverFree,
    AliasStolen,
    PayloadParsed,
    NothingTurnsIntoEmpty,
    LaterDecisionWins,
    PollsForgotten,
    ApprovedIsSlowed,
    PollsOverwriteEachOther,
)
