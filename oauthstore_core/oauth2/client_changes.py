"""Changing registered clients: their metadata, and secrets, of which two may overlap.

Each is one compare-and-set on the client's version: of two that meet, one is
`ConflictError` and has changed nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..clock import Clock
from ..digests import generate_handle
from ..hookspecs import ClientStore
from ..records import Client
from .clients import valid_secret_digests
from .registration import (
    GRANT_TYPES,
    RESPONSE_TYPES,
    InvalidClientMetadataError,
    Registration,
    check_metadata,
    check_resources,
    secret_digest,
)

__all__ = ["RotatedSecret", "rotate_secret", "update_client"]


@dataclass(frozen=True, slots=True)
class RotatedSecret:
    """A client with a fresh secret, which is nowhere stored."""

    registration: Registration
    #: Until when the secret before works too, in seconds since the epoch; None: it ended.
    previous_expires_at: int | None


def rotate_secret(
    clients: ClientStore, client: Client, *, clock: Clock, overlap: int
) -> RotatedSecret:
    """Give a client a fresh secret; the one before works for `overlap` seconds more.

    At most these two are valid: one that was overlapping still ends at once.
    `InvalidClientMetadataError`: a public client has no secret.
    """
    payload = json.loads(client.payload)
    if "sealed_secrets" in payload:
        raise InvalidClientMetadataError(
            "This client signs by a secret that is sealed: oauth1.client_changes rotates it."
        )
    if payload["metadata"].get("token_endpoint_auth_method") == "none":
        raise InvalidClientMetadataError(
            "A public client (method none) has no client_secret: register another "
            "token_endpoint_auth_method first."
        )
    now, secret = clock.now(), generate_handle()
    kept = [item | {"expires_at": now + overlap} for item in _latest(payload, now) if overlap > 0]
    payload["secret_digests"] = [secret_digest(secret, now), *kept]
    saved = clients.save_client(replace(client, payload=json.dumps(payload)))
    return RotatedSecret(Registration(saved, secret), kept[0]["expires_at"] if kept else None)


def _latest(payload: Mapping[str, Any], now: int) -> list[dict[str, Any]]:
    """Return the digest of the secret that no other has followed yet, if there is one."""
    valid = valid_secret_digests(payload, now)
    return [item for item in valid if "expires_at" not in item][:1] or valid[:1]


def update_client(
    clients: ClientStore,
    client: Client,
    changes: Mapping[str, Any],
    *,
    clock: Clock,
    resource_server: bool | None = None,
    resources: Collection[str] | None = None,
    scopes: Collection[str] = (),
    grant_types: Collection[str] = GRANT_TYPES,
    response_types: Collection[str] = RESPONSE_TYPES,
) -> Registration:
    """Change what is registered of a client (RFC 7592 section 2.2), and return it.

    `changes` are RFC 7591 metadata; None takes one out, what is not named stays,
    and so do tokens that were issued. A client that becomes confidential gets a
    secret, one that becomes public loses its own. The rest is as in
    `registration.register_client`, whose errors are raised, too.
    """
    payload = json.loads(client.payload)
    merged = payload["metadata"] | dict(changes)
    if "grant_types" in changes and "response_types" not in changes:
        merged["response_types"] = None
    metadata = check_metadata(merged, scopes, grant_types, response_types)
    _change_resource_server(payload, resource_server, resources)
    secret = _fit_secret(payload, metadata["token_endpoint_auth_method"], clock.now())
    payload["metadata"] = metadata
    saved = clients.save_client(replace(client, payload=json.dumps(payload)))
    return Registration(saved, secret)


def _change_resource_server(
    payload: dict[str, Any],
    resource_server: bool | None,  # noqa: FBT001 - as `update_client` was given it
    resources: Collection[str] | None,
) -> None:
    if resource_server is not None:
        payload["resource_server"] = resource_server
    if resource_server is False and resources is None:
        resources = ()
    if resources is not None:
        payload["resources"] = list(dict.fromkeys(resources))
    kept = payload.get("resources", ())
    check_resources(kept, resource_server=payload.get("resource_server") is True)


def _fit_secret(payload: dict[str, Any], method: str, now: int) -> str | None:
    """Take the secrets out where the method needs none; return one where it needs a first."""
    if method == "none":
        payload.pop("secret_digests", None)
        return None
    if payload.get("secret_digests"):
        return None
    secret = generate_handle()
    payload["secret_digests"] = [secret_digest(secret, now)]
    return secret
