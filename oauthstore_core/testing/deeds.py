"""Calls of a verb as values: made on any handle, by any thread, in any process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..records import Account, Client, Credential, CredentialState, Grant, Token
from .kit import Handle
from .samples import DAY

__all__ = [
    "Call",
    "Deed",
    "claim",
    "claim_nonce",
    "count_attempt",
    "decide",
    "poll",
    "purge",
    "redeem",
    "revoke_all",
    "revoke_grant",
    "rotate",
    "save_account",
    "save_client",
    "save_credential",
    "save_token",
]

#: What is done on a handle. To be sent to another process it must pickle: a `Call`, or a
#: `functools.partial` of a function that a module defines.
Deed = Callable[[Handle], object]


@dataclass(frozen=True, slots=True)
class Call:
    """A verb of a role, with its arguments."""

    role: str
    verb: str
    arguments: tuple[object, ...]

    def __call__(self, handle: Handle) -> object:
        """Make the call on this handle."""
        answer: object = getattr(handle.role(self.role), self.verb)(*self.arguments)
        return answer


def save_client(client: Client) -> Call:
    """Create or replace a client."""
    return Call("clients", "save_client", (client,))


def save_account(account: Account) -> Call:
    """Create or replace an account."""
    return Call("accounts", "save_account", (account,))


def count_attempt(digest: str, window: int, now: int) -> Call:
    """Count an attempt to sign in."""
    return Call("accounts", "count_attempt", (digest, window, now))


def claim_nonce(digest: str, expires_at: int, now: int) -> Call:
    """Use a nonce."""
    return Call("nonces", "claim_nonce", (digest, expires_at, now))


def save_credential(given: Credential, now: int) -> Call:
    """Store a new credential."""
    return Call("credentials", "save_credential", (given, now))


def claim(given: Credential, now: int) -> Call:
    """Use a credential, as its own client."""
    arguments = (given.kind, given.digest, given.client_id, now)
    return Call("credentials", "claim_credential", arguments)


def decide(
    given: Credential, state: CredentialState, subject: str | None, payload: str, now: int
) -> Call:
    """Approve or deny a credential."""
    arguments = (given.kind, given.digest, state, subject, payload, now)
    return Call("credentials", "decide_credential", arguments)


def poll(given: Credential, now: int) -> Call:
    """Poll a credential, as its own client."""
    arguments = (given.kind, given.digest, given.client_id, now)
    return Call("credentials", "poll_credential", arguments)


def redeem(code: Credential, given: Grant, tokens: Sequence[Token], now: int) -> Call:
    """Use a credential and save tokens in one step."""
    arguments = (code.kind, code.digest, code.client_id, given, tokens, now)
    return Call("tokens", "redeem_credential", arguments)


def save_token(given: Grant, tokens: Sequence[Token]) -> Call:
    """Save tokens under a grant."""
    return Call("tokens", "save_token", (given, tokens))


def rotate(
    given: Grant, presented: Token, successors: Sequence[Token], now: int, grace: int = 0
) -> Call:
    """Exchange a refresh token of the grant, as its own client; what is sealed names the call."""
    successor = next(token for token in successors if token.kind == "refresh")
    sealed = f"sealed for {successor.digest}".encode()
    arguments = (given.family, presented.digest, given.client_id, successors, sealed, now, grace)
    return Call("tokens", "rotate_refresh_token", arguments)


def revoke_grant(given: Grant, now: int) -> Call:
    """Revoke a grant; the mark stands for a day."""
    return Call("tokens", "revoke_grant", (given.grant_id, now, now + DAY))


def revoke_all(client_id: str | None, subject: str | None, now: int) -> Call:
    """Revoke all grants in range; the fence stands for a day."""
    return Call("tokens", "revoke_all", (client_id, subject, now, now + DAY))


def purge(role: str, now: int, limit: int = 100) -> Call:
    """Purge what the role keeps."""
    verb = "purge_attempts" if role == "accounts" else f"purge_{role}"
    return Call(role, verb, (now, limit))
