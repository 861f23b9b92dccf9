"""A stored client in Authlib's words, and the checks of its secrets.

A client's payload is ``{"metadata": {...}, "secret_digests": [...]}`` and
further keys: RFC 7591 metadata, and for each valid secret the algorithm and
the digest, never the secret; `expires_at` where another secret has followed.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin

from ..digests import digest, digests_equal
from ..payloads import decode_payload
from ..records import Client
from ..sealing import KeyRing
from . import redirect_uris

__all__ = ["SECRET_PURPOSE", "ClientRecord", "valid_secret_digests", "verify_secret"]

#: What the key ring calls the key for the digests of imported secrets.
SECRET_PURPOSE = "client secret"
#: Compared with where there is no client, so that unknown and wrong cost the same.
_NO_DIGESTS = ({"algorithm": "sha-256", "digest": digest("no such client")},)


def valid_secret_digests(payload: Mapping[str, Any], now: int) -> list[dict[str, Any]]:
    """Return the digests of a client's secrets that have not expired."""
    stored: list[dict[str, Any]] = payload.get("secret_digests", [])
    return [item for item in stored if now < item.get("expires_at", now + 1)]


def verify_secret(
    key_ring: KeyRing, secret: str, digests: Sequence[Mapping[str, Any]] | None
) -> bool:
    """Tell whether `secret` has one of these digests, in a time that does not tell which.

    `digests` is None where the client is unknown, and empty where it has no
    secret: both cost as much and are False.
    """
    computed = {
        "sha-256": (digest(secret),),
        "hmac-sha-256": key_ring.keyed_digests(SECRET_PURPOSE, secret),
    }
    found = False
    for stored in digests or _NO_DIGESTS:
        for candidate in computed.get(stored["algorithm"], ()):
            found |= digests_equal(candidate, stored["digest"])
    return found and bool(digests)


class ClientRecord(ClientMixin):
    """What Authlib asks of a client, answered from the stored record."""

    def __init__(self, client: Client, key_ring: KeyRing, now: int) -> None:
        """Take the record and the time of the request."""
        #: The record as stored.
        self.client = client
        self._key_ring = key_ring
        self._now = now

    def __repr__(self) -> str:
        return f"<ClientRecord {self.client_id!r}>"

    @property
    def client_id(self) -> str:
        """The client's identifier."""
        return self.client.client_id

    @property
    def payload(self) -> Mapping[str, Any]:
        """The stored payload, decoded."""
        return decode_payload(self.client.payload)

    @property
    def client_metadata(self) -> dict[str, Any]:
        """The RFC 7591 metadata."""
        metadata: dict[str, Any] = self.payload.get("metadata", {})
        return metadata

    @property
    def client_name(self) -> str:
        """The name to show to people; the client id where none is registered."""
        name: str = self.client_metadata.get("client_name") or self.client_id
        return name

    @property
    def redirect_uris(self) -> Sequence[str]:
        """The registered redirect URIs."""
        uris: Sequence[str] = self.client_metadata.get("redirect_uris", ())
        return uris

    @property
    def secret_digests(self) -> Sequence[Mapping[str, str]]:
        """The digests of the secrets that are valid; two may overlap."""
        return valid_secret_digests(self.payload, self._now)

    @property
    def is_resource_server(self) -> bool:
        """Whether it may introspect the tokens of other clients (RFC 7662 section 4)."""
        return self.payload.get("resource_server") is True

    @property
    def resources(self) -> Sequence[str]:
        """The protected resources that a resource server is; empty: it names none (RFC 8707)."""
        resources: Sequence[str] = self.payload.get("resources", ())
        return resources

    # --- Authlib's ClientMixin ---

    def get_client_id(self) -> str:
        """Return the client's identifier."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Return the redirect URI where just one is registered (RFC 6749 3.1.2.3)."""
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return the scope as asked, all that is registered where None was asked for.

        The empty scope stays empty, or what was granted without any scope
        would widen when it is redeemed or refreshed. None, which is
        `invalid_scope`, as soon as one is not registered: a scope is never
        narrowed in silence.
        """
        registered: str = self.client_metadata.get("scope", "")
        if scope is None:
            return registered
        asked = scope.split(" ") if scope else []
        if set(asked) <= set(registered.split()):
            return " ".join(dict.fromkeys(asked))
        return None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Tell whether a redirect URI is registered."""
        return redirect_uris.matches(redirect_uri, self.redirect_uris)

    def check_client_secret(self, client_secret: str) -> bool:
        """Tell whether a secret is one of the client's, in constant time."""
        return verify_secret(self._key_ring, client_secret, self.secret_digests)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Tell whether the client authenticates that way; the same at every endpoint."""
        default = "client_secret_basic"
        registered = self.client_metadata.get("token_endpoint_auth_method", default)
        return bool(method == registered)

    def check_response_type(self, response_type: str) -> bool:
        """Tell whether the client may use a response type."""
        return response_type in self.client_metadata.get("response_types", ())

    def check_grant_type(self, grant_type: str) -> bool:
        """Tell whether the client may use a grant type."""
        return grant_type in self.client_metadata.get("grant_types", ())
