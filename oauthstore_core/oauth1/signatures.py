"""The signature methods (RFC 5849 section 3.4): those of the RFC, and the same with SHA-256.

Each tells whether a request is signed; what it needs and is not there, such as
a secret, makes the answer no. Comparisons take the same time wherever they differ.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .base_string import escape

__all__ = [
    "HMAC_SHA1",
    "HMAC_SHA256",
    "PLAINTEXT",
    "RSA_SHA1",
    "RSA_SHA256",
    "SIGNATURE_METHODS",
    "Signed",
    "VerifySignature",
    "is_signed",
    "load_rsa_public_key",
]

HMAC_SHA1: Final = "HMAC-SHA1"
HMAC_SHA256: Final = "HMAC-SHA256"
RSA_SHA1: Final = "RSA-SHA1"
RSA_SHA256: Final = "RSA-SHA256"
PLAINTEXT: Final = "PLAINTEXT"

#: Given Authlib's request: True, or the signature that it should have; anything else is no.
VerifySignature = Callable[[Any], object]


class Signed(Protocol):
    """What a signature method looks at of a request."""

    @property
    def signature(self) -> str:
        """The signature as it was sent."""
        ...

    @property
    def base_string(self) -> str:
        """The signature base string (section 3.4.1)."""
        ...

    @property
    def client_secrets(self) -> tuple[str, ...]:
        """The client's shared secrets; two where one follows the other."""
        ...

    @property
    def token_secret(self) -> str | None:
        """The secret of the token that the request names, if it does."""
        ...

    @property
    def rsa_public_key(self) -> str | None:
        """The client's RSA public key as PEM."""
        ...


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def _key(client_secret: str, token_secret: str | None) -> str:
    return f"{escape(client_secret)}&{escape(token_secret or '')}"


def _verify_hmac(algorithm: str, request: Signed) -> bool:
    """Section 3.4.2; a client without a secret cannot use it."""
    text, token_secret = request.base_string.encode(), request.token_secret
    return any(
        _equal(_hmac(algorithm, _key(secret, token_secret), text), request.signature)
        for secret in request.client_secrets
    )


def _hmac(algorithm: str, key: str, text: bytes) -> str:
    return base64.b64encode(hmac.digest(key.encode(), text, algorithm)).decode()


def _verify_rsa(algorithm: HashAlgorithm, request: Signed) -> bool:
    """Section 3.4.3: RSASSA-PKCS1-v1_5."""
    pem = request.rsa_public_key
    key = load_rsa_public_key(pem) if pem else None
    if key is None:
        return False
    try:
        signature = base64.b64decode(request.signature, validate=True)
        key.verify(signature, request.base_string.encode(), PKCS1v15(), algorithm)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@lru_cache(256)
def load_rsa_public_key(pem: str) -> RSAPublicKey | None:
    """Return the RSA public key of a PEM; None: it is none."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None


def _verify_plaintext(request: Signed) -> bool:
    """Section 3.4.4; the transport is what keeps the secrets."""
    token_secret = request.token_secret
    return any(
        _equal(_key(secret, token_secret), request.signature) for secret in request.client_secrets
    )


SIGNATURE_METHODS: Final[Mapping[str, VerifySignature]] = MappingProxyType(
    {
        HMAC_SHA1: partial(_verify_hmac, "sha1"),
        HMAC_SHA256: partial(_verify_hmac, "sha256"),
        RSA_SHA1: partial(_verify_rsa, SHA1()),  # noqa: S303 - the RFC's own; it can be left out
        RSA_SHA256: partial(_verify_rsa, SHA256()),
        PLAINTEXT: _verify_plaintext,
    }
)


def is_signed(verify: VerifySignature, request: Signed) -> bool:
    """Tell whether `verify` finds the request signed.

    Only True is yes. A method that returns the signature which it expects, as
    an example of Authlib's documentation does, has it compared; taken for a
    truth value, every request would be signed.
    """
    found = verify(request)
    if isinstance(found, bytes | str):
        expected = found.encode() if isinstance(found, str) else found
        return hmac.compare_digest(expected, request.signature.encode())
    return found is True
