"""The role `credentials`.

Whoever wins does so by one conditional UPDATE; whoever does not reads the row
once and asks the core's `judgement` what that means.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Update, and_, bindparam, case, null, select, update

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
    Credential,
    CredentialState,
    Decision,
    DecisionOutcome,
    Poll,
    PollOutcome,
    Purged,
)

from .engine import Row, Runner, Session, Values
from .purging import Purge
from .schema import credentials as table
from .store import ATTEMPTS, Store, overtaken
from .values import CREDENTIAL, key, text

__all__ = ["CredentialCall", "SqlaCredentials", "claiming", "won"]


@dataclass(frozen=True, slots=True)
class CredentialCall:
    """A credential that is presented."""

    kind: str
    digest: str
    client_id: str
    now: int

    @property
    def values(self) -> dict[str, Any]:
        """What the statements are given of it."""
        return {
            "kind": text(self.kind),
            "digest": key(self.digest),
            "client_id": text(self.client_id),
            "now": self.now,
        }


class SqlaCredentials(CredentialCache):
    """Credentials, a row each, which stays as a tombstone until its `keep_until`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        now: ColumnElement[int] = bindparam("now")
        this, alive = _this(), _alive(now)
        alias = and_(table.c.kind == bindparam("kind"), table.c.alias == bindparam("alias"))
        self._save = store.prepare(store.insert(table))
        self._free_alias = store.prepare(
            update(table).values(alias=null()).where(alias, table.c.expires_at <= now)
        )
        found = select(table).where(this)
        self._query = store.prepare(found)
        self._query_alias = store.prepare(select(table).where(alias))
        self._decide = store.changed(
            update(table)
            .values(
                state=bindparam("decided"),
                subject=bindparam("subject"),
                payload=bindparam("payload"),
                granted_at=now,
            )
            .where(this, alive, table.c.state == CredentialState.PENDING.value),
            found,
        )
        self._claim = store.changed(claiming(now), found)
        self._poll = store.changed(_polling(now), found)
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
            row = self._decide.on(self._store, values)
            if row is not None:
                # Where the row is read in a second step, the credential may be used by then.
                return Decision(DecisionOutcome.WON, replace(CREDENTIAL.record(row), state=state))
            decision = judge_decision(self._read(self._store, kind, digest), now)
            if decision.outcome is not DecisionOutcome.WON:
                return decision
        raise overtaken("decision on a credential")

    @hookimpl
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        return self.claim(self._store, CredentialCall(kind, digest, client_id, now))

    def claim(self, runner: Runner, call: CredentialCall) -> Claim:
        """Claim on a runner: the store, or a transaction that saves tokens as well."""
        for _ in range(ATTEMPTS):
            row = self._claim.on(runner, call.values)
            if row is not None:
                return won(row)
            claim = self.judge(runner, call)
            if claim.outcome is not ClaimOutcome.WON:
                return claim
        raise overtaken("claim of a credential")

    def judge(self, runner: Runner, call: CredentialCall) -> Claim:
        """Return what a claim is told that did not win; WON: it may try again."""
        found = self._read(runner, call.kind, call.digest)
        return judge_claim(found, call.client_id, call.now)

    @hookimpl
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        values = CredentialCall(kind, digest, client_id, now).values
        for _ in range(ATTEMPTS):
            row = self._polled(values)
            if row is not None:
                outcome = PollOutcome.SLOW_DOWN if row[-1] else PollOutcome.PENDING
                return Poll(outcome, CREDENTIAL.record(row))
            poll = judge_poll(self._read(self._store, kind, digest), client_id, now)
            if poll.outcome not in {PollOutcome.PENDING, PollOutcome.SLOW_DOWN}:
                return poll
        raise overtaken("poll of a credential")

    def _polled(self, values: Values) -> Row | None:
        if self._poll.in_one:
            return self._poll.on(self._store, values)
        # Another poll must not change the row before this one has read what it did.
        return self._store.transact(lambda session: self._poll.on(session, values))

    @hookimpl
    def purge_credentials(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)


def won(row: Row) -> Claim:
    """Return the claim of whoever made the row, as it is read here, a used one."""
    return Claim(ClaimOutcome.WON, replace(CREDENTIAL.record(row), state=CredentialState.APPROVED))


def claiming(now: ColumnElement[int]) -> Update:
    """Return the UPDATE that uses up an approved credential."""
    return (
        update(table)
        .values(state=CredentialState.USED.value)
        .where(
            _this(),
            table.c.client_id == bindparam("client_id"),
            _alive(now),
            table.c.state == CredentialState.APPROVED.value,
        )
    )


def _polling(now: ColumnElement[int]) -> Update:
    longer = case((_too_soon(now), table.c.interval + SLOW_DOWN_STEP), else_=table.c.interval)
    return (
        update(table)
        # In this order also where a database sees the columns that it has assigned already.
        .ordered_values(
            (table.c.hasty, case((_too_soon(now), 1), else_=0)),
            (table.c.interval, longer),
            (table.c.polled_at, now),
        )
        .where(
            _this(),
            table.c.client_id == bindparam("client_id"),
            _alive(now),
            table.c.state == CredentialState.PENDING.value,
        )
    )


def _this() -> ColumnElement[bool]:
    return and_(table.c.kind == bindparam("kind"), table.c.digest == bindparam("digest"))


def _alive(now: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(table.c.expires_at > now, table.c.keep_until > now)


def _too_soon(now: ColumnElement[int]) -> ColumnElement[bool]:
    return now - table.c.polled_at < table.c.interval - POLL_TOLERANCE
