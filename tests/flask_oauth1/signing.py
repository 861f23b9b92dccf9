"""Signing requests as RFC 5849 has it, independent of the server's own functions."""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["RSA_KEY", "RSA_PUBLIC_KEY", "Signer", "escape"]

Pairs = Sequence[tuple[str, str]]

#: The key of every client that signs by RSA.
RSA_KEY: RSAPrivateKey = generate_private_key(65537, 2048)
RSA_PUBLIC_KEY = (
    RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
)


def escape(text: str) -> str:
    return quote(text, safe="~")


@dataclass(frozen=True)
class Signer:
    """A client, with a token maybe, that signs by one method."""

    client_id: str = "c1"
    client_secret: str = ""
    token: str | None = None
    token_secret: str = ""
    method: str = "HMAC-SHA1"
    #: The origin that its users know the server by.
    origin: str = "http://localhost"
    now: Callable[[], float] = time.time

    def using(self, token: str, token_secret: str) -> Signer:
        """Return the same client with a token."""
        return replace(self, token=token, token_secret=token_secret)

    def header(
        self,
        http_method: str,
        target: str,
        form: Pairs = (),
        **parameters: str | None,
    ) -> dict[str, str]:
        """Return the header of a request; a parameter may be changed, or left out by None."""
        signed = self.parameters(http_method, target, form, **parameters)
        fields = ", ".join(f'{escape(name)}="{escape(value)}"' for name, value in signed.items())
        return {"Authorization": f"OAuth {fields}"}

    def parameters(
        self,
        http_method: str,
        target: str,
        form: Pairs = (),
        **parameters: str | None,
    ) -> dict[str, str]:
        """Return the protocol parameters of a request, signed."""
        fixed = {
            "oauth_consumer_key": self.client_id,
            "oauth_token": self.token,
            "oauth_signature_method": self.method,
            "oauth_timestamp": str(int(self.now())),
            "oauth_nonce": secrets.token_hex(8),
            **{f"oauth_{name}": value for name, value in parameters.items()},
        }
        kept = {name: value for name, value in fixed.items() if value is not None}
        if "oauth_signature" not in kept:
            base = self.base_string(http_method, target, [*form, *kept.items()])
            kept["oauth_signature"] = self.sign(base)
        return kept

    def base_string(self, http_method: str, target: str, pairs: Pairs) -> str:
        parts = urlsplit(target)
        query = parse_qsl(parts.query, keep_blank_values=True)
        encoded = sorted((escape(name), escape(value)) for name, value in [*query, *pairs])
        normalized = "&".join(f"{name}={value}" for name, value in encoded)
        return "&".join(
            escape(part) for part in (http_method, self.origin + parts.path, normalized)
        )

    def sign(self, base_string: str) -> str:
        key, text = (
            f"{escape(self.client_secret)}&{escape(self.token_secret)}",
            base_string.encode(),
        )
        if self.method == "PLAINTEXT":
            return key
        algorithm = {"SHA1": SHA1(), "SHA256": SHA256()}[self.method.partition("-")[2]]  # noqa: S303 - the RFC's
        if self.method.startswith("RSA"):
            signature = RSA_KEY.sign(text, PKCS1v15(), algorithm)
        else:
            signature = hmac.digest(key.encode(), text, algorithm.name)
        return base64.b64encode(signature).decode()
