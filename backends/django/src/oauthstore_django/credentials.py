"""The role `credentials`.

Whoever wins does so by one conditional UPDATE; whoever does not reads the row
once and asks the core's `judgement` what that means.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.models import Case, F, Q, QuerySet, When

from oauthstore_core import records
from oauthstore_core.errors import DuplicateError
from oauthstore_core.hookspecs import CredentialCache, hookimpl
from oauthstore_core.judgement import (
    POLL_TOLERANCE,
    SLOW_DOWN_STEP,
    judge_claim,
    judge_decision,
    judge_poll,
)
from oauthstore_core.records import (
    Claim,
    ClaimOutcome,
    CredentialState,
    Decision,
    DecisionOutcome,
    Poll,
    PollOutcome,
    Purged,
)

from .connections import OwnConnection
from .fields import NumberField
from .models import Credential, columns_of
from .statements import Purge, changed, inserted, looked_up, stored
from .store import ATTEMPTS, Store, overtaken

__all__ = ["CredentialCall", "DjangoCredentials", "claim"]

_TAKEN: Final = "The digest or the alias of a new credential is taken: nothing was saved."


@dataclass(frozen=True, slots=True)
class CredentialCall:
    """A credential that is presented."""

    kind: str
    digest: str
    client_id: str
    now: int


class DjangoCredentials(CredentialCache):
    """Credentials, a row each, which stays as a tombstone until its `keep_until`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._purge = Purge(store, Credential, "keep_until")

    @hookimpl
    def save_credential(self, credential: records.Credential, now: int) -> None:
        row = Credential(**columns_of(credential))
        if self._store.write(lambda lent: inserted(row, lent)):
            return
        if credential.alias is None:
            raise DuplicateError(_TAKEN)
        self._store.transact(lambda lent: _take_alias(lent, row, now))

    @hookimpl
    def query_credential(self, kind: str, digest: str) -> records.Credential | None:
        return self._store.read(lambda lent: _read(lent, kind, digest=digest))

    @hookimpl
    def query_credential_by_alias(self, kind: str, alias: str) -> records.Credential | None:
        return self._store.read(lambda lent: _read(lent, kind, alias=alias))

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
        changes = {"state": state.value, "subject": subject, "payload": payload, "granted_at": now}

        def decide(lent: OwnConnection) -> Decision:
            pending = _alive(lent, kind, digest, now).filter(state=CredentialState.PENDING.value)
            for _ in range(ATTEMPTS):
                if rows := changed(pending, lent, changes):
                    return Decision(DecisionOutcome.WON, rows[0].record())
                decision = judge_decision(_read(lent, kind, digest=digest), now)
                if decision.outcome is not DecisionOutcome.WON:
                    return decision
            raise overtaken("decision on a credential")

        return self._store.write(decide)

    @hookimpl
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        call = CredentialCall(kind, digest, client_id, now)
        return self._store.write(lambda lent: claim(lent, call))

    @hookimpl
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        def poll(lent: OwnConnection) -> Poll:
            pending = _alive(lent, kind, digest, now).filter(
                client_id=client_id, state=CredentialState.PENDING.value
            )
            for _ in range(ATTEMPTS):
                if rows := changed(pending, lent, _polling(now)):
                    outcome = PollOutcome.SLOW_DOWN if rows[0].hasty else PollOutcome.PENDING
                    return Poll(outcome, rows[0].record())
                judged = judge_poll(_read(lent, kind, digest=digest), client_id, now)
                if judged.outcome not in {PollOutcome.PENDING, PollOutcome.SLOW_DOWN}:
                    return judged
            raise overtaken("poll of a credential")

        return self._store.write(poll)

    @hookimpl
    def purge_credentials(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)


def claim(lent: OwnConnection, call: CredentialCall) -> Claim:
    """Use the credential up, or tell why not, also within a transaction that saves tokens."""
    approved = _alive(lent, call.kind, call.digest, call.now).filter(
        client_id=call.client_id, state=CredentialState.APPROVED.value
    )
    for _ in range(ATTEMPTS):
        if rows := changed(approved, lent, {"state": CredentialState.USED.value}):
            before = replace(rows[0].record(), state=CredentialState.APPROVED)
            return Claim(ClaimOutcome.WON, before)
        found = _read(lent, call.kind, digest=call.digest)
        judged = judge_claim(found, call.client_id, call.now)
        if judged.outcome is not ClaimOutcome.WON:
            return judged
    raise overtaken("claim of a credential")


def _read(lent: OwnConnection, kind: str, **key: str) -> records.Credential | None:
    found = looked_up(Credential, lent, kind=kind, **key)
    return None if found is None else found.record()


def _alive(lent: OwnConnection, kind: str, digest: str, now: int) -> QuerySet[Credential]:
    this = stored(Credential, lent).filter(kind=kind, digest=digest)
    return this.filter(expires_at__gt=now, keep_until__gt=now)


def _take_alias(lent: OwnConnection, row: Credential, now: int) -> None:
    ended = stored(Credential, lent).filter(kind=row.kind, alias=row.alias, expires_at__lte=now)
    ended.update(alias=None)
    if not inserted(row, lent):
        raise DuplicateError(_TAKEN)


def _polling(now: int) -> dict[str, Any]:
    too_soon = Q(polled_at__gt=now - F("interval") + POLL_TOLERANCE)
    longer = F("interval") + SLOW_DOWN_STEP
    return {
        "hasty": Case(When(too_soon, then=1), default=0),
        "interval": Case(
            When(too_soon, then=longer), default=F("interval"), output_field=NumberField()
        ),
        "polled_at": now,
    }
