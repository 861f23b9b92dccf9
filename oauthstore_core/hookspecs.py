"""The storage contract, version 1: the roles as Protocols whose methods are the hookspecs.

A backend serves a role with an object of its own whose methods are marked
`@hookimpl` and have exactly these parameters. All records are those of
`records`; handles come as digests, times as whole seconds since the epoch,
`now` from the core's clock. What every verb promises:

* one winner: of any number of concurrent claims, rotations and decisions on
  one record exactly one wins, and the others learn what happened;
* expired at read: `now >= expires_at` is expired, whether purged or not, and
  what is past its `keep_until` is missing;
* only `StoreError` and its subclasses leave a backend; "not found" is a value,
  and a failed read is never "not found";
* what a call returned is visible to the next call through any handle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

import pluggy

from .records import (
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
    "CONTRACT_VERSION",
    "PROJECT",
    "ROLES",
    "AccountStore",
    "ClientStore",
    "CredentialCache",
    "NonceStore",
    "RedeemingTokenStore",
    "TokenStore",
    "hookimpl",
    "hookspec",
]

#: The name under which pluggy collects the hooks.
PROJECT: Final = "oauthstore"
#: The contract that this core speaks.
CONTRACT_VERSION: Final = 1

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@runtime_checkable
class ClientStore(Protocol):
    """Registered clients, with compare-and-set on `version`."""

    @hookspec(firstresult=True)
    def query_client(self, client_id: str) -> Client | None:
        """Return the client, or None; also when it has expired: the core judges that."""
        ...

    @hookspec(firstresult=True)
    def save_client(self, client: Client) -> Client:
        """Create (version 0) or replace the client, and return it as stored.

        The stored version is one more than the given one. One atomic step.
        `DuplicateError`: version 0, but it exists. `ConflictError`: another
        version is stored, or none; nothing was written.
        """
        ...

    @hookspec(firstresult=True)
    def delete_client(self, client_id: str) -> bool:
        """Delete the client and tell whether it was there; its tokens are the core's to revoke."""
        ...

    @hookspec(firstresult=True)
    def list_clients(self, owner: str | None, after: str | None, limit: int) -> Page[Client]:
        """Return up to `limit` clients of an owner (None: of any), in a stable order.

        `after` is the cursor of the page before, None for the first.
        """
        ...

    @hookspec(firstresult=True)
    def purge_clients(self, now: int, limit: int) -> Purged:
        """Remove at most `limit` clients with `now >= expires_at`."""
        ...


@runtime_checkable
class TokenStore(Protocol):
    """Grants, their tokens and refresh families, and the fences that make revocation final."""

    @hookspec(firstresult=True)
    def save_token(self, grant: Grant, tokens: Sequence[Token]) -> None:
        """Store the tokens under the grant: all or none, in one atomic step.

        Creates the grant, or adds to it and changes nothing else of it but a
        `family` that it did not have. No tokens is legal. At most one is of
        kind `refresh`; it becomes the family's current token. Drops the
        grant's access tokens that expired at the latest `issued_at` among
        `tokens`, and the oldest beyond 32 live ones.

        `GrantRevokedError`: the grant is revoked, or a fence in whose range it
        lies stands at or after its `granted_at`. `DuplicateError`: a digest or
        the family exists, or a refresh token is to be added to a grant that
        has a family. Nothing was written in either case.
        """
        ...

    @hookspec(firstresult=True)
    def query_token(self, digest: str) -> IssuedToken | None:
        """Return the token in whatever state, or None; never a refresh token."""
        ...

    @hookspec(firstresult=True)
    def query_refresh_token(self, family: str) -> RefreshFamily | None:
        """Return the family of that digest in whatever state, or None."""
        ...

    @hookspec(firstresult=True)
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
        """Exchange the refresh token of that digest for its successors, in one atomic step.

        `successors` hold exactly one of kind `refresh`, whose generation is
        one more. `judgement.judge_rotation` says what is answered when. WON:
        the presented token is rotated at `now`, the successors are stored, an
        older sealed response is dropped for this one, and access tokens are
        dropped as by `save_token`. REUSED: the grant is revoked at `now` in
        the same step. All others write nothing. `grace` is in seconds.
        `DuplicateError`: a successor's digest exists; nothing was written.
        """
        ...

    @hookspec(firstresult=True)
    def revoke_token(self, grant_id: str, digest: str, now: int) -> None:
        """Mark one access token of the grant as revoked; no matter if it is or was not there."""
        ...

    @hookspec(firstresult=True)
    def revoke_grant(self, grant_id: str, now: int, keep_until: int) -> None:
        """Revoke the grant, also one that is yet to be saved.

        When this returns, nothing of the grant is valid or becomes valid. The
        first `revoked_at` stays. `keep_until` is set where the row has none,
        also where it was revoked before, or where there is no row.
        """
        ...

    @hookspec(firstresult=True)
    def revoke_all(
        self, client_id: str | None, subject: str | None, now: int, keep_until: int
    ) -> int:
        """Revoke every grant in range; return how many were newly revoked.

        None means any; both None is a `ValueError`. Raises a fence at `now`
        that stands until `keep_until` and only rises, makes it visible, then
        marks every grant in range, whatever its `granted_at`. The core's
        `now` is already ahead by the clock skew and the caches' seconds.
        """
        ...

    @hookspec(firstresult=True)
    def list_grants(
        self, client_id: str | None, subject: str | None, after: str | None, limit: int
    ) -> Page[Grant]:
        """Return up to `limit` grants that are not revoked, in a stable order.

        None means any. The core leaves out those past their `keep_until`.
        """
        ...

    @hookspec(firstresult=True)
    def purge_tokens(self, now: int, limit: int) -> Purged:
        """Remove at most `limit` expired access tokens, and grants and fences past `keep_until`.

        A grant goes with all its tokens. What has no expiry stays, so does a
        refresh family as long as its grant is kept.
        """
        ...


