"""Base classes for decorators: each passes every call of its role on to the store within.

A decorator overrides what it changes, marks it ``@hookimpl`` again, and asks
`self.store` for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..hookspecs import (
    AccountStore,
    ClientStore,
    CredentialCache,
    NonceStore,
    RedeemingTokenStore,
    hookimpl,
)
from ..records import (
    Account,
    Claim,
    Client,
    Credential,
    CredentialState,
    Decision,
    Grant,
    IssuedToken,
    Page,
    Poll,
    Purged,
    RefreshFamily,
    Rotation,
    Token,
)

__all__ = [
    "ForwardingAccountStore",
    "ForwardingClientStore",
    "ForwardingCredentialCache",
    "ForwardingNonceStore",
    "ForwardingTokenStore",
]


class ForwardingClientStore(ClientStore):
    """A `ClientStore` that asks another."""

    def __init__(self, store: ClientStore) -> None:
        self.store = store

    @hookimpl
    def query_client(self, client_id: str) -> Client | None:
        return self.store.query_client(client_id)

    @hookimpl
    def save_client(self, client: Client) -> Client:
        return self.store.save_client(client)

    @hookimpl
    def delete_client(self, client_id: str) -> bool:
        return self.store.delete_client(client_id)

    @hookimpl
    def list_clients(self, owner: str | None, after: str | None, limit: int) -> Page[Client]:
        return self.store.list_clients(owner, after, limit)

    @hookimpl
    def purge_clients(self, now: int, limit: int) -> Purged:
        return self.store.purge_clients(now, limit)


class ForwardingTokenStore(RedeemingTokenStore):
    """A `TokenStore` that asks another.

    `redeem_credential` is called only where the store within has it. It takes
    a credential and saves tokens: override it together with `save_token`, and
    with the credential cache's `claim_credential`.
    """

    def __init__(self, store: RedeemingTokenStore) -> None:
        self.store = store

    @hookimpl
    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        self.store.save_token(grant, tokens)

    @hookimpl
    def query_token(self, digest: str) -> IssuedToken | None:
        return self.store.query_token(digest)

    @hookimpl
    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        return self.store.query_refresh_token(family)

    @hookimpl
    def rotate_refresh_token(
        self,
        family: str,
        digest: str,
        client_id: str,
        successors: Sequence[Token],
        sealed_response: bytes | None,
        now: int,
        grace: int,
    ) -> Rotation:
        return self.store.rotate_refresh_token(
            family, digest, client_id, successors, sealed_response, now, grace
        )

    @hookimpl
    def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
        self.store.revoke_token(grant_id, digest, now)

    @hookimpl
    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        self.store.revoke_grant(grant_id, now, keep_until)

    @hookimpl
    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        return self.store.revoke_all(client_id, subject, now, keep_until)

    @hookimpl
    def list_grants(
        self, client_id: str | None, subject: str | None, after: str | None, limit: int
    ) -> Page[Grant]:
        return self.store.list_grants(client_id, subject, after, limit)

    @hookimpl
    def purge_tokens(self, now: int, limit: int) -> Purged:
        return self.store.purge_tokens(now, limit)

    @hookimpl
    def redeem_credential(
        self,
        kind: str,
        digest: str,
        client_id: str,
        grant: Grant,
        tokens: Sequence[Token],
        now: int,
    ) -> Claim:
        return self.store.redeem_credential(kind, digest, client_id, grant, tokens, now)


class ForwardingCredentialCache(CredentialCache):
    """A `CredentialCache` that asks another."""

    def __init__(self, store: CredentialCache) -> None:
        self.store = store

    @hookimpl
    def save_credential(self, credential: Credential, now: int) -> None:
        self.store.save_credential(credential, now)

    @hookimpl
    def query_credential(self, kind: str, digest: str) -> Credential | None:
        return self.store.query_credential(kind, digest)

    @hookimpl
    def query_credential_by_alias(self, kind: str, alias: str) -> Credential | None:
        return self.store.query_credential_by_alias(kind, alias)

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
        return self.store.decide_credential(kind, digest, state, subject, payload, now)

    @hookimpl
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        return self.store.claim_credential(kind, digest, client_id, now)

    @hookimpl
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        return self.store.poll_credential(kind, digest, client_id, now)

    @hookimpl
    def purge_credentials(self, now: int, limit: int) -> Purged:
        return self.store.purge_credentials(now, limit)


class ForwardingNonceStore(NonceStore):
    """A `NonceStore` that asks another."""

    def __init__(self, store: NonceStore) -> None:
        self.store = store

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        return self.store.claim_nonce(digest, expires_at, now)

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return self.store.purge_nonces(now, limit)


class ForwardingAccountStore(AccountStore):
    """An `AccountStore` that asks another."""

    def __init__(self, store: AccountStore) -> None:
        self.store = store

    @hookimpl
    def query_account(self, name: str) -> Account | None:
        return self.store.query_account(name)

    @hookimpl
    def query_account_by_subject(self, subject: str) -> Account | None:
        return self.store.query_account_by_subject(subject)

    @hookimpl
    def save_account(self, account: Account) -> Account:
        return self.store.save_account(account)

    @hookimpl
    def delete_account(self, subject: str) -> bool:
        return self.store.delete_account(subject)

    @hookimpl
    def list_accounts(self, after: str | None, limit: int) -> Page[Account]:
        return self.store.list_accounts(after, limit)

    @hookimpl
    def count_attempt(self, digest: str, window: int, now: int) -> int:
        return self.store.count_attempt(digest, window, now)

    @hookimpl
    def purge_attempts(self, now: int, limit: int) -> Purged:
        return self.store.purge_attempts(now, limit)
