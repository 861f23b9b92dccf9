"""Registering clients: RFC 7591's metadata, checked, and the secret, shown once."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.base import invalid_error_characters

from ..clock import Clock
from ..digests import digest, generate_handle, generate_identifier
from ..hookspecs import ClientStore
from ..records import Client
from ..sealing import KeyRing
from ..settings.checks import judge_resource
from .client_authentication import METHODS
from .clients import SECRET_PURPOSE
from .redirect_uris import problem_with

__all__ = [
    "GRANT_TYPES",
    "RESPONSE_TYPES",
    "InvalidClientMetadataError",
    "InvalidRedirectUriError",
    "Registration",
    "check_client_secret",
    "check_descriptive_metadata",
    "check_metadata",
    "check_resources",
    "register_client",
    "secret_digest",
]

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
RESPONSE_TYPES = ("code",)
#: The grant types that go through the authorization endpoint, with words of their response types.
_AUTHORIZING = {"authorization_code": {"code"}, "implicit": {"token", "id_token"}}
#: RFC 6749 appendix A.1 and A.4.
_VISIBLE = re.compile(r"[\x20-\x7e]{1,2048}")
_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_TEXTS = ("client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri", "software_id")
#: Parts of a registration response; kept as metadata, the secrets would lie in the open.
_NOT_METADATA = ("client_id", "client_secret", "registration_access_token")
_LISTS = ("redirect_uris", "grant_types", "response_types", "contacts")


class InvalidClientMetadataError(OAuth2Error):
    """The metadata cannot be registered (RFC 7591 section 3.2.2)."""

    error = "invalid_client_metadata"


class InvalidRedirectUriError(OAuth2Error):
    """A redirect URI cannot be registered (RFC 7591 section 3.2.2)."""

    error = "invalid_redirect_uri"


@dataclass(frozen=True, slots=True)
class Registration:
    """A client as stored, and the one sight of its secret."""

    client: Client
    #: None for a public client.
    client_secret: str | None = field(default=None, repr=False)

    def information(self) -> dict[str, Any]:
        """Return the client information response (RFC 7591 section 3.2.1)."""
        information: dict[str, Any] = {
            "client_id": self.client.client_id,
            "client_id_issued_at": self.client.created_at,
        }
        if self.client_secret is not None:
            information["client_secret"] = self.client_secret
            information["client_secret_expires_at"] = 0
        information.update(json.loads(self.client.payload)["metadata"])
        return information


def register_client(
    clients: ClientStore,
    metadata: Mapping[str, Any],
    *,
    key_ring: KeyRing | None,
    clock: Clock,
    client_id: str | None = None,
    client_secret: str | None = None,
    source: str = "static",
    owner: str | None = None,
    resource_server: bool = False,
    resources: Collection[str] = (),
    scopes: Collection[str] = (),
    grant_types: Collection[str] = GRANT_TYPES,
    response_types: Collection[str] = RESPONSE_TYPES,
) -> Registration:
    """Register a client and return it with its secret, which is nowhere stored.

    A given `client_id` and `client_secret` take over a registration from
    elsewhere; such a secret may be weak and is kept as HMAC under the key
    ring, which nothing else needs, a generated one as SHA-256. `resource_server`: it may introspect
    others' tokens; with `resources`, the URIs of the protected resources that
    it is, only those that name one of them or none (RFC 8707). `scopes`: those
    that the server knows; none: any. `grant_types`, `response_types`: those
    that it serves.

    `InvalidClientMetadataError`, `InvalidRedirectUriError`: what is wrong.
    `DuplicateError`: the client id exists.
    """
    complete = check_metadata(metadata, scopes, grant_types, response_types)
    check_resources(resources, resource_server=resource_server)
    public = complete["token_endpoint_auth_method"] == "none"
    _check_client_id(client_id)
    if public and client_secret is not None:
        raise InvalidClientMetadataError("A public client (method none) has no client_secret.")
    check_client_secret(client_secret)
    if client_secret is not None and key_ring is None:
        raise ValueError("A given client_secret needs the key ring under which it is kept.")
    now = clock.now()
    secret = None if public else client_secret or generate_handle()
    payload: dict[str, Any] = {"metadata": complete}
    if secret is not None:
        imported = client_secret is not None
        payload["secret_digests"] = [secret_digest(secret, now, key_ring if imported else None)]
    if resource_server:
        payload["resource_server"] = True
    if resources:
        payload["resources"] = list(dict.fromkeys(resources))
    client = Client(
        client_id or generate_identifier(),
        owner=owner,
        source=source,
        created_at=now,
        payload=json.dumps(payload),
    )
    return Registration(clients.save_client(client), secret)


def secret_digest(secret: str, now: int, key_ring: KeyRing | None = None) -> dict[str, Any]:
    """Return what is stored of a secret; of one that may be weak, under the key ring."""
    if key_ring is not None:
        keyed = key_ring.keyed_digests(SECRET_PURPOSE, secret)[0]
        return {"algorithm": "hmac-sha-256", "digest": keyed, "created_at": now}
    return {"algorithm": "sha-256", "digest": digest(secret), "created_at": now}


def check_metadata(
    metadata: Mapping[str, Any],
    scopes: Collection[str],
    known_grants: Collection[str],
    known_responses: Collection[str],
) -> dict[str, Any]:
    """Return the metadata with the defaults of RFC 7591; `register_client` has the errors."""
    complete = _typed(metadata)
    method = complete.setdefault("token_endpoint_auth_method", "client_secret_basic")
    if method not in METHODS:
        raise InvalidClientMetadataError(f"token_endpoint_auth_method is one of {_list(METHODS)}.")
    grant_types = complete.setdefault("grant_types", ["authorization_code"])
    if not grant_types or not set(grant_types) <= set(known_grants):
        raise InvalidClientMetadataError(f"grant_types are of {_list(known_grants)}.")
    if "client_credentials" in grant_types and method == "none":
        raise InvalidClientMetadataError(
            "A public client (method none) cannot use client_credentials."
        )
    _check_responses(complete, grant_types, known_responses)
    _check_redirects(complete, grant_types)
    _check_scope(complete, scopes)
    return complete


def check_descriptive_metadata(
    metadata: Mapping[str, Any], client_id: str | None = None
) -> dict[str, Any]:
    """Return the metadata of a client that no endpoint of OAuth 2 knows; errors as there."""
    complete = _typed(metadata)
    _check_client_id(client_id)
    _check_redirects(complete, ())
    return complete


def check_client_secret(client_secret: str | None) -> None:
    """Raise `InvalidClientMetadataError` for blanks, which are a slip and no secret."""
    if client_secret and client_secret.isspace():
        raise InvalidClientMetadataError(
            "A client_secret was given that is only blanks. Give the client's own, or none to have "
            "one generated."
        )


def _check_client_id(client_id: str | None) -> None:
    if client_id is not None and not _VISIBLE.fullmatch(client_id):
        raise InvalidClientMetadataError("A client_id is 1 to 2048 printable ASCII characters.")


def _typed(metadata: Mapping[str, Any]) -> dict[str, Any]:
    complete = {name: value for name, value in metadata.items() if value is not None}
    for name in _NOT_METADATA:
        if name in complete:
            raise InvalidClientMetadataError(f"{name} is no metadata: give it on its own.")
    for name in (*_TEXTS, "scope", "token_endpoint_auth_method"):
        if not isinstance(complete.get(name, ""), str):
            raise InvalidClientMetadataError(f"{name} must be a text.")
    for name in _LISTS:
        value = complete.get(name, [])
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise InvalidClientMetadataError(f"{name} must be a list of texts.")
        if not all(isinstance(item, str) for item in value):
            raise InvalidClientMetadataError(f"{name} must be a list of texts.")
        if name in complete:
            complete[name] = list(dict.fromkeys(value))
    return complete


def _check_responses(
    complete: dict[str, Any], grant_types: Sequence[str], known: Collection[str]
) -> None:
    """Hold the response types against the grant types (RFC 7591 section 2.1)."""
    needed = [name for name in _AUTHORIZING if name in grant_types]
    usual = ["code" if name == "authorization_code" else "token" for name in needed]
    given = complete.setdefault("response_types", usual)
    words = {word for response_type in given for word in response_type.split()}
    meant = {name for name, its_words in _AUTHORIZING.items() if words & its_words}
    if not set(given) <= set(known) or meant != set(needed):
        raise InvalidClientMetadataError(
            f"response_types are of {_list(known)}: code goes with the grant type "
            "authorization_code, token with implicit, nothing with others."
        )


def _check_redirects(complete: dict[str, Any], grant_types: Sequence[str]) -> None:
    needing = [name for name in _AUTHORIZING if name in grant_types]
    if needing and not complete.get("redirect_uris"):
        raise InvalidRedirectUriError(f"The grant type {needing[0]} needs a redirect URI.")
    for uri in complete.get("redirect_uris", ()):
        if problem := problem_with(uri):
            shown = uri if problem_with("https://x/" + uri) is None else "given"
            raise InvalidRedirectUriError(f"The redirect URI {shown} {problem}.")


def _check_scope(complete: dict[str, Any], scopes: Collection[str]) -> None:
    words = complete.get("scope", "").split()
    if not all(_SCOPE_TOKEN.fullmatch(word) for word in words):
        raise InvalidClientMetadataError("A scope has a character that RFC 6749 3.3 forbids.")
    unknown = [word for word in words if scopes and word not in scopes]
    if unknown:
        raise InvalidClientMetadataError(
            f"The server has no scope {_list(unknown)}; it has {_list(scopes)}."
        )


def check_resources(resources: Collection[str], *, resource_server: bool) -> None:
    """Raise `InvalidClientMetadataError` unless a client may be registered with these."""
    if resources and not resource_server:
        raise InvalidClientMetadataError(
            "Resources are those of a resource server: register the client as one, or without."
        )
    for uri in resources:
        if problem := judge_resource(uri):
            shown = "given" if invalid_error_characters(uri) else uri
            raise InvalidClientMetadataError(f"The resource {shown} {problem}")


def _list(words: Collection[str]) -> str:
    return ", ".join(words)
