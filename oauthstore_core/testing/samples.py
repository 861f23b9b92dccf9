"""Records for the cases: fresh, and filled so that a lost field shows."""

from __future__ import annotations

from dataclasses import replace

from .. import digests
from ..records import Account, Client, Credential, CredentialState, Grant, Token

__all__ = [
    "HOSTILE",
    "KINDS",
    "LONG_PAYLOAD",
    "NUL",
    "ODD_PAYLOAD",
    "access_token",
    "account",
    "client",
    "credential",
    "fresh",
    "grant",
    "oauth1_token",
    "pending",
    "refresh_token",
]

HOUR = 3600
DAY = 24 * HOUR

#: Kinds of credentials; the last is none that the core knows.
KINDS = (
    "authorization_code",
    "device_code",
    "pushed_request",
    "temporary_credential",
    "x-door_ticket",
)

#: JSON that a parser would give back otherwise: order, spaces, escapes, numbers, a repeated key.
ODD_PAYLOAD = (
    '{ "zz":1,"a" : [ ],\t"x-unknown":{"deep":{"er":null}}, "e":"\\u00e9\u00e9\U0001f511",'
    '"big":123456789012345678901234567890,"one":1.0,"exp":1E400,"zz":false , "":""}\n '
)
#: More than 64 KiB.
LONG_PAYLOAD = '{"filler":"' + "0123456789abcdef" * 4096 + '\u20ac"}'

#: Strings that mean something to some store, and must mean nothing.
HOSTILE = (
    "na\u00efve-\u043a\u043b\u044e\u0447-\u9375",
    "\U0001f510\U0001f5dd\ufe0f",
    "dots..and.more.",
    "$ne",
    "$where.$gt",
    '{"$ne": null}',
    "{braced}{tag}",
    "{",
    "}{",
    "'; DROP TABLE grants; --",
    "\"double\" and 'single' and `tick`",
    "back\\slash\\u0041",
    "%_like_%",
    "*?[a-z]^",
    "redis.call('FLUSHALL')",
    "line\nbreak\r\n\ttab",
    " leading and trailing ",
    ":colon:colon:",
    "https://client.example/metadata.json?x=1&y=%2F#part",
    "e\u0301",
    "\u00e9",
    "\u212b\u00c5A\u030a",
    "stra\u00dfe STRASSE",
    "\u202eright-to-left",
    "True",
    "None",
    "0",
    "-1",
    "x" * 2048,
)
#: Apart from the others: some stores hold everything but this.
NUL = "nul\x00byte"


def fresh() -> str:
    """Return the digest of a new handle."""
    return digests.digest(digests.generate_handle())


def client(**changes: object) -> Client:
    """Return a client to create, with `changes`."""
    made = Client(
        client_id=digests.generate_identifier(),
        owner="owner-1",
        source="dcr",
        created_at=1_700_000_001,
        payload=ODD_PAYLOAD,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the field's own type


def account(**changes: object) -> Account:
    """Return an account to create, with `changes`."""
    made = Account(
        subject=digests.generate_identifier(),
        name=f"alice-{digests.generate_identifier()}",
        created_at=1_700_000_002,
        payload=ODD_PAYLOAD,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the field's own type


def grant(now: int, **changes: object) -> Grant:
    """Return a grant given at `now` and kept for 90 days, without refresh family."""
    made = Grant(
        grant_id=digests.generate_identifier(),
        client_id=f"client-{digests.generate_identifier()}",
        subject=f"subject-{digests.generate_identifier()}",
        granted_at=now,
        keep_until=now + 90 * DAY,
        payload='{"scope":"profile"}',
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the field's own type


def access_token(now: int, **changes: object) -> Token:
    """Return an access token issued at `now` for one hour."""
    made = Token(fresh(), "access", now, now + HOUR, payload='{"scope":"profile"}')
    return replace(made, **changes)  # type: ignore[arg-type]  # the field's own type


def refresh_token(now: int, **changes: object) -> Token:
    """Return a refresh token issued at `now` for 30 days, of generation 0."""
    made = Token(fresh(), "refresh", now, now + 30 * DAY, payload='{"scope":"profile"}')
    return replace(made, **changes)  # type: ignore[arg-type]  # the field's own type


def oauth1_token(now: int, **changes: object) -> Token:
    """Return an OAuth 1 token credential, which has no expiry."""
    made = Token(fresh(), "oauth1", now, None, payload='{"sealed_secret":"AQID"}')
    return replace(made, **changes)  # type: ignore[arg-type]  # the field's own type


def credential(now: int, **changes: object) -> Credential:
    """Return an approved code of ten minutes, kept for a day."""
    made = Credential(
        digest=fresh(),
        kind="authorization_code",
        client_id=f"client-{digests.generate_identifier()}",
        expires_at=now + 600,
        keep_until=now + DAY,
        grant_id=digests.generate_identifier(),
        subject="subject-1",
        state=CredentialState.APPROVED,
        granted_at=now,
        payload='{"redirect_uri":"https://client.example/cb"}',
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the field's own type


def pending(now: int, **changes: object) -> Credential:
    """Return a device code that nobody has decided yet."""
    undecided = credential(
        now,
        kind="device_code",
        alias=fresh(),
        subject=None,
        state=CredentialState.PENDING,
        granted_at=None,
        interval=5,
    )
    return replace(undecided, **changes)  # type: ignore[arg-type]  # the field's own type
