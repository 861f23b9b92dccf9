"""The role `credentials`.

Whoever wins does so by one conditional UPDATE; whoever does not reads the row
once and asks the core's `judgement` what that means.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import ColumnElement, and_, bindparam, case, null, select, update

from oauthstore_core.errors import ConflictError, DuplicateError
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
    Credential,
    CredentialState,
    Decision,
    DecisionOutcome,
    Poll,
    PollOutcome,
    Purged,
)

from .engine import ATTEMPTS, Runner, Session, Store
from .purging import Purge
from .schema import credentials as table
from .sqlite import insert
from .values import CREDENTIAL, key, text

__all__ = ["SqlaCredentials"]


class SqlaCredentials(CredentialCache):
    """Credentials, a row each, which stays as a tombstone until its `keep_until`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        now: ColumnElement[int] = bindparam("now")
        this = and_(table.c.kind == bindparam("kind"), table.c.digest == bindparam("digest"))
        alias = and_(table.c.kind == bindparam("kind"), table.c.alias == bindparam("alias"))
        its_client = table.c.client_id == bindparam("client_id")
        alive = and_(table.c.expires_at > now, table.c.keep_until > now)
        self._save = store.prepare(insert(table))
        self._free_alias = store.prepare(
            update(table).values(alias=null()).where(alias, table.c.expires_at <= now)
        )
        self._query = store.prepare(select(table).where(this))
        self._query_alias = store.prepare(select(table).where(alias))
        self._decide = store.prepare(
            update(table)
            .values(
                state=bindparam("decided"),
                subject=bindparam("subject"),
                payload=bindparam("payload"),
                granted_at=now,
            )
            .where(this, alive, table.c.state == CredentialState.PENDING.value)
            .returning(table)
        )
        self._claim = store.prepare(
            update(table)
            .values(state=CredentialState.USED.value)
            .where(this, its_client, alive, table.c.state == CredentialState.APPROVED.value)
            .returning(table)
        )
        self._poll = store.prepare(
            update(table)
            .ordered_values(
                (table.c.hasty, case((_too_soon(now), 1), else_=0)),
                (
                    table.c.interval,
                    case(
                        (_too_soon(now), table.c.interval + SLOW_DOWN_STEP),
                        else_=table.c.interval,
                    ),
                ),
                (table.c.polled_at, now),
            )
            .where(this, its_client, alive, table.c.state == CredentialState.PENDING.value)
            .returning(table)
        )
        self._purge = Purge(store, table.c.keep_until)

    @hookimpl
    def save_credential(self, credential: Credential, now: int) -> None:
        values = CREDENTIAL.values(credential) | {"hasty": None}
        try:
            self._store.count(self._save, values)
        except DuplicateError:
            if credential.alias is None:
                raise
        else:
            return
        self._store.transact(lambda session: self._take_alias(session, {**values, "now": now}))

    def _take_alias(self, session: Session, values: dict[str, object]) -> None:
        session.count(self._free_alias, values)
        session.count(self._save, values)

    @hookimpl
    def query_credential(self, kind: str, digest: str) -> Credential | None:
        return self._read(self._store, kind, digest)

    def _read(self, runner: Runner, kind: str, digest: str) -> Credential | None:
        rows = runner.rows(self._query, {"kind": text(kind), "digest": key(digest)})
        return CREDENTIAL.record(rows[0]) if rows else None

    @hookimpl
    def query_credential_by_alias(self, kind: str, alias: str) -> Credential | None:
        rows = self._store.rows(self._query_alias, {"kind": text(kind), "alias": key(alias)})
        return CREDENTIAL.record(rows[0]) if rows else None

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
        values = {
            "kind": text(kind),
            "digest": key(digest),
            "decided": state.value,
            "subject": text(subject),
            "payload": text(payload),
            "now": now,
        }
        for _ in range(ATTEMPTS):
            rows = self._store.rows(self._decide, values)
            if rows:
                return Decision(DecisionOutcome.WON, CREDENTIAL.record(rows[0]))
            decision = judge_decision(self._read(self._store, kind, digest), now)
            if decision.outcome is not DecisionOutcome.WON:
                return decision
        raise _overtaken("decision on")

    @hookimpl
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        return self.claim(self._store, kind, digest, client_id, now)

    def claim(self, runner: Runner, kind: str, digest: str, client_id: str, now: int) -> Claim:
        """Claim on a runner: the store, or a transaction that saves tokens as well."""
        values = {
            "kind": text(kind),
            "digest": key(digest),
            "client_id": text(client_id),
            "now": now,
        }
        for _ in range(ATTEMPTS):
            rows = runner.rows(self._claim, values)
            if rows:
                used = CREDENTIAL.record(rows[0])
                return Claim(ClaimOutcome.WON, replace(used, state=CredentialState.APPROVED))
            claim = judge_claim(self._read(runner, kind, digest), client_id, now)
            if claim.outcome is not ClaimOutcome.WON:
                return claim
        raise _overtaken("claim of")

    @hookimpl
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        values = {
            "kind": text(kind),
            "digest": key(digest),
            "client_id": text(client_id),
            "now": now,
        }
        for _ in range(ATTEMPTS):
            rows = self._store.rows(self._poll, values)
            if rows:
                hasty = rows[0][-1]
                outcome = PollOutcome.SLOW_DOWN if hasty else PollOutcome.PENDING
                return Poll(outcome, CREDENTIAL.record(rows[0]))
            poll = judge_poll(self._read(self._store, kind, digest), client_id, now)
            if poll.outcome not in {PollOutcome.PENDING, PollOutcome.SLOW_DOWN}:
                return poll
        raise _overtaken("poll of")

    @hookimpl
    def purge_credentials(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)


def _too_soon(now: ColumnElement[int]) -> ColumnElement[bool]:
    return now - table.c.polled_at < table.c.interval - POLL_TOLERANCE


def _overtaken(what: str) -> ConflictError:
    return ConflictError(
        f"A {what} a credential was tried {ATTEMPTS} times, but each time another writer changed "
        "it in between: nothing was written. Try again."
    )
