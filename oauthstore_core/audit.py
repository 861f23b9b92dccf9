"""An observer that writes down what happens to tokens, clients and accounts: the plugin ``audit``.

Each event is one line of JSON to the logger ``oauthstore.audit``, and a dict in
the record's attribute `audit`. It has `event`, `time` and, where they apply,
`client_id`, `subject`, `grant`, `tokens`, `outcome` ... and `actor`, who acts on
an administrator's page. Grants, tokens and credentials appear as fingerprints
(the first 8 hex characters of a digest); no handle and no payload is ever written.

It fails closed: an event is written after the store has acted and before the
caller is answered, and if writing raises, the caller gets that error instead.
The handlers of `logging` swallow their own errors; one whose `handleError`
raises makes the promise hold to the disk.
"""

# The hooks' documentation is the hookspecs'.
# ruff: noqa: D102

from __future__ import annotations

import json
import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from .clock import Clock
from .digests import digest as digest_of
from .digests import fingerprint
from .errors import ConflictError, DuplicateError, GrantRevokedError
from .hookspecs import hookimpl
from .plugins.descriptors import Plugin, PluginContext
from .records import (
    Account,
    Claim,
    ClaimOutcome,
    Client,
    Credential,
    CredentialState,
    Decision,
    DecisionOutcome,
    Grant,
    Rotation,
    RotationOutcome,
    Token,
)
from .redaction import redact

__all__ = ["AuditObserver", "acting_as", "plugin"]

LOGGER: Final = "oauthstore.audit"

T = TypeVar("T")
#: A pluggy wrapper: yields once, is sent the outcome, returns it.
Wrapper = Generator[None, T, T]

#: Events that tell of an attack or an outage.
_ALARMS: Final = frozenset(
    {"credential_reused", "refresh_reused", "nonce_replayed", "store_failed"}
)
#: The store is well and says no; any other error is a failure.
_REFUSALS: Final = (ConflictError, DuplicateError, GrantRevokedError)
_ACTOR: Final[ContextVar[str | None]] = ContextVar("oauthstore_actor", default=None)
_CLAIMS: Final = {
    ClaimOutcome.WON: "credential_claimed",
    ClaimOutcome.ALREADY_USED: "credential_reused",
}
_ROTATIONS: Final = {
    RotationOutcome.WON: "refresh_rotated",
    RotationOutcome.GRACE: "refresh_grace",
    RotationOutcome.REUSED: "refresh_reused",
}


@contextmanager
def acting_as(actor: str) -> Generator[None]:
    """Within this block events tell who acts: the subject of an administrator."""
    token = _ACTOR.set(actor)
    try:
        yield
    finally:
        _ACTOR.reset(token)


def _grant(grant_id: str | None) -> str | None:
    return None if grant_id is None else fingerprint(digest_of(grant_id))


def _tokens(tokens: Sequence[Token]) -> list[str]:
    return [fingerprint(token.digest) for token in tokens]


