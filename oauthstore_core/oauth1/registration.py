"""Registering clients for OAuth 1: in the same record, with a secret that is sealed, or a key."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from ..clock import Clock
from ..digests import generate_handle, generate_identifier
from ..hookspecs import ClientStore
from ..oauth2.registration import (
    InvalidClientMetadataError,
    Registration,
    check_client_secret,
    check_descriptive_metadata,
)
from ..records import Client
from ..sealing import KeyRing
from ..settings.checks import SIGNATURE_METHODS
from .sealed_secrets import seal_client_secret
from .signatures import load_rsa_public_key

__all__ = ["AUTH_METHOD", "register_client"]

#: What RFC 7591's `token_endpoint_auth_method` says of a client that never asks there.
AUTH_METHOD: Final = "oauth1"
#: Bits of an RSA key (NIST SP 800-131A).
_LEAST_KEY: Final = 2048


def register_client(
    clients: ClientStore,
    metadata: Mapping[str, Any],
    *,
    key_ring: KeyRing,
    clock: Clock,
    client_id: str | None = None,
    client_secret: str | None = None,
    rsa_public_key: str | None = None,
    signature_methods: Sequence[str] | None = None,
    known_methods: Collection[str] = SIGNATURE_METHODS,
    source: str = "static",
    owner: str | None = None,
) -> Registration:
    """Register a client of OAuth 1 and return it with its secret, of which the store has a seal.

    `metadata` are RFC 7591's: `client_name`, `redirect_uris` (the callbacks; none:
    any that is https or loopback) and such. With an `rsa_public_key`, PEM, it
    signs by RSA and has no secret, unless one is given. A given `client_id`
    and `client_secret` take over a registration from elsewhere.
    `signature_methods` are those that it may use of the server's `known_methods`; None: all
    but PLAINTEXT.

    `InvalidClientMetadataError`, `InvalidRedirectUriError`: what is wrong.
    `DuplicateError`: the client id exists.
    """
    complete = check_descriptive_metadata(metadata, client_id)
    check_client_secret(client_secret)
    complete |= {"grant_types": [], "response_types": [], "token_endpoint_auth_method": AUTH_METHOD}
    if signature_methods is not None:
        complete["oauth1_signature_methods"] = _checked_methods(signature_methods, known_methods)
    if rsa_public_key is not None:
        complete["rsa_public_key"] = _checked_key(rsa_public_key)
    if rsa_public_key is None and client_secret is None:
        client_secret = generate_handle()
    client_id, now = client_id or generate_identifier(), clock.now()
    payload: dict[str, Any] = {"metadata": complete}
    if client_secret is not None:
        payload["sealed_secrets"] = [seal_client_secret(key_ring, client_secret, client_id, now)]
    client = Client(
        client_id, owner=owner, source=source, created_at=now, payload=json.dumps(payload)
    )
    return Registration(clients.save_client(client), client_secret)


def _checked_methods(names: Collection[str], known_methods: Collection[str]) -> list[str]:
    unknown = [name for name in names if name not in known_methods]
    if unknown or not names:
        known = ", ".join(known_methods)
        raise InvalidClientMetadataError(f"oauth1_signature_methods are of {known}.")
    return list(dict.fromkeys(names))


def _checked_key(pem: str) -> str:
    key = load_rsa_public_key(pem)
    if key is None or key.key_size < _LEAST_KEY:
        raise InvalidClientMetadataError(
            f"rsa_public_key is a public key of RSA as PEM, of {_LEAST_KEY} bits at least."
        )
    return pem