@runtime_checkable
class RedeemingTokenStore(TokenStore, Protocol):
    """A token store whose backend also serves the credentials: capability `redeems`."""

    @hookspec(firstresult=True)
    def redeem_credential(
        self,
        kind: str,
        digest: str,
        client_id: str,
        grant: Grant,
        tokens: Sequence[Token],
        now: int,
    ) -> Claim:
        """Claim the credential and, if that is WON, save the tokens: one atomic step.

        Answers as `claim_credential`, raises as `save_token`; a refused save
        leaves the credential unclaimed.
        """
        ...


@runtime_checkable
class CredentialCache(Protocol):
    """What is claimed once: codes, device codes, temporary credentials, pushed requests."""

    @hookspec(firstresult=True)
    def save_credential(self, credential: Credential, now: int) -> None:
        """Store a new credential.

        `DuplicateError`: the digest exists, or the alias belongs to another of
        its kind with `now < expires_at`. An alias whose owner has expired is
        taken over; the old record stays, without alias.
        """
        ...

    @hookspec(firstresult=True)
    def query_credential(self, kind: str, digest: str) -> Credential | None:
        """Return the credential in whatever state, without using it, or None."""
        ...

    @hookspec(firstresult=True)
    def query_credential_by_alias(self, kind: str, alias: str) -> Credential | None:
        """Return the credential that holds this alias, or None."""
        ...

    @hookspec(firstresult=True)
    def decide_credential(
        self,
        kind: str,
        digest: str,
        state: CredentialState,
        subject: str | None,
        payload: str,
        now: int,
    ) -> Decision:
        """Approve or deny a pending credential, once, in one atomic step.

        WON: state, subject and payload replace the stored ones, `granted_at`
        becomes `now`. Otherwise nothing is written; see
        `judgement.judge_decision`.
        """
        ...

    @hookspec(firstresult=True)
    def claim_credential(self, kind: str, digest: str, client_id: str, now: int) -> Claim:
        """Use an approved credential, once, in one atomic step.

        WON: it is marked used and stays as a tombstone until `keep_until`; the
        claim holds it as it was. Otherwise nothing is written; see
        `judgement.judge_claim`.
        """
        ...

    @hookspec(firstresult=True)
    def poll_credential(self, kind: str, digest: str, client_id: str, now: int) -> Poll:
        """Record a device's poll and tell its outcome, in one atomic step (RFC 8628 3.5).

        PENDING and SLOW_DOWN set `polled_at`; SLOW_DOWN also adds 5 seconds to
        the interval. Others write nothing; see `judgement.judge_poll`.
        """
        ...

    @hookspec(firstresult=True)
    def purge_credentials(self, now: int, limit: int) -> Purged:
        """Remove at most `limit` credentials with `now >= keep_until`."""
        ...


@runtime_checkable
class NonceStore(Protocol):
    """First-use detection for OAuth 1 nonces and for the ids of assertions."""

    @hookspec(firstresult=True)
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        """Tell whether this is the nonce's first use, and remember it, in one step.

        Of any number of concurrent calls exactly one gets True. Remembered
        until `expires_at`; RFC 5849 section 3.3.
        """
        ...

    @hookspec(firstresult=True)
    def purge_nonces(self, now: int, limit: int) -> Purged:
        """Remove at most `limit` nonces with `now >= expires_at`."""
        ...


@runtime_checkable
class AccountStore(Protocol):
    """The standalone server's own users, and the count of their sign-in attempts."""

    @hookspec(firstresult=True)
    def query_account(self, name: str) -> Account | None:
        """Return the account of that name, compared exactly, or None."""
        ...

    @hookspec(firstresult=True)
    def query_account_by_subject(self, subject: str) -> Account | None:
        """Return the account of that subject, or None."""
        ...

    @hookspec(firstresult=True)
    def save_account(self, account: Account) -> Account:
        """Create (version 0) or replace the account of that subject; return it as stored.

        Compare-and-set as `ClientStore.save_client`. `DuplicateError`: the
        name, or for version 0 the subject, is taken.
        """
        ...

    @hookspec(firstresult=True)
    def delete_account(self, subject: str) -> bool:
        """Delete the account and tell whether it was there."""
        ...

    @hookspec(firstresult=True)
    def list_accounts(self, after: str | None, limit: int) -> Page[Account]:
        """Return up to `limit` accounts, in a stable order."""
        ...

    @hookspec(firstresult=True)
    def count_attempt(self, digest: str, window: int, now: int) -> int:
        """Count an attempt under this digest, in one step; return how many the window holds.

        The window is `window` seconds long and opens with the first attempt.
        """
        ...

    @hookspec(firstresult=True)
    def purge_attempts(self, now: int, limit: int) -> Purged:
        """Remove at most `limit` counts whose window has closed."""
        ...


#: The roles by the name that settings and backends use.
ROLES: Final[dict[str, type]] = {
    "clients": ClientStore,
    "tokens": TokenStore,
    "credentials": CredentialCache,
    "nonces": NonceStore,
    "accounts": AccountStore,
}
