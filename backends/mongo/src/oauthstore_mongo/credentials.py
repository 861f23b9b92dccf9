"""The role `credentials`: each verb one step on one document.

A step changes the document or leaves it, as its conditions say; the server
answers with what was there before, and `judgement` says from that what
happened, for the conditions are its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bson import ObjectId

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

from .connections import Connections, Rivals
from .documents import Document, credential_key, credential_of, document, key, remove_at, same
from .expressions import all_of, equal, later, literal, where
from .purging import purge
from .schema import CREDENTIALS

__all__ = ["MongoCredentials"]


class MongoCredentials(CredentialCache):
    """A document for each credential, which stays as a tombstone until its `keep_until`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    # --- saving and reading ---

    @hookimpl
    def save_credential(self, credential: Credential, now: int) -> None:
        new = document(credential, without=("digest",)) | {
            "_id": credential_key(credential.kind, credential.digest),
            "written_by": ObjectId(),
            "remove_at": remove_at(credential.keep_until, now),
        }
        if self._inserted(new):
            return
        self._free_alias(new, now)
        if not self._inserted(new):
            raise DuplicateError(f"The alias of this {credential.kind} is taken.")

    def _inserted(self, new: Document) -> bool:
        """Insert the credential; False: its alias is taken."""
        holder = {"kind": same(new["kind"]), "alias": new.get("alias"), "_id": {"$ne": new["_id"]}}
        rivals = Rivals(CREDENTIALS, holder) if "alias" in new else None
        try:
            self._connections.run(lambda db: db[CREDENTIALS].insert_one(new), rivals)
        except DuplicateError:
            stored = self._find({"_id": new["_id"]})
            if stored is None:
                return False
            # It may be by the driver's first delivery of the same call.
            if stored["written_by"] != new["written_by"]:
                raise
        return True

    def _free_alias(self, new: Document, now: int) -> None:
        """Take the alias from a holder that has expired, which stays as a tombstone."""
        holder = {"kind": same(new["kind"]), "alias": new.get("alias"), "expires_at": {"$lte": now}}
        freed = {"$unset": {"alias": True}}
        self._connections.run(lambda db: db[CREDENTIALS].update_one(holder, freed))

    @hookimpl
    def query_credential(self, kind: str, digest: str) -> Credential | None:
        found = self._find({"_id": credential_key(kind, digest)})
        return None if found is None else credential_of(found)

    @hookimpl
    def query_credential_by_alias(self, kind: str, alias: str) -> Credential | None:
        found = self._find({"kind": same(kind), "alias": key(alias)})
        return None if found is None else credential_of(found)

    def _find(self, condition: Document) -> Document | None:
        return self._connections.run(lambda db: db[CREDENTIALS].find_one(condition))

    # --- deciding, claiming, polling ---

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
        condition = all_of(_is(CredentialState.PENDING), _alive(now))
        before, owner = self._change(kind, digest, condition, literal(changes))
        decision = judge_decision(_credential(before), now)
        if before is None or decision.credential is None:
            return decision
        if decision.outcome is DecisionOutcome.WON or before["written_by"] == owner:
            decided = replace(
                decision.credential, state=state, subject=subject, payload=payload, granted_at=now
            )
            return Decision(DecisionOutcome.WON, decided)
        return decision

    @hookimpl
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        condition = all_of(_of(client_id), _is(CredentialState.APPROVED), _alive(now))
        used = {"state": CredentialState.USED.value}
        before, owner = self._change(kind, digest, condition, used)
        claim = judge_claim(_credential(before), client_id, now)
        if before is None or claim.credential is None or before["written_by"] != owner:
            return claim
        return Claim(ClaimOutcome.WON, replace(claim.credential, state=CredentialState.APPROVED))

    @hookimpl
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        condition = all_of(_of(client_id), _is(CredentialState.PENDING), _alive(now))
        slower = {"$add": ["$interval", SLOW_DOWN_STEP]}
        longer = {"$cond": [_too_soon(now), slower, {"$ifNull": ["$interval", None]}]}
        changes = {"polled_at": now, "hasty": _too_soon(now), "interval": longer}
        before, owner = self._change(kind, digest, condition, changes)
        poll = judge_poll(_credential(before), client_id, now)
        if before is None or poll.credential is None:
            return poll
        if before["written_by"] == owner:
            told = PollOutcome.SLOW_DOWN if before["hasty"] else PollOutcome.PENDING
            return Poll(told, poll.credential)
        return poll if poll.outcome not in _POLLED else Poll(poll.outcome, _polled(poll, now))

    def _change(
        self, kind: str, digest: str, condition: Document, changes: Document
    ) -> tuple[Document | None, ObjectId]:
        """Change the credential if the condition holds; return it as it was, and the new owner.

        What was changed by the first delivery of the same call is left as it is.
        """
        owner, this = ObjectId(), {"_id": credential_key(kind, digest)}
        ours = equal("$written_by", owner)
        marked = {"$mergeObjects": ["$$ROOT", changes, {"written_by": owner}]}
        change = where((all_of({"$not": [ours]}, condition), marked))
        before = self._connections.run(lambda db: db[CREDENTIALS].find_one_and_update(this, change))
        return before, owner

    @hookimpl
    def purge_credentials(self, now: int, limit: int) -> Purged:
        return purge(self._connections, CREDENTIALS, "keep_until", now, limit)


_POLLED = frozenset({PollOutcome.PENDING, PollOutcome.SLOW_DOWN})


def _credential(found: Mapping[str, Any] | None) -> Credential | None:
    return None if found is None else credential_of(found)


def _polled(poll: Poll, now: int) -> Credential:
    assert poll.credential is not None  # noqa: S101 - for the type checkers
    step = SLOW_DOWN_STEP if poll.outcome is PollOutcome.SLOW_DOWN else 0
    interval = poll.credential.interval
    longer = None if interval is None else interval + step
    return replace(poll.credential, polled_at=now, interval=longer)


def _of(client_id: str) -> Document:
    return equal("$client_id", client_id)


def _is(state: CredentialState) -> Document:
    return equal("$state", state.value)


def _alive(now: int) -> Document:
    return all_of(later("$expires_at", now), later("$keep_until", now))


def _too_soon(now: int) -> Document:
    # Without a last poll or an interval, the sum is none, and none is before every number.
    ready_at = {"$add": ["$polled_at", "$interval", -POLL_TOLERANCE]}
    return {"$gt": [ready_at, now]}
