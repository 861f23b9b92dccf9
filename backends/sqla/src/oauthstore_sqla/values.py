"""Records to the values of columns, and rows to records.

Digests cross as hexadecimal text and are stored as their 32 bytes. In texts,
what some database cannot hold (NUL, half of a surrogate pair) is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, overload

from oauthstore_core.records import (
    Account,
    Client,
    Credential,
    CredentialState,
    Grant,
    Token,
    TokenState,
)

__all__ = [
    "account_of",
    "account_values",
    "client_of",
    "client_values",
    "credential_of",
    "credential_values",
    "current_of",
    "following",
    "grant_of",
    "grant_values",
    "key",
    "previous_of",
    "refresh_values",
    "text",
    "token_of",
    "token_values",
]

Row = Sequence[Any]

_ESCAPE = "\x1b"
_UNSTORABLE = re.compile("[\x00\x1b\ud800-\udfff]")
_ESCAPED = re.compile("\x1b([0-9a-f]{4})")
_DIGEST_BYTES = 32


@overload
def key(digest: str) -> bytes: ...
@overload
def key(digest: None) -> None: ...
def key(digest: str | None) -> bytes | None:
    """Return the bytes under which a digest is stored."""
    if digest is None:
        return None
    try:
        stored = bytes.fromhex(digest)
    except ValueError:
        stored = b""
    if len(stored) == _DIGEST_BYTES and stored.hex() == digest:
        return stored
    raise ValueError(
        "A store was asked for a digest that is none: it is to be 64 lower-case hexadecimal "
        f"digits, and has {len(digest)} characters. Hash handles with oauthstore_core.digests."
    )


@overload
def text(value: str) -> str: ...
@overload
def text(value: None) -> None: ...
def text(value: str | None) -> str | None:
    """Return what is stored for a text; the texts of all but hostile callers stay as they are."""
    if value is None or (value.isascii() and "\0" not in value and _ESCAPE not in value):
        return value
    return _UNSTORABLE.sub(lambda found: f"{_ESCAPE}{ord(found[0]):04x}", value)


def following(cursor: str | None) -> str:
    """Return the least text that is stored behind that of a cursor; None: before all."""
    return "" if cursor is None else text(cursor) + "\x01"


@overload
def _original(value: str) -> str: ...
@overload
def _original(value: None) -> None: ...
def _original(value: str | None) -> str | None:
    if value is None or _ESCAPE not in value:
        return value
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


# --- grants and tokens ---


def grant_values(grant: Grant) -> dict[str, Any]:
    """Return the values of the columns for a grant."""
    return {
        "grant_id": text(grant.grant_id),
        "client_id": text(grant.client_id),
        "subject": text(grant.subject),
        "family": key(grant.family),
        "granted_at": grant.granted_at,
        "keep_until": grant.keep_until,
        "revoked_at": grant.revoked_at,
        "payload": text(grant.payload),
    }


def grant_of(row: Row) -> Grant:
    """Return the grant at the head of a row."""
    return Grant(
        _original(row[0]),
        _original(row[1]),
        _original(row[2]),
        _hex(row[3]),
        row[4],
        row[5],
        row[6],
        _original(row[7]),
    )


def token_values(token: Token, grant_id: str) -> dict[str, Any]:
    """Return the values of the columns for any token but a refresh token."""
    return {
        "digest": key(token.digest),
        "kind": text(token.kind),
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "state": token.state.value,
        "generation": token.generation,
        "rotated_at": token.rotated_at,
        "payload": text(token.payload),
        "grant_id": text(grant_id),
    }


def token_of(row: Row) -> Token:
    """Return the token at the head of a row."""
    return Token(
        row[0].hex(),
        _original(row[1]),
        row[2],
        row[3],
        TokenState(row[4]),
        row[5],
        row[6],
        _original(row[7]),
    )


_NO_REFRESH: Mapping[str, Any] = dict.fromkeys(
    (
        "current_digest",
        "current_issued_at",
        "current_expires_at",
        "current_state",
        "current_generation",
        "current_rotated_at",
        "current_payload",
    )
)


def refresh_values(token: Token | None) -> Mapping[str, Any]:
    """Return the values of the grant's columns for the current refresh token."""
    if token is None:
        return _NO_REFRESH
    return {
        "current_digest": key(token.digest),
        "current_issued_at": token.issued_at,
        "current_expires_at": token.expires_at,
        "current_state": token.state.value,
        "current_generation": token.generation,
        "current_rotated_at": token.rotated_at,
        "current_payload": text(token.payload),
    }


def current_of(row: Row) -> Token:
    """Return the refresh token from (digest, issued, expires, state, generation, rotated, text)."""
    digest, issued_at, expires_at, state, generation, rotated_at, payload = row
    return Token(
        digest.hex(),
        "refresh",
        issued_at,
        expires_at,
        TokenState(state),
        generation,
        rotated_at,
        _original(payload),
    )


def previous_of(row: Row) -> Token | None:
    """Return the rotated token from (digest, issued, expires, generation, rotated, text)."""
    digest, issued_at, expires_at, generation, rotated_at, payload = row
    if digest is None:
        return None
    state = TokenState.ROTATED.value
    return current_of((digest, issued_at, expires_at, state, generation, rotated_at, payload))


# --- the other roles ---


def credential_values(credential: Credential) -> dict[str, Any]:
    """Return the values of the columns for a credential."""
    return {
        "kind": text(credential.kind),
        "digest": key(credential.digest),
        "client_id": text(credential.client_id),
        "expires_at": credential.expires_at,
        "keep_until": credential.keep_until,
        "alias": key(credential.alias),
        "grant_id": text(credential.grant_id),
        "subject": text(credential.subject),
        "state": credential.state.value,
        "granted_at": credential.granted_at,
        "interval": credential.interval,
        "polled_at": credential.polled_at,
        "hasty": None,
        "payload": text(credential.payload),
    }


def credential_of(row: Row) -> Credential:
    """Return the credential in a row."""
    return Credential(
        digest=row[1].hex(),
        kind=_original(row[0]),
        client_id=_original(row[2]),
        expires_at=row[3],
        keep_until=row[4],
        alias=_hex(row[5]),
        grant_id=_original(row[6]),
        subject=_original(row[7]),
        state=CredentialState(row[8]),
        granted_at=row[9],
        interval=row[10],
        polled_at=row[11],
        payload=_original(row[13]),
    )


def client_values(client: Client) -> dict[str, Any]:
    """Return the values of the columns for a client."""
    return {
        "client_id": text(client.client_id),
        "owner": text(client.owner),
        "source": text(client.source),
        "created_at": client.created_at,
        "expires_at": client.expires_at,
        "version": client.version,
        "payload": text(client.payload),
    }


def client_of(row: Row) -> Client:
    """Return the client in a row."""
    return Client(
        _original(row[0]),
        _original(row[1]),
        _original(row[2]),
        row[3],
        row[4],
        row[5],
        _original(row[6]),
    )


def account_values(account: Account) -> dict[str, Any]:
    """Return the values of the columns for an account."""
    return {
        "subject": text(account.subject),
        "name": text(account.name),
        "created_at": account.created_at,
        "version": account.version,
        "payload": text(account.payload),
    }


def account_of(row: Row) -> Account:
    """Return the account in a row."""
    return Account(_original(row[0]), _original(row[1]), row[2], row[3], _original(row[4]))
