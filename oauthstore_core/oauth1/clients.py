"""A stored client as OAuth 1 sees it: the same record as in OAuth 2, with secrets to sign by.

Its payload has ``"sealed_secrets"``, and its metadata ``rsa_public_key`` (PEM)
and ``oauth1_signature_methods``; a client without any of the first two is none
of OAuth 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from authlib.oauth1 import ClientMixin

from ..oauth2.clients import ClientRecord as OAuth2ClientRecord
from ..oauth2.redirect_uris import problem_with
from .sealed_secrets import CLIENT, open_secret, valid_sealed_secrets
from .signatures import PLAINTEXT

__all__ = ["ClientRecord"]


class ClientRecord(OAuth2ClientRecord, ClientMixin):
    """What Authlib's OAuth 1 asks of a client, answered from the stored record."""

    @property
    def can_sign(self) -> bool:
        """Whether it is registered for OAuth 1."""
        return "sealed_secrets" in self.payload or self.get_rsa_public_key() is not None

    @cached_property
    def client_secrets(self) -> tuple[str, ...]:
        """The shared secrets that are valid. `SealError`: no key opens one."""
        return tuple(
            open_secret(self._key_ring, CLIENT, item["sealed"], self.client_id)
            for item in valid_sealed_secrets(self.payload, self._now)
        )

    def get_client_secret(self) -> str | None:
        """Return the latest shared secret; None for a client that has a key only."""
        return self.client_secrets[0] if self.client_secrets else None

    def get_rsa_public_key(self) -> str | None:
        """Return the RSA public key as PEM, None where none is registered."""
        return self.client_metadata.get("rsa_public_key")

    def check_signature_method(self, method: str) -> bool:
        """Tell whether the client may use a signature method that the server accepts.

        By default all but PLAINTEXT, which sends the secrets themselves.
        """
        registered: Sequence[str] | None = self.client_metadata.get("oauth1_signature_methods")
        return method != PLAINTEXT if registered is None else method in registered

    def check_callback(self, callback: str) -> bool:
        """Tell whether a callback URI is registered, or where none is, whether one could be."""
        if self.redirect_uris:
            return self.check_redirect_uri(callback)
        return problem_with(callback) is None
