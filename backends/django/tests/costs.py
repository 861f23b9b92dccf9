"""What the verbs are called with by the tests that count statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from oauthstore_core.errors import GrantRevokedError
from oauthstore_core.records import Account, CredentialState, Grant, Token
from oauthstore_core.testing.samples import (
    access_token,
    client,
    credential,
    fresh,
    grant,
    pending,
    refresh_token,
)
from oauthstore_django.backend import DjangoBackend

__all__ = ["calls"]

NOW = 1_700_000_000
Call = Callable[[], object]


def calls(store: DjangoBackend) -> Iterator[tuple[str, Call]]:
    """Yield calls of every verb, by the name of what they cost; each must be made at once."""
    yield from _saving(store)
    yield from _tokens(store)
    yield from _credentials(store)
    yield from _registers(store)
    yield from _purges(store)


def _saved(store: DjangoBackend, *kinds: str, **changes: object) -> tuple[Grant, list[Token]]:
    made = {"access": access_token, "refresh": refresh_token}
    tokens = [made[kind](NOW) for kind in kinds]
    kept = grant(NOW, family=fresh() if "refresh" in kinds else None, **changes)
    store.tokens.save_token(kept, tokens)
    return kept, tokens


def _saving(store: DjangoBackend) -> Iterator[tuple[str, Call]]:
    save = store.tokens.save_token
    yield "save: new", lambda: _saved(store, "access")
    yield "save: new, with a refresh token", lambda: _saved(store, "access", "refresh")
    yield "save: without access token", lambda: _saved(store, "refresh")
    yield "save: without access token", lambda: _saved(store)
    kept, (first,) = _saved(store, "access")
    yield "save: another access token", lambda: save(kept, [access_token(NOW)])
    yield "save: that drops", lambda: save(kept, [access_token(first.expires_at or 0)])
    store.tokens.revoke_grant(kept.grant_id, NOW, NOW + 9)
    store.tokens.revoke_all("fenced", None, NOW, NOW + 9)
    yield "save: refused", lambda: _refused(store, kept)
    yield "save: refused", lambda: _refused(store, grant(NOW, client_id="fenced"))


def _refused(store: DjangoBackend, given: Grant) -> None:
    with pytest.raises(GrantRevokedError):
        store.tokens.save_token(given, [access_token(NOW)])


def _tokens(store: DjangoBackend) -> Iterator[tuple[str, Call]]:
    tokens = store.tokens
    kept, (access, refresh) = _saved(store, "access", "refresh")
    yield "query_token", lambda: tokens.query_token(access.digest)
    yield "query_refresh_token", lambda: tokens.query_refresh_token(kept.family)
    yield "list_grants", lambda: tokens.list_grants(kept.client_id, kept.subject, "a", 5)
    yield "list_grants", lambda: tokens.list_grants(None, kept.subject, None, 5)

    def rotate(now: int = NOW) -> object:
        brought = [access_token(NOW), refresh_token(NOW, generation=1)]
        presented = (kept.family, refresh.digest, kept.client_id)
        return tokens.rotate_refresh_token(*presented, brought, b"x", now, 5)

    yield "rotate: won", rotate
    yield "rotate: grace", rotate
    yield "rotate: reused", lambda: rotate(NOW + 5)
    for _ in range(10):
        _saved(store, "access", client_id="c", subject="s")
    yield "revoke_token", lambda: tokens.revoke_token(kept.grant_id, access.digest, NOW)
    yield "revoke_grant", lambda: tokens.revoke_grant(kept.grant_id, NOW, NOW + 9)
    yield "revoke_grant", lambda: tokens.revoke_grant("yet to be saved", NOW, NOW + 9)
    yield "revoke_all", lambda: tokens.revoke_all("c", None, NOW, NOW + 9)
    yield "revoke_all", lambda: tokens.revoke_all(None, "s", NOW, NOW + 9)


def _credentials(store: DjangoBackend) -> Iterator[tuple[str, Call]]:
    roles, alias, save = store.credentials, fresh(), store.credentials.save_credential
    yield "save_credential", lambda: save(credential(NOW), NOW)
    save(credential(NOW, alias=alias, expires_at=NOW), NOW)
    yield "save_credential: alias taken over", lambda: save(credential(NOW, alias=alias), NOW)
    code, device, redeemed = credential(NOW), pending(NOW), credential(NOW)
    for each in (code, device, redeemed):
        save(each, NOW)
    this = (device.kind, device.digest)
    yield "query_credential", lambda: roles.query_credential(*this)
    yield "query_credential", lambda: roles.query_credential_by_alias(device.kind, alias)
    presented = (code.kind, code.digest, code.client_id, NOW)
    yield "claim: won", lambda: roles.claim_credential(*presented)
    yield "claim: lost", lambda: roles.claim_credential(*presented)
    yield "poll: pending", lambda: roles.poll_credential(*this, device.client_id, NOW)
    approved = (CredentialState.APPROVED, "s", "{}", NOW)
    yield "decide", lambda: roles.decide_credential(*this, *approved)
    yield "poll: approved", lambda: roles.poll_credential(*this, device.client_id, NOW)
    kept = grant(NOW, family=fresh())

    def redeem() -> object:
        brought = [access_token(NOW), refresh_token(NOW)]
        this = (redeemed.kind, redeemed.digest, redeemed.client_id)
        return store.tokens.redeem_credential(*this, kept, brought, NOW)

    yield "redeem: won", redeem
    yield "redeem: lost", redeem


def _registers(store: DjangoBackend) -> Iterator[tuple[str, Call]]:
    made, nonce = client(), fresh()
    clients, accounts, nonces = store.clients, store.accounts, store.nonces
    account = Account("subject", "name", NOW)
    yield "register", lambda: clients.save_client(made)
    yield "register", lambda: clients.save_client(replace(made, version=1))
    yield "register", lambda: clients.query_client(made.client_id)
    yield "register", lambda: clients.list_clients(None, None, 5)
    yield "register", lambda: clients.list_clients("owner", "a", 5)
    yield "register", lambda: clients.delete_client(made.client_id)
    yield "register", lambda: accounts.save_account(account)
    yield "register", lambda: accounts.query_account("name")
    yield "register", lambda: accounts.query_account_by_subject("subject")
    yield "register", lambda: accounts.list_accounts("a", 5)
    yield "register", lambda: accounts.delete_account("subject")
    yield "count_attempt", lambda: accounts.count_attempt(nonce, 9, NOW)
    yield "count_attempt", lambda: accounts.count_attempt(nonce, 9, NOW)
    yield "claim_nonce", lambda: nonces.claim_nonce(nonce, NOW + 9, NOW)
    yield "claim_nonce", lambda: nonces.claim_nonce(nonce, NOW + 9, NOW)


def _purges(store: DjangoBackend) -> Iterator[tuple[str, Call]]:
    yield "purge", lambda: store.clients.purge_clients(NOW, 100)
    yield "purge", lambda: store.credentials.purge_credentials(NOW, 100)
    yield "purge", lambda: store.nonces.purge_nonces(NOW, 100)
    yield "purge", lambda: store.accounts.purge_attempts(NOW, 100)
    yield "purge: tokens, nothing due", lambda: store.tokens.purge_tokens(0, 100)
    _saved(store, "access", keep_until=NOW)
    yield "purge: tokens, grants due", lambda: store.tokens.purge_tokens(NOW, 100)
