"""One record of each role that a store serves, and whether a handle finds it as it was saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ..records import Account, Client, Credential, Grant, IssuedToken, RefreshFamily, Token
from .kit import Handle, Kit
from .samples import access_token, account, client, credential, fresh, grant, refresh_token

__all__ = ["Specimen", "missing", "save_specimens"]


@dataclass(frozen=True, slots=True)
class Specimen:
    """What was saved; pickles, so that other processes can look, too."""

    role: str
    #: Tells whether a handle finds it.
    is_there: Callable[[Handle], bool]


def save_specimens(kit: Kit, handle: Handle, **changes: object) -> list[Specimen]:
    """Save one record of each served role through this handle; `changes` are of their payloads."""
    makers: dict[str, Callable[..., Callable[[Handle], bool]]] = {
        "clients": _save_client,
        "tokens": _save_tokens,
        "credentials": _save_credential,
        "nonces": _save_nonce,
        "accounts": _save_account,
    }
    served = (role for role in makers if kit.serves(role))
    return [Specimen(role, makers[role](handle, kit.now, **changes)) for role in served]


def missing(handle: Handle, specimens: Sequence[Specimen]) -> list[str]:
    """Return the roles whose records the handle does not find as they were saved."""
    return [specimen.role for specimen in specimens if not specimen.is_there(handle)]


def _save_client(handle: Handle, _now: int, **changes: object) -> Callable[[Handle], bool]:
    return partial(_has_client, handle.clients.save_client(client(**changes)))


def _has_client(saved: Client, handle: Handle) -> bool:
    return handle.clients.query_client(saved.client_id) == saved


def _save_tokens(handle: Handle, now: int, **changes: object) -> Callable[[Handle], bool]:
    given = grant(now, family=fresh(), **changes)
    access, refresh = access_token(now, **changes), refresh_token(now, **changes)
    handle.tokens.save_token(given, [access, refresh])
    return partial(_has_tokens, given, access, refresh)


def _has_tokens(given: Grant, access: Token, refresh: Token, handle: Handle) -> bool:
    return handle.tokens.query_token(access.digest) == IssuedToken(
        given, access
    ) and handle.tokens.query_refresh_token(given.family or "") == RefreshFamily(given, refresh)


def _save_credential(handle: Handle, now: int, **changes: object) -> Callable[[Handle], bool]:
    given = credential(now, alias=fresh(), **changes)
    handle.credentials.save_credential(given, now)
    return partial(_has_credential, given)


def _has_credential(given: Credential, handle: Handle) -> bool:
    store = handle.credentials
    found = store.query_credential_by_alias(given.kind, given.alias or "")
    return store.query_credential(given.kind, given.digest) == given == found


def _save_nonce(handle: Handle, now: int, **_changes: object) -> Callable[[Handle], bool]:
    digest = fresh()
    handle.nonces.claim_nonce(digest, now + 3600, now)
    return partial(_knows_nonce, digest, now)


def _knows_nonce(digest: str, now: int, handle: Handle) -> bool:
    return handle.nonces.claim_nonce(digest, now + 3600, now) is False


def _save_account(handle: Handle, _now: int, **changes: object) -> Callable[[Handle], bool]:
    return partial(_has_account, handle.accounts.save_account(account(**changes)))


def _has_account(saved: Account, handle: Handle) -> bool:
    store = handle.accounts
    return store.query_account(saved.name) == saved == store.query_account_by_subject(saved.subject)
