"""Typed façades: what the core calls, each method one hook call by keyword.

A façade satisfies the same Protocol as the store behind it. The hook callers
are bound once, when all plugins are registered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pluggy import HookRelay

from ..errors import CapabilityError
from ..hookspecs import (
    AccountStore,
    ClientStore,
    CredentialCache,
    NonceStore,
    RedeemingTokenStore,
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
    "AccountStoreFacade",
    "ClientStoreFacade",
    "CredentialCacheFacade",
    "NonceStoreFacade",
    "TokenStoreFacade",
]


class ClientStoreFacade(ClientStore):
    """`ClientStore` through the hooks."""

    def __init__(self, hook: HookRelay) -> None:
        self._query_client: Callable[..., Client | None] = hook.query_client
        self._save_client: Callable[..., Client] = hook.save_client
        self._delete_client: Callable[..., bool] = hook.delete_client
        self._list_clients: Callable[..., Page[Client]] = hook.list_clients
        self._purge_clients: Callable[..., Purged] = hook.purge_clients

    def query_client(self, client_id: str) -> Client | None:
        return self._query_client(client_id=client_id)

    def save_client(self, client: Client) -> Client:
        return self._save_client(client=client)

    def delete_client(self, client_id: str) -> bool:
        return self._delete_client(client_id=client_id)

    def list_clients(self, owner: str | None, after: str | None, limit: int) -> Page[Client]:
        return self._list_clients(owner=owner, after=after, limit=limit)

    def purge_clients(self, now: int, limit: int) -> Purged:
        return self._purge_clients(now=now, limit=limit)


class TokenStoreFacade(RedeemingTokenStore):
    """`TokenStore` through the hooks, and `redeem_credential` where the store redeems.

    `revoke_all` takes the core's plain `now`: the fence that it raises is
    ahead by `fence_lead`, the clock skew and the seconds that caches keep.
    """

    def __init__(self, hook: HookRelay, *, redeems: bool, fence_lead: int) -> None:
        self._redeems = redeems
        self._fence_lead = fence_lead
        self._save_token: Callable[..., None] = hook.save_token
        self._query_token: Callable[..., IssuedToken | None] = hook.query_token
        self._query_refresh_token: Callable[..., RefreshFamily | None] = hook.query_refresh_token
        self._rotate_refresh_token: Callable[..., Rotation] = hook.rotate_refresh_token
        self._revoke_token: Callable[..., None] = hook.revoke_token
        self._revoke_grant: Callable[..., None] = hook.revoke_grant
        self._revoke_all: Callable[..., int] = hook.revoke_all
        self._list_grants: Callable[..., Page[Grant]] = hook.list_grants
        self._purge_tokens: Callable[..., Purged] = hook.purge_tokens
        self._redeem_credential: Callable[..., Claim] = hook.redeem_credential

    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        self._save_token(grant=grant, tokens=tokens)

    def query_token(self, digest: str) -> IssuedToken | None:
        return self._query_token(digest=digest)

    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        return self._query_refresh_token(family=family)

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
        return self._rotate_refresh_token(
            family=family,
            digest=digest,
            client_id=client_id,
            successors=successors,
            sealed_response=sealed_response,
            now=now,
            grace=grace,
        )

    def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
        self._revoke_token(grant_id=grant_id, digest=digest, now=now)

    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        self._revoke_grant(grant_id=grant_id, now=now, keep_until=keep_until)

    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        return self._revoke_all(
            client_id=client_id,
            subject=subject,
            now=now + self._fence_lead,
            keep_until=keep_until,
        )

    def list_grants(
        self, client_id: str | None, subject: str | None, after: str | None, limit: int
    ) -> Page[Grant]:
        return self._list_grants(client_id=client_id, subject=subject, after=after, limit=limit)

    def purge_tokens(self, now: int, limit: int) -> Purged:
        return self._purge_tokens(now=now, limit=limit)

    def redeem_credential(
        self,
        kind: str,
        digest: str,
        client_id: str,
        grant: Grant,
        tokens: Sequence[Token],
        now: int,
    ) -> Claim:
        # Without a provider pluggy would answer None: neither saved nor refused.
        if not self._redeems:
            raise CapabilityError(
                "redeem_credential() was called, but tokens and credentials are not kept by "
                "one store that redeems. Look at `Stores.redeems` first; claim and save instead."
            )
        return self._redeem_credential(
            kind=kind, digest=digest, client_id=client_id, grant=grant, tokens=tokens, now=now
        )


class CredentialCacheFacade(CredentialCache):
    """`CredentialCache` through the hooks."""

    def __init__(self, hook: HookRelay) -> None:
        self._save_credential: Callable[..., None] = hook.save_credential
        self._query_credential: Callable[..., Credential | None] = hook.query_credential
        self._query_by_alias: Callable[..., Credential | None] = hook.query_credential_by_alias
        self._decide_credential: Callable[..., Decision] = hook.decide_credential
        self._claim_credential: Callable[..., Claim] = hook.claim_credential
        self._poll_credential: Callable[..., Poll] = hook.poll_credential
        self._purge_credentials: Callable[..., Purged] = hook.purge_credentials

    def save_credential(self, credential: Credential, now: int) -> None:
        self._save_credential(credential=credential, now=now)

    def query_credential(self, kind: str, digest: str) -> Credential | None:
        return self._query_credential(kind=kind, digest=digest)

    def query_credential_by_alias(self, kind: str, alias: str) -> Credential | None:
        return self._query_by_alias(kind=kind, alias=alias)

    def decide_credential(
        self,
        kind: str,
        digest: str,
        state: CredentialState,
        subject: str | None,
        payload: str,
        now: int,
    ) -> Decision:
        return self._decide_credential(
            kind=kind, digest=digest, state=state, subject=subject, payload=payload, now=now
        )

    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        return self._claim_credential(kind=kind, digest=digest, client_id=client_id, now=now)

    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        return self._poll_credential(kind=kind, digest=digest, client_id=client_id, now=now)

    def purge_credentials(self, now: int, limit: int) -> Purged:
        return self._purge_credentials(now=now, limit=limit)


class NonceStoreFacade(NonceStore):
    """`NonceStore` through the hooks."""

    def __init__(self, hook: HookRelay) -> None:
        self._claim_nonce: Callable[..., bool] = hook.claim_nonce
        self._purge_nonces: Callable[..., Purged] = hook.purge_nonces

    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        return self._claim_nonce(digest=digest, expires_at=expires_at, now=now)

    def purge_nonces(self, now: int, limit: int) -> Purged:
        return self._purge_nonces(now=now, limit=limit)


class AccountStoreFacade(AccountStore):
    """`AccountStore` through the hooks."""

    def __init__(self, hook: HookRelay) -> None:
        self._query_account: Callable[..., Account | None] = hook.query_account
        self._query_by_subject: Callable[..., Account | None] = hook.query_account_by_subject
        self._save_account: Callable[..., Account] = hook.save_account
        self._delete_account: Callable[..., bool] = hook.delete_account
        self._list_accounts: Callable[..., Page[Account]] = hook.list_accounts
        self._count_attempt: Callable[..., int] = hook.count_attempt
        self._purge_attempts: Callable[..., Purged] = hook.purge_attempts

    def query_account(self, name: str) -> Account | None:
        return self._query_account(name=name)

    def query_account_by_subject(self, subject: str) -> Account | None:
        return self._query_by_subject(subject=subject)

    def save_account(self, account: Account) -> Account:
        return self._save_account(account=account)

    def delete_account(self, subject: str) -> bool:
        return self._delete_account(subject=subject)

    def list_accounts(self, after: str | None, limit: int) -> Page[Account]:
        return self._list_accounts(after=after, limit=limit)

    def count_attempt(self, digest: str, window: int, now: int) -> int:
        return self._count_attempt(digest=digest, window=window, now=now)

    def purge_attempts(self, now: int, limit: int) -> Purged:
        return self._purge_attempts(now=now, limit=limit)
