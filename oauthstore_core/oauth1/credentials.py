"""Temporary credentials and token credentials, as stored, in the words of Authlib's flows."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from authlib.oauth1.rfc5849.models import TemporaryCredentialMixin, TokenCredentialMixin

from ..digests import digests_equal
from ..oauth2.resource_owner import ResourceOwner
from ..oauth2.views import LoadResourceOwner
from ..records import Credential, IssuedToken
from ..sealing import KeyRing
from .sealed_secrets import TEMPORARY, TOKEN, open_secret

__all__ = [
    "OUT_OF_BAND",
    "TEMPORARY_CREDENTIAL",
    "TOKEN_KIND",
    "VERIFIER",
    "IssuedCredential",
    "TemporaryCredential",
    "TokenCredential",
    "canonical_verifier",
]

#: The store's words for the two.
TEMPORARY_CREDENTIAL: Final = "temporary_credential"
TOKEN_KIND: Final = "oauth1"
#: The callback of a client that has none (RFC 5849 section 2.1).
OUT_OF_BAND: Final = "oob"
#: What the key ring calls the key for the digests of verifiers.
VERIFIER: Final = "oauth1 verifier"


def canonical_verifier(callback: str, verifier: str) -> str:
    """Return a verifier as its digest is made of; one that was typed may be typed in any way."""
    return re.sub(r"[\s-]", "", verifier).upper() if callback == OUT_OF_BAND else verifier


class _Credential(TokenCredentialMixin):
    """A token and its secret; a repr shows neither."""

    _purpose: str

    def __init__(self, oauth_token: str, key_ring: KeyRing, digest: str, payload: str) -> None:
        self._oauth_token = oauth_token
        self._key_ring = key_ring
        #: The digest by which the store knows it.
        self.digest = digest
        self._payload = payload

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.digest[:8]}>"

    @cached_property
    def payload(self) -> Mapping[str, Any]:
        """The record's payload, decoded."""
        payload: Mapping[str, Any] = json.loads(self._payload)
        return payload

    def get_oauth_token(self) -> str:
        """Return the token."""
        return self._oauth_token

    def get_oauth_token_secret(self) -> str:
        """Return its secret. `SealError`: no key opens it."""
        return open_secret(
            self._key_ring, self._purpose, self.payload["sealed_secret"], self.digest
        )


class IssuedCredential(TokenCredentialMixin):
    """A token and its secret at the moment when they are issued."""

    def __init__(self, oauth_token: str, oauth_token_secret: str) -> None:
        self._oauth_token = oauth_token
        self._oauth_token_secret = oauth_token_secret

    def get_oauth_token(self) -> str:
        """Return the token."""
        return self._oauth_token

    def get_oauth_token_secret(self) -> str:
        """Return its secret."""
        return self._oauth_token_secret


class TemporaryCredential(_Credential, TemporaryCredentialMixin):
    """A temporary credential that a client or a browser presents (RFC 5849 section 2.1)."""

    _purpose = TEMPORARY

    def __init__(self, oauth_token: str, credential: Credential, key_ring: KeyRing) -> None:
        super().__init__(oauth_token, key_ring, credential.digest, credential.payload)
        #: The record as stored.
        self.credential = credential

    def get_client_id(self) -> str:
        """Return the client that it was issued to."""
        return self.credential.client_id

    def get_redirect_uri(self) -> str:
        """Return the callback URI, or "oob"."""
        callback: str = self.payload["callback"]
        return callback

    def get_user_id(self) -> Any:
        """Return whose authorization it has, as the application's user told; None before."""
        return self.payload.get("user_id", self.credential.subject)

    def check_verifier(self, verifier: str) -> bool:
        """Tell whether this is the verifier that its authorization made, in constant time."""
        stored: str = self.payload.get("verifier_digest", "")
        canonical = canonical_verifier(self.get_redirect_uri(), verifier)
        computed = self._key_ring.keyed_digests(VERIFIER, canonical)
        return any(digests_equal(each, stored) for each in computed)


class TokenCredential(_Credential):
    """A token credential that a client signs with (RFC 5849 section 2.3); it has no end."""

    _purpose = TOKEN

    def __init__(
        self,
        oauth_token: str,
        issued: IssuedToken,
        key_ring: KeyRing,
        load_resource_owner: LoadResourceOwner | None = None,
    ) -> None:
        super().__init__(oauth_token, key_ring, issued.token.digest, issued.token.payload)
        self.grant = issued.grant
        self.token = issued.token
        self._load_resource_owner = load_resource_owner

    @property
    def client_id(self) -> str:
        """The client that it was issued to."""
        return self.grant.client_id

    @property
    def subject(self) -> str | None:
        """The resource owner."""
        return self.grant.subject

    @cached_property
    def user(self) -> Any:
        """The application's user where it loads users; else an object with `get_user_id()`.

        None where the user is gone.
        """
        if self.subject is None:
            return None
        auth_time: int | None = json.loads(self.grant.payload).get("auth_time")
        if self._load_resource_owner is None:
            return ResourceOwner(self.subject, auth_time)
        return self._load_resource_owner(self.subject, auth_time)

    def get_user_id(self) -> str | None:
        """Return the subject; Authlib's word for it."""
        return self.subject
