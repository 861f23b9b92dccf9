"""The shared secrets of OAuth 1, which HMAC needs back: sealed, each bound to its record.

A secret lies in a payload as base64 of what the key ring sealed under the
record's identity: moved to another record it does not open.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..sealing import KeyRing

__all__ = [
    "CLIENT",
    "TEMPORARY",
    "TOKEN",
    "open_secret",
    "seal_client_secret",
    "seal_secret",
    "valid_sealed_secrets",
]

#: What the key ring calls the keys, by whose secret it is.
CLIENT: Final = "oauth1 client secret"
TEMPORARY: Final = "oauth1 temporary credential"
TOKEN: Final = "oauth1 token credential"


def seal_secret(key_ring: KeyRing, purpose: str, secret: str, identity: str) -> str:
    """Return a secret sealed under its record's digest or id, for a payload."""
    return base64.b64encode(key_ring.seal(purpose, secret.encode(), identity)).decode()


def open_secret(key_ring: KeyRing, purpose: str, sealed: str, identity: str) -> str:
    """Return what `seal_secret` sealed. `SealError`: no key of the ring opens it."""
    return key_ring.open(purpose, base64.b64decode(sealed), identity).decode()


def seal_client_secret(key_ring: KeyRing, secret: str, client_id: str, now: int) -> dict[str, Any]:
    """Return what a client's payload has of a secret, among its `sealed_secrets`."""
    sealed = seal_secret(key_ring, CLIENT, secret, client_id)
    return {"sealed": sealed, "created_at": now}


def valid_sealed_secrets(payload: Mapping[str, Any], now: int) -> Sequence[dict[str, Any]]:
    """Return a client's sealed secrets that have not expired; two may overlap."""
    stored: list[dict[str, Any]] = payload.get("sealed_secrets", [])
    return [item for item in stored if now < item.get("expires_at", now + 1)]
