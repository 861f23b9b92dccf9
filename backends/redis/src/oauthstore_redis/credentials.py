"""Credentials: each a hash, changed by one script; the server forgets its tombstone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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

from .records import packed, unpacked_credential
from .store import Command, Store, call, new_owner

__all__ = ["RedisCredentials"]


def _name(kind: str, digest: str) -> str:
    return packed(kind, digest)


class RedisCredentials(CredentialCache):
    """Credentials by kind and digest, and aliases in slots of their own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # --- saving ---

    @hookimpl
    def save_credential(self, credential: Credential, now: int) -> None:
        if credential.alias is None:
            saved = self._store.run(self._save(credential, now, new_owner()))[0]
        else:
            saved = self._save_with_alias(credential, credential.alias, now)
        if not saved:
            raise DuplicateError(f"This {credential.kind} exists already, or its alias is taken.")

    def _save(self, credential: Credential, now: int, owner: str) -> Command:
        name = _name(credential.kind, credential.digest)
        keys = self._store.keys.record("credential", name)
        ends = credential.keep_until
        fields = {
            "i": packed(credential.digest, credential.kind, credential.grant_id),
            "a": packed(credential.subject, credential.granted_at, credential.payload),
            "c": credential.client_id,
            "st": credential.state.value,
            "e": credential.expires_at,
            "k": ends,
            "al": credential.alias,
            "iv": credential.interval,
            "po": credential.polled_at,
        }
        pairs = [part for field in fields.items() if field[1] is not None for part in field]
        asked = (owner, name, ends, now, self._store.options.slack)
        return call("save_credential", keys, *asked, *pairs)

    def _save_with_alias(self, credential: Credential, alias: str, now: int) -> bool:
        """Take the alias, then store the record: an alias without a record names nothing."""
        store, kind, digest = self._store, credential.kind, credential.digest
        key = self._alias_key(kind, alias)
        asked = (digest, credential.expires_at, now, credential.keep_until, store.options.slack)
        record = store.keys.record("credential", _name(kind, digest))[0]
        (taken, *before), known = store.run(
            call("take_alias", [key], *asked), Command(("EXISTS", record), record)
        )
        if not taken:
            return False
        old, holder = (each.decode() for each in before)
        saved = False
        if not known:
            former = store.keys.record("credential", _name(kind, holder))[:1]
            released = [] if holder == "-" else [call("drop_alias", former, alias)]
            saved = bool(store.run(self._save(credential, now, new_owner()), *released)[0])
        if not saved:
            ours = f"{digest} {credential.expires_at} {holder}"
            store.call("swap", [key], ours, old)
        return saved

    def _alias_key(self, kind: str, alias: str) -> str:
        return self._store.keys.record("alias", _name(kind, alias))[0]

    # --- looking ---

    @hookimpl
    def query_credential(self, kind: str, digest: str) -> Credential | None:
        key = self._store.keys.record("credential", _name(kind, digest))[0]
        return unpacked_credential(self._store.call("whole", [key]))[0]

    @hookimpl
    def query_credential_by_alias(self, kind: str, alias: str) -> Credential | None:
        held = self._store.get(self._alias_key(kind, alias))
        if held is None:
            return None
        found = self.query_credential(kind, held.split()[0])
        return found if found is not None and found.alias == alias else None

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
        owner, about = new_owner(), packed(subject, now, payload)
        flat = self._change("decide", kind, digest, state.value, about, now, owner)
        credential, fields = unpacked_credential(flat)
        if fields.get("do") == owner:
            return Decision(DecisionOutcome.WON, credential)
        return judge_decision(credential, now)

    @hookimpl
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        owner = new_owner()
        flat = self._change("claim", kind, digest, client_id, now, owner)
        credential, fields = unpacked_credential(flat)
        if credential is not None and fields.get("co") == owner:
            return Claim(ClaimOutcome.WON, replace(credential, state=CredentialState.APPROVED))
        return judge_claim(credential, client_id, now)

    @hookimpl
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        owner = new_owner()
        asked = (client_id, now, owner, POLL_TOLERANCE, SLOW_DOWN_STEP)
        credential, fields = unpacked_credential(self._change("poll", kind, digest, *asked))
        if fields.get("lo") == owner:
            return Poll(PollOutcome(fields["lx"]), credential)
        return judge_poll(credential, client_id, now)

    def _change(self, name: str, kind: str, digest: str, *asked: object) -> Sequence[bytes]:
        key = self._store.keys.record("credential", _name(kind, digest))[0]
        flat: Sequence[bytes] = self._store.call(name, [key], *asked)
        return flat

    # --- purging ---

    @hookimpl
    def purge_credentials(self, now: int, limit: int) -> Purged:
        return self._store.purge("credential", now, limit, self._remove)

    def _remove(self, names: Sequence[str], now: int) -> int:
        record = self._store.keys.record
        drops = [call("drop", record("credential", name), name, now) for name in names]
        return sum(self._store.run(*drops))
