"""The driver sends a call again whose reply was lost, as it does for its users: it is one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from oauthstore_core.records import (
    ClaimOutcome,
    CredentialState,
    DecisionOutcome,
    PollOutcome,
    RotationOutcome,
)
from oauthstore_core.testing.samples import (
    access_token,
    account,
    client,
    credential,
    fresh,
    grant,
    pending,
    refresh_token,
)
from oauthstore_redis import RedisBackend

from .proxy import Proxy

NOW = 1_700_000_000
END = NOW + 10**6


class Loss(NamedTuple):
    """A call, and what it answers however often it is delivered."""

    call: Callable[[RedisBackend], object]
    answer: object
    flights: int = 1


def claim(store: RedisBackend) -> Loss:
    code = credential(NOW)
    store.credentials.save_credential(code, NOW)
    asked = (code.kind, code.digest, code.client_id, NOW)
    return Loss(lambda s: s.credentials.claim_credential(*asked).outcome, ClaimOutcome.WON)


def decide(store: RedisBackend) -> Loss:
    code = pending(NOW)
    store.credentials.save_credential(code, NOW)
    asked = (code.kind, code.digest, CredentialState.APPROVED, "s", "{}", NOW)
    return Loss(lambda s: s.credentials.decide_credential(*asked).outcome, DecisionOutcome.WON)


def poll(store: RedisBackend) -> Loss:
    code = pending(NOW)
    store.credentials.save_credential(code, NOW)
    asked = (code.kind, code.digest, code.client_id, NOW)
    return Loss(lambda s: s.credentials.poll_credential(*asked).outcome, PollOutcome.PENDING)


def save_credential(store: RedisBackend) -> Loss:
    return Loss(lambda s: s.credentials.save_credential(credential(NOW), NOW), None)


def save_device_code(store: RedisBackend) -> Loss:
    held = pending(NOW - 9000, expires_at=NOW, alias=fresh())
    store.credentials.save_credential(held, NOW - 9000)
    code = pending(NOW, alias=held.alias)

    def save(s: RedisBackend) -> object:
        s.credentials.save_credential(code, NOW)
        before = s.credentials.query_credential(held.kind, held.digest)
        return before == replace(held, alias=None)

    return Loss(save, answer=True, flights=2)


def claim_nonce(store: RedisBackend) -> Loss:
    digest = fresh()
    return Loss(lambda s: s.nonces.claim_nonce(digest, END, NOW), answer=True)


def count_attempt(store: RedisBackend) -> Loss:
    digest = fresh()
    store.accounts.count_attempt(digest, 60, NOW)
    return Loss(lambda s: s.accounts.count_attempt(digest, 60, NOW), 2)


def save_token(store: RedisBackend) -> Loss:
    given = grant(NOW, family=fresh())
    tokens = [access_token(NOW), refresh_token(NOW)]
    return Loss(lambda s: s.tokens.save_token(given, tokens), None, 2)


def save_refresh_token(store: RedisBackend) -> Loss:
    given, token = grant(NOW, family=fresh()), refresh_token(NOW)
    return Loss(lambda s: s.tokens.save_token(given, [token]), None, 2)


def add_token(store: RedisBackend) -> Loss:
    given, token = grant(NOW), access_token(NOW)
    store.tokens.save_token(given, [access_token(NOW)])
    return Loss(lambda s: s.tokens.save_token(given, [token]), None, 2)


def _rotation(store: RedisBackend, outcome: RotationOutcome, *, known: bool) -> Loss:
    given, first = grant(NOW, family=fresh()), refresh_token(NOW)
    store.tokens.save_token(given, [first])
    presented = first if known else refresh_token(NOW)
    brought = [access_token(NOW), refresh_token(NOW, generation=1)]
    asked = (str(given.family), presented.digest, given.client_id, brought, b"sealed", NOW, 0)
    return Loss(lambda s: s.tokens.rotate_refresh_token(*asked).outcome, outcome, 2)


def rotate(store: RedisBackend) -> Loss:
    return _rotation(store, RotationOutcome.WON, known=True)


def reuse(store: RedisBackend) -> Loss:
    return _rotation(store, RotationOutcome.REUSED, known=False)


def save_client(store: RedisBackend) -> Loss:
    saved = store.clients.save_client(client())
    return Loss(lambda s: s.clients.save_client(saved).version, 2)


def create_client(store: RedisBackend) -> Loss:
    return Loss(lambda s: s.clients.save_client(client()).version, 1)


def delete_client(store: RedisBackend) -> Loss:
    saved = store.clients.save_client(client())
    return Loss(lambda s: s.clients.delete_client(saved.client_id), answer=True)


def purge_clients(store: RedisBackend) -> Loss:
    store.clients.save_client(client(expires_at=NOW))
    return Loss(lambda s: s.clients.purge_clients(NOW, 1).count, 1)


def create_account(store: RedisBackend) -> Loss:
    return Loss(lambda s: s.accounts.save_account(account()).version, 1)


def revoke_grant(store: RedisBackend) -> Loss:
    given = grant(NOW, keep_until=None)
    token = access_token(NOW)
    store.tokens.save_token(given, [token])

    def revoke(s: RedisBackend) -> object:
        s.tokens.revoke_grant(given.grant_id, NOW, END)
        found = s.tokens.query_token(token.digest)
        return found is not None and (found.grant.revoked_at, found.grant.keep_until)

    return Loss(revoke, (NOW, END), 2)


def revoke_all(store: RedisBackend) -> Loss:
    given, token = grant(NOW), access_token(NOW)
    store.tokens.save_token(given, [token])

    def revoke(s: RedisBackend) -> object:
        s.tokens.revoke_all(None, given.subject, NOW, END)
        found = s.tokens.query_token(token.digest)
        return found is not None and found.grant.revoked_at

    return Loss(revoke, NOW, 2)


LOSSES = (
    *(claim, decide, poll, save_credential, save_device_code, claim_nonce, count_attempt),
    *(save_token, save_refresh_token, add_token, rotate, reuse),
    *(save_client, create_client, delete_client, purge_clients, create_account),
    *(revoke_grant, revoke_all),
)


@pytest.mark.parametrize("make", LOSSES, ids=lambda make: make.__name__)
def test_a_call_that_is_delivered_twice_is_one_call(
    make: Callable[[RedisBackend], Loss], through_proxy: RedisBackend, proxy: Proxy
) -> None:
    # Else the first reply that is lost would say that the server has not seen the script.
    make(through_proxy).call(through_proxy)
    for flight in range(1, make(through_proxy).flights + 1):
        loss, before = make(through_proxy), proxy.swallowed
        proxy.swallow(flight)
        answer = loss.call(through_proxy)

        assert proxy.swallowed == before + 1
        assert answer == loss.answer


def test_a_repeated_delivery_issues_nothing_twice(
    through_proxy: RedisBackend, proxy: Proxy
) -> None:
    rotate(through_proxy).call(through_proxy)
    given, first = grant(NOW, family=fresh()), refresh_token(NOW)
    through_proxy.tokens.save_token(given, [first])
    brought = [access_token(NOW), refresh_token(NOW, generation=1)]
    proxy.swallow(2)
    through_proxy.tokens.rotate_refresh_token(
        str(given.family), first.digest, given.client_id, brought, b"sealed", NOW, 60
    )

    found = through_proxy.tokens.query_refresh_token(str(given.family))
    assert found is not None
    assert found.grant.revoked_at is None
    assert (found.current, found.previous and found.previous.digest) == (brought[1], first.digest)
    again = through_proxy.tokens.rotate_refresh_token(
        str(given.family), first.digest, given.client_id, [refresh_token(NOW)], None, NOW, 60
    )
    assert (again.outcome, again.sealed_response) == (RotationOutcome.GRACE, b"sealed")
