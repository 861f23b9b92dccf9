"""Changing registered clients of OAuth 1: their metadata, and secrets, of which two may overlap.

Each is one compare-and-set on the client's version: of two that meet, one is
`ConflictError` and has changed nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..clock import Clock
from ..digests import generate_handle
from ..hookspecs import ClientStore
from ..oauth2.client_changes import RotatedSecret
from ..oauth2.registration import (
    InvalidClientMetadataError,
    Registration,
    check_descriptive_metadata,
)
from ..records import Client
from ..sealing import KeyRing
from .registration import AUTH_METHOD
from .sealed_secrets import seal_client_secret, valid_sealed_secrets

__all__ = ["is_oauth1_client", "rotate_secret", "update_client"]

#: What makes a client one of OAuth 2.
_OAUTH2: Final = ("grant_types", "response_types", "scope", "token_endpoint_auth_method")


def is_oauth1_client(client: Client) -> bool:
    """Tell whether a client was registered for OAuth 1."""
    metadata: Mapping[str, Any] = json.loads(client.payload).get("metadata", {})
    return metadata.get("token_endpoint_auth_method") == AUTH_METHOD


def rotate_secret(
    clients: ClientStore, client: Client, *, key_ring: KeyRing, clock: Clock, overlap: int
) -> RotatedSecret:
    """Give a client a fresh secret; the one before signs for `overlap` seconds more.

    At most these two are valid. `InvalidClientMetadataError`: it signs by a key only.
    """
    payload, now = json.loads(client.payload), clock.now()
    if "sealed_secrets" not in payload:
        raise InvalidClientMetadataError(
            "This client signs by its RSA key and has no secret: register it anew for another key."
        )
    latest = valid_sealed_secrets(payload, now)[:1] if overlap > 0 else []
    kept = [item | {"expires_at": now + overlap} for item in latest]
    secret = generate_handle()
    sealed = seal_client_secret(key_ring, secret, client.client_id, now)
    payload["sealed_secrets"] = [sealed, *kept]
    saved = clients.save_client(replace(client, payload=json.dumps(payload)))
    return RotatedSecret(Registration(saved, secret), now + overlap if kept else None)


def update_client(clients: ClientStore, client: Client, changes: Mapping[str, Any]) -> Registration:
    """Change what is registered of a client, and return it; None takes a value out.

    `InvalidClientMetadataError`, `InvalidRedirectUriError`: what is wrong, such
    as metadata that only OAuth 2 knows.
    """
    unknown = [name for name in changes if name in _OAUTH2]
    if unknown:
        raise InvalidClientMetadataError(f"A client of OAuth 1 has no {', '.join(unknown)}.")
    payload = json.loads(client.payload)
    payload["metadata"] = check_descriptive_metadata(payload["metadata"] | dict(changes))
    return Registration(clients.save_client(replace(client, payload=json.dumps(payload))))
