"""The calls that write clients, accounts, nonces and credentials, each to be cut off."""

from __future__ import annotations

from dataclasses import replace

from ..errors import ConflictError, DuplicateError
from ..records import (
    Account,
    ClaimOutcome,
    Client,
    CredentialState,
    DecisionOutcome,
    PollOutcome,
    Purged,
)
from . import deeds
from .deeds import Call
from .kit import Handle, Kit
from .samples import DAY, account, client, credential, fresh, pending
from .scenarios import (
    Builder,
    Look,
    Scenario,
    Verdict,
    equal,
    is_a,
    is_false,
    is_true,
    outcome,
    raises,
    see_nothing,
)

__all__ = ["ACCOUNTS", "CLIENTS", "CREDENTIALS", "NONCES"]


def _create_client(kit: Kit) -> Scenario:
    new = client(expires_at=kit.now + DAY)
    done = replace(new, version=1)
    right, again, look = equal(done), raises(DuplicateError), _client(new)
    return Scenario(deeds.save_client(new), look, None, done, right, again, left=look)


def _replace_client(kit: Kit) -> Scenario:
    saved = kit.first.clients.save_client(client(expires_at=kit.now + DAY))
    done = replace(saved, owner="other", expires_at=kit.now + 2 * DAY, version=2)
    right, again, look = equal(done), raises(ConflictError), _client(saved)
    call = deeds.save_client(replace(done, version=1))
    return Scenario(call, look, saved, done, right, again, left=look)


def _delete_client(kit: Kit) -> Scenario:
    saved = kit.first.clients.save_client(client())
    call = Call("clients", "delete_client", (saved.client_id,))
    return Scenario(call, _client(saved), saved, None, is_true, is_false)


def _purge_clients(kit: Kit) -> Scenario:
    saved = kit.first.clients.save_client(client(expires_at=kit.now))
    call = deeds.purge("clients", kit.now)
    purged = is_a(Purged)
    return Scenario(call, _client(saved), saved, None, purged, purged, in_parts=True)


def _client(given: Client) -> Look:
    return lambda handle: handle.clients.query_client(given.client_id)


def _create_account(kit: Kit) -> Scenario:
    new = account()
    done = replace(new, version=1)
    right, again = equal(done), raises(DuplicateError)
    return Scenario(
        deeds.save_account(new), _account(new), (None, None), (done, done), right, again
    )


def _replace_account(kit: Kit) -> Scenario:
    saved = kit.first.accounts.save_account(account())
    done = replace(saved, payload="{}", version=2)
    call = deeds.save_account(replace(done, version=1))
    right, again = equal(done), raises(ConflictError)
    return Scenario(call, _account(saved), (saved, saved), (done, done), right, again)


def _delete_account(kit: Kit) -> Scenario:
    saved = kit.first.accounts.save_account(account())
    call = Call("accounts", "delete_account", (saved.subject,))
    right, again = is_true, is_false
    return Scenario(call, _account(saved), (saved, saved), (None, None), right, again)


def _count_attempt(kit: Kit) -> Scenario:
    call = deeds.count_attempt(fresh(), 60, kit.now)
    # What was purged is forgotten: then this is the first attempt once more.
    return Scenario(call, see_nothing, None, None, equal(1), equal(2), left=lambda h: call(h) != 1)


def _account(given: Account) -> Look:
    return lambda handle: (
        handle.accounts.query_account(given.name),
        handle.accounts.query_account_by_subject(given.subject),
    )


# --- nonces and credentials ---


def _claim_nonce(kit: Kit) -> Scenario:
    return _nonce_scenario(deeds.claim_nonce(fresh(), kit.now + 300, kit.now))


def _claim_expired_nonce(kit: Kit) -> Scenario:
    digest, later = fresh(), kit.now + 300
    assert kit.first.nonces.claim_nonce(digest, later, kit.now) is True
    return _nonce_scenario(deeds.claim_nonce(digest, later + 300, later))


def _nonce_scenario(call: Call) -> Scenario:
    # What was purged is forgotten: then it is new once more.
    left: Look = lambda handle: call(handle) is not True  # noqa: E731 - one look
    return Scenario(call, see_nothing, None, None, is_true, is_false, left=left)


def _save_credential(kit: Kit) -> Scenario:
    new, alias = pending(kit.now), fresh()
    old = pending(kit.now - 99, alias=alias, expires_at=kit.now)
    kit.first.credentials.save_credential(old, kit.now - 99)
    new = replace(new, alias=alias)

    def look(handle: Handle) -> object:
        holder = handle.credentials.query_credential_by_alias(new.kind, alias)
        return handle.credentials.query_credential(new.kind, new.digest), holder == new

    call, again = deeds.save_credential(new, kit.now), raises(DuplicateError)
    left = _credential(new.kind, new.digest)
    return Scenario(call, look, (None, False), (new, True), equal(None), again, left=left)


def _claim(kit: Kit) -> Scenario:
    given = credential(kit.now)
    kit.first.credentials.save_credential(given, kit.now)
    call, done = deeds.claim(given, kit.now), replace(given, state=CredentialState.USED)
    right, again = outcome(ClaimOutcome.WON), outcome(ClaimOutcome.ALREADY_USED)
    return _credential_scenario(call, given, done, right, again)


def _decide(kit: Kit) -> Scenario:
    given = pending(kit.now)
    kit.first.credentials.save_credential(given, kit.now)
    call = deeds.decide(given, CredentialState.APPROVED, "s", '"p"', kit.now)
    approved = {"state": CredentialState.APPROVED, "subject": "s", "payload": '"p"'}
    done = replace(given, granted_at=kit.now, **approved)  # type: ignore[arg-type]  # by name
    right, again = outcome(DecisionOutcome.WON), outcome(DecisionOutcome.ALREADY_DECIDED)
    return _credential_scenario(call, given, done, right, again)


def _poll(kit: Kit) -> Scenario:
    given = pending(kit.now)
    kit.first.credentials.save_credential(given, kit.now)
    call, done = deeds.poll(given, kit.now), replace(given, polled_at=kit.now)
    right, again = outcome(PollOutcome.PENDING), outcome(PollOutcome.SLOW_DOWN)
    return replace(_credential_scenario(call, given, done, right, again), settled=False)


def _credential_scenario(
    call: Call, before: object, done: object, right: Verdict, again: Verdict
) -> Scenario:
    kind, digest = (str(argument) for argument in call.arguments[:2])
    look = _credential(kind, digest)
    return Scenario(call, look, before, done, right, again, left=look)


def _credential(kind: str, digest: str) -> Look:
    return lambda handle: handle.credentials.query_credential(kind, digest)


def _purge_credentials(kit: Kit) -> Scenario:
    given = credential(kit.now - 99, expires_at=kit.now - 9, keep_until=kit.now)
    kit.first.credentials.save_credential(given, kit.now - 99)
    call = deeds.purge("credentials", kit.now)
    purged, look = is_a(Purged), _credential(given.kind, given.digest)
    return Scenario(call, look, given, None, purged, purged, in_parts=True)


#: The writing verbs of each role.
CLIENTS: tuple[Builder, ...] = (_create_client, _replace_client, _delete_client, _purge_clients)
ACCOUNTS: tuple[Builder, ...] = (
    _create_account,
    _replace_account,
    _delete_account,
    _count_attempt,
)
NONCES: tuple[Builder, ...] = (_claim_nonce, _claim_expired_nonce)
CREDENTIALS: tuple[Builder, ...] = (
    _save_credential,
    _claim,
    _decide,
    _poll,
    _purge_credentials,
)
