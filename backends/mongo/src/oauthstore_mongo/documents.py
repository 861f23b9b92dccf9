"""Records to documents and back.

A document has the fields of its record under their own names, digests as their
32 bytes; what is None is not there. Besides, it may have

* `written_by`: the call that wrote it last, so that this call knows its own deed again,
* `remove_at`: when the server's TTL monitor may remove it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import Enum
from hashlib import sha256
from typing import Any, Final, TypeVar, overload

from bson.datetime_ms import DatetimeMS

from oauthstore_core.records import (
    Account,
    Client,
    Credential,
    CredentialState,
    Grant,
    RefreshFamily,
    Token,
    TokenState,
)

__all__ = [
    "Document",
    "account_of",
    "client_of",
    "credential_key",
    "credential_of",
    "document",
    "family_of",
    "grant_of",
    "key",
    "remove_at",
    "same",
    "scope",
    "token_of",
]

R = TypeVar("R")
Document = dict[str, Any]

#: How long the TTL monitor leaves to the purge what has ended, in seconds; longer than clocks
#: of servers differ.
_SLACK: Final = 3600
#: The last second that a date can hold everywhere: the end of the year 9999.
_LAST: Final = 253_402_300_799
_DIGEST_BYTES: Final = 32
_DIGESTS: Final = frozenset({"digest", "family", "alias"})
_FIELDS: Final[Mapping[type, Sequence[str]]] = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (Account, Client, Credential, Grant, Token)
}
_STATES: Final[Mapping[type, type[Enum]]] = {Token: TokenState, Credential: CredentialState}


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


def same(value: object) -> Document:
    """Return the condition for a field to be just this, which is never taken for an operator."""
    return {"$eq": value}


def scope(client_id: str | None, subject: str | None) -> bytes:
    """Return the key of a fence: no pair of names can look like another, or like one name."""
    parts = (b"-" if name is None else b"=" + name.encode() for name in (client_id, subject))
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def remove_at(keep_until: int, now: int) -> DatetimeMS:
    """Return when the TTL monitor may remove what ends at `keep_until`, by the real time.

    The core's `now` may be another's time than the server's.
    """
    seconds = int(time.time()) + max(0, keep_until - now) + _SLACK
    return DatetimeMS(1000 * min(seconds, _LAST))


def document(record: object, *, without: tuple[str, ...] = ()) -> Document:
    """Return the fields of a record that are not None, `without` some."""
    names = (name for name in _FIELDS[type(record)] if name not in without)
    found = ((name, getattr(record, name)) for name in names)
    return {name: _stored(name, value) for name, value in found if value is not None}


def _stored(name: str, value: Any) -> Any:  # noqa: ANN401 - a field's
    if name in _DIGESTS:
        return key(value)
    return value.value if isinstance(value, Enum) else value


def _record(kind: type[R], found: Mapping[str, Any], **known: object) -> R:
    names = (name for name in _FIELDS[kind] if name in found)
    loaded = {name: _loaded(kind, name, found[name]) for name in names if found[name] is not None}
    return kind(**known, **loaded)


def _loaded(kind: type, name: str, value: Any) -> Any:  # noqa: ANN401 - a field's
    if isinstance(value, bytes):
        return value.hex()
    if name == "state":
        return _STATES[kind](value)
    # BSON's wide integers have a class of their own.
    return int(value) if isinstance(value, int) else value


def client_of(found: Mapping[str, Any]) -> Client:
    """Return the client in a document."""
    return _record(Client, found, client_id=found["_id"])


def account_of(found: Mapping[str, Any]) -> Account:
    """Return the account in a document."""
    return _record(Account, found, subject=found["_id"])


def credential_key(kind: str, digest: str) -> bytes:
    """Return the `_id` of a credential: the digest's bytes, then the kind."""
    return key(digest) + kind.encode()


def credential_of(found: Mapping[str, Any]) -> Credential:
    """Return the credential in a document."""
    return _record(Credential, found, digest=found["_id"][:_DIGEST_BYTES].hex())


def grant_of(found: Mapping[str, Any]) -> Grant:
    """Return the grant in a document."""
    return _record(Grant, found, grant_id=found["_id"])


def token_of(found: Mapping[str, Any]) -> Token:
    """Return the token in a grant's document."""
    return _record(Token, found)


def family_of(found: Mapping[str, Any]) -> RefreshFamily | None:
    """Return the refresh family in a grant's document, if it has one."""
    if found.get("current") is None:
        return None
    previous = found.get("previous")
    return RefreshFamily(
        grant_of(found), token_of(found["current"]), token_of(previous) if previous else None
    )
