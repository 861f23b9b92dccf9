"""Records as the values of keys: JSON text, behind the few words that a script reads.

A payload is a string in that JSON, which nothing but this module parses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any

from oauthstore_core.records import Credential, CredentialState, Grant, Token, TokenState

__all__ = [
    "GRANT_FIELDS",
    "packed",
    "packed_token",
    "unpacked",
    "unpacked_credential",
    "unpacked_grant",
    "unpacked_token",
]

#: The fields of a grant's hash that `unpacked_grant` takes.
GRANT_FIELDS = ("g", "c", "r", "k", "f")
_REVOKED = b"x"


def packed(*values: object) -> str:
    """Return values as text."""
    return json.dumps(values, separators=(",", ":"))


def unpacked(text: bytes) -> list[Any]:
    """Return the values that `packed` was given."""
    values: list[Any] = json.loads(text)
    return values


def packed_token(token: Token, owner: str) -> str:
    """Return a token as text: state, issued, expires, kind, the call that wrote it, and all."""
    expires = "-" if token.expires_at is None else token.expires_at
    kind = "access" if token.kind == "access" else "-"
    state = "x" if token.state is TokenState.REVOKED else token.state.value[0]
    head = f"{state} {token.issued_at} {expires} {kind} {owner} "
    return head + packed(*astuple(token))


def unpacked_token(text: bytes) -> Token:
    """Return the token; its first letter says whether it was revoked since."""
    digest, kind, issued_at, expires_at, state, *rest = unpacked(text.split(b" ", 5)[5])
    now = TokenState.REVOKED if text[:1] == _REVOKED else TokenState(state)
    return Token(digest, kind, issued_at, expires_at, now, *rest)


def unpacked_grant(grant_id: str, fields: Sequence[bytes | None]) -> Grant | None:
    """Return the grant of which these are `GRANT_FIELDS`; None if it was never saved."""
    about, client_id, revoked_at, keep_until, family = fields
    if about is None or client_id is None:
        return None
    subject, granted_at, payload = unpacked(about)
    return Grant(
        grant_id,
        client_id.decode(),
        subject,
        None if family is None else family.decode(),
        granted_at,
        None if keep_until is None else int(keep_until),
        None if revoked_at is None else int(revoked_at),
        payload,
    )


def unpacked_credential(flat: Sequence[bytes]) -> tuple[Credential | None, Mapping[str, str]]:
    """Return the credential of which this is the hash, and its fields."""
    fields = {k.decode(): v.decode() for k, v in zip(flat[::2], flat[1::2], strict=True)}
    if "i" not in fields:
        return None, fields
    digest, kind, grant_id = json.loads(fields["i"])
    subject, granted_at, payload = json.loads(fields["a"])
    blank = Credential(digest, kind, fields["c"], int(fields["e"]), int(fields["k"]))
    return replace(
        blank,
        alias=fields.get("al"),
        grant_id=grant_id,
        subject=subject,
        state=CredentialState(fields["st"]),
        granted_at=granted_at,
        interval=_number(fields.get("iv")),
        polled_at=_number(fields.get("po")),
        payload=payload,
    ), fields


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