class AuditObserver:
    """Writes an event for each outcome that matters, and for each call that fails."""

    def __init__(self, clock: Clock, logger: logging.Logger) -> None:
        self._clock = clock
        self._logger = logger

    def _write(self, event: str, **facts: object) -> None:
        record = {"event": event, "time": self._clock.now()}
        facts["actor"] = _ACTOR.get()
        record |= {name: value for name, value in facts.items() if value is not None}
        level = logging.WARNING if event in _ALARMS else logging.INFO
        self._logger.log(level, "%s", json.dumps(record), extra={"audit": record})

    @contextmanager
    def _watch(self, hook: str, **facts: object) -> Generator[None, None, None]:
        """Write an event if the call raises: the kind of the error, not what it says."""
        try:
            yield
        except _REFUSALS as error:
            self._write("store_refused", hook=hook, outcome=type(error).__name__, **facts)
            raise
        except Exception as error:
            self._write("store_failed", hook=hook, outcome=type(error).__name__, **facts)
            raise

    # --- clients and accounts ---

    @hookimpl(wrapper=True)
    def query_client(self, client_id: str) -> Wrapper[Any]:
        # Nobody has said yet that this is a client's: it is whatever was sent.
        with self._watch("query_client", client_id=redact(client_id)):
            return (yield)

    @hookimpl(wrapper=True)
    def save_client(self, client: Client) -> Wrapper[Client]:
        with self._watch("save_client", client_id=client.client_id):
            saved = yield
        self._write("client_saved", client_id=saved.client_id, version=saved.version)
        return saved

    @hookimpl(wrapper=True)
    def delete_client(self, client_id: str) -> Wrapper[bool]:
        with self._watch("delete_client", client_id=client_id):
            found = yield
        outcome = "deleted" if found else "missing"
        self._write("client_deleted", client_id=client_id, outcome=outcome)
        return found

    @hookimpl(wrapper=True)
    def save_account(self, account: Account) -> Wrapper[Account]:
        with self._watch("save_account", subject=account.subject):
            saved = yield
        self._write("account_saved", subject=saved.subject, version=saved.version)
        return saved

    @hookimpl(wrapper=True)
    def delete_account(self, subject: str) -> Wrapper[bool]:
        with self._watch("delete_account", subject=subject):
            found = yield
        outcome = "deleted" if found else "missing"
        self._write("account_deleted", subject=subject, outcome=outcome)
        return found

    # --- tokens ---

    @hookimpl(wrapper=True)
    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> Wrapper[None]:
        facts = self._facts_of_grant(grant) | {"tokens": _tokens(tokens)}
        with self._watch("save_token", **facts):
            yield
        self._write("token_issued", **facts)

    def _facts_of_grant(self, grant: Grant) -> dict[str, object]:
        return {
            "client_id": grant.client_id,
            "subject": grant.subject,
            "grant": _grant(grant.grant_id),
        }

    @hookimpl(wrapper=True)
    def query_token(self, digest: str) -> Wrapper[Any]:
        with self._watch("query_token", tokens=[fingerprint(digest)]):
            return (yield)

    @hookimpl(wrapper=True)
    def query_refresh_token(self, family: str) -> Wrapper[Any]:
        with self._watch("query_refresh_token", family=fingerprint(family)):
            return (yield)

    @hookimpl(wrapper=True)
    def rotate_refresh_token(
        self, family: str, digest: str, client_id: str, successors: Sequence[Token]
    ) -> Wrapper[Rotation]:
        facts = {
            "client_id": client_id,
            "family": fingerprint(family),
            "presented": fingerprint(digest),
        }
        with self._watch("rotate_refresh_token", **facts):
            rotation = yield
        won = rotation.outcome is RotationOutcome.WON
        self._write(
            _ROTATIONS.get(rotation.outcome, "refresh_refused"),
            **facts,
            tokens=_tokens(successors) if won else None,
            outcome=rotation.outcome.value,
        )
        return rotation

    @hookimpl(wrapper=True)
    def revoke_token(self, grant_id: str, digest: str) -> Wrapper[None]:
        facts = {"grant": _grant(grant_id), "tokens": [fingerprint(digest)]}
        with self._watch("revoke_token", **facts):
            yield
        self._write("token_revoked", **facts)

    @hookimpl(wrapper=True)
    def revoke_grant(self, grant_id: str) -> Wrapper[None]:
        with self._watch("revoke_grant", grant=_grant(grant_id)):
            yield
        self._write("grant_revoked", grant=_grant(grant_id))

    @hookimpl(wrapper=True)
    def revoke_all(self, client_id: str | None, subject: str | None) -> Wrapper[int]:
        facts = {"client_id": client_id, "subject": subject}
        with self._watch("revoke_all", **facts):
            count = yield
        self._write("range_revoked", **facts, count=count)
        return count

    # --- credentials and nonces ---

    @hookimpl(wrapper=True)
    def redeem_credential(
        self, kind: str, digest: str, client_id: str, grant: Grant, tokens: Sequence[Token]
    ) -> Wrapper[Claim]:
        facts = self._facts_of_grant(grant) | {"tokens": _tokens(tokens)}
        with self._watch("redeem_credential", kind=kind, **facts):
            claim = yield
        self._write_claim(kind, digest, client_id, claim)
        if claim.outcome is ClaimOutcome.WON:
            self._write("token_issued", **facts)
        return claim

    @hookimpl(wrapper=True)
    def claim_credential(self, kind: str, digest: str, client_id: str) -> Wrapper[Claim]:
        facts = {"kind": kind, "client_id": client_id, "credential": fingerprint(digest)}
        with self._watch("claim_credential", **facts):
            claim = yield
        self._write_claim(kind, digest, client_id, claim)
        return claim

    def _write_claim(self, kind: str, digest: str, client_id: str, claim: Claim) -> None:
        self._write(
            _CLAIMS.get(claim.outcome, "credential_refused"),
            kind=kind,
            credential=fingerprint(digest),
            client_id=client_id,
            subject=claim.credential.subject if claim.credential else None,
            grant=_grant(claim.credential.grant_id) if claim.credential else None,
            outcome=claim.outcome.value,
        )

    @hookimpl(wrapper=True)
    def save_credential(self, credential: Credential) -> Wrapper[None]:
        facts = {"kind": credential.kind, "credential": fingerprint(credential.digest)}
        with self._watch("save_credential", client_id=credential.client_id, **facts):
            return (yield)

    @hookimpl(wrapper=True)
    def query_credential(self, kind: str, digest: str) -> Wrapper[Any]:
        with self._watch("query_credential", kind=kind, credential=fingerprint(digest)):
            return (yield)

    @hookimpl(wrapper=True)
    def decide_credential(
        self, kind: str, digest: str, state: CredentialState, subject: str | None
    ) -> Wrapper[Decision]:
        facts = {"kind": kind, "credential": fingerprint(digest), "subject": subject}
        with self._watch("decide_credential", **facts):
            decision = yield
        won = decision.outcome is DecisionOutcome.WON
        self._write(
            "credential_decided",
            **facts,
            client_id=decision.credential.client_id if decision.credential else None,
            outcome=state.value if won else decision.outcome.value,
        )
        return decision

    @hookimpl(wrapper=True)
    def claim_nonce(self, digest: str) -> Wrapper[bool]:
        with self._watch("claim_nonce", nonce=fingerprint(digest)):
            is_first = yield
        if not is_first:
            self._write("nonce_replayed", nonce=fingerprint(digest))
        return is_first


def _observe(_options: Mapping[str, Any], context: PluginContext) -> AuditObserver:
    logger = logging.getLogger(LOGGER)
    # The root's default, WARNING, would drop nearly all of the trail in silence.
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    return AuditObserver(context.clock, logger)


plugin = Plugin(name="audit", observer=_observe)
