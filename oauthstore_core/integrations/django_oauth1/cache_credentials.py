"""Temporary credentials in Django's cache: each is decided once and exchanged once by an `add`.

Of a credential there are up to three keys: the record as it was saved, the
decision, with all that it says, and the mark of its use. Whoever adds one of the
last two has won. What was won is written into the record, too, so that a cache
which evicts a mark makes a credential end, and never makes it good again.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from ...errors import ConflictError, DuplicateError
from ...hookspecs import CredentialCache, hookimpl
from ...judgement import judge_claim, judge_decision, judge_poll
from ...payloads import encode_json
from ...records import (
    Claim,
    ClaimOutcome,
    Credential,
    CredentialState,
    Decision,
    DecisionOutcome,
    Poll,
    Purged,
)
from ..django_cache import CacheCalls, seconds_ahead

__all__ = ["CacheCredentials"]

_DECIDED: Final = ":decided"
_USED: Final = ":used"


class CacheCredentials(CredentialCache):
    """Credentials without an alias, which nobody polls for, as those of OAuth 1 are."""

    def __init__(self, cache: CacheCalls, prefix: str) -> None:
        """Keep them under keys that begin with `prefix`, by their digests."""
        self._cache = cache
        self._prefix = prefix

    def _key(self, kind: str, digest: str) -> str:
        return f"{self._prefix}{kind}:{digest}"

    @hookimpl
    def save_credential(self, credential: Credential, now: int) -> None:
        if credential.alias is not None:
            raise ValueError(
                f"A {credential.kind} with an alias was to be kept in {self._cache.where}, where "
                "credentials are found by their own digest only. Keep it in a store."
            )
        key = self._key(credential.kind, credential.digest)
        if not self._add(key, asdict(credential), credential, now):
            raise DuplicateError(f"This {credential.kind} exists already.")

    @hookimpl
    def query_credential(self, kind: str, digest: str) -> Credential | None:
        key = self._key(kind, digest)
        keys = [key, key + _DECIDED, key + _USED]
        held: dict[str, str] = self._cache.run(lambda cache: cache.get_many(keys))
        if key not in held:
            return None
        credential = _decoded(held[key])
        if key + _USED in held:
            return replace(credential, state=CredentialState.USED)
        if credential.state is CredentialState.PENDING and key + _DECIDED in held:
            return _decided(credential, json.loads(held[key + _DECIDED]))
        return credential

    @hookimpl
    def query_credential_by_alias(self, kind: str, alias: str) -> Credential | None:
        return None  # none is saved

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
        decision = judge_decision(self.query_credential(kind, digest), now)
        asked = decision.credential
        if decision.outcome is not DecisionOutcome.WON or asked is None:
            return decision
        key = self._key(kind, digest)
        says = {"state": state, "subject": subject, "payload": payload, "granted_at": now}
        if not self._add(key + _DECIDED, says, asked, now):
            decision = judge_decision(self.query_credential(kind, digest), now)
            self._require_loss(decision.outcome is not DecisionOutcome.WON)
            return decision
        decided = _decided(asked, says)
        self._keep(key, decided, now)
        return Decision(DecisionOutcome.WON, decided)

    @hookimpl
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        claim = judge_claim(self.query_credential(kind, digest), client_id, now)
        presented = claim.credential
        if claim.outcome is not ClaimOutcome.WON or presented is None:
            return claim
        key = self._key(kind, digest)
        if not self._add(key + _USED, {}, presented, now):
            claim = judge_claim(self.query_credential(kind, digest), client_id, now)
            self._require_loss(claim.outcome is not ClaimOutcome.WON)
            return claim
        self._keep(key, replace(presented, state=CredentialState.USED), now)
        return claim

    @hookimpl
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        return judge_poll(None, client_id, now)  # none is saved that is polled for

    @hookimpl
    def purge_credentials(self, now: int, limit: int) -> Purged:
        return Purged(0, more=False)  # the cache removes them

    def _require_loss(self, is_lost: bool) -> None:  # noqa: FBT001 - told by the outcome alone
        if not is_lost:
            raise ConflictError(
                f"A credential was to be claimed in {self._cache.where}, where another was first, "
                "but its mark is gone: nothing was claimed. Look whether the cache evicts."
            )

    def _add(self, key: str, says: Mapping[str, Any], of: Credential, now: int) -> bool:
        """Tell whether this call is the one that adds the key, which lives as long as `of`."""
        # The driver may have sent the same call twice: its own record is no other's.
        text = encode_json({**says, "owner": secrets.token_hex(8)})
        seconds = seconds_ahead(of.keep_until, now)
        added = self._cache.run(lambda cache: cache.add(key, text, seconds))
        return added or self._cache.run(lambda cache: cache.get(key)) == text

    def _keep(self, key: str, credential: Credential, now: int) -> None:
        """Write a credential's state into its record, unless the cache has lost that."""
        text, seconds = encode_json(asdict(credential)), seconds_ahead(credential.keep_until, now)
        self._cache.run(lambda cache: cache.set(key, text, seconds))


def _decoded(text: str) -> Credential:
    fields: dict[str, Any] = json.loads(text)
    fields.pop("owner", None)
    fields["state"] = CredentialState(fields["state"])
    return Credential(**fields)


def _decided(credential: Credential, says: Mapping[str, Any]) -> Credential:
    return replace(
        credential,
        state=CredentialState(says["state"]),
        subject=says["subject"],
        payload=says["payload"],
        granted_at=says["granted_at"],
    )
