"""Handles: how they are made, and the digests by which alone a store knows them.

A handle (token, code, secret) has 256 bits from the system's generator, so one
SHA-256 is enough; a value of little entropy gets an HMAC under a server key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

__all__ = [
    "digest",
    "digests_equal",
    "fingerprint",
    "generate_handle",
    "generate_identifier",
    "keyed_digest",
    "nonce_digest",
]

_FINGERPRINT_LENGTH = 8


def generate_handle() -> str:
    """Return 43 fresh base64url characters: 256 bits."""
    return secrets.token_urlsafe(32)


def generate_identifier() -> str:
    """Return 22 fresh base64url characters, for what is public, such as a client id.

    The first is a letter or a digit: a command line would take "-x" for an
    option. That leaves just under 128 bits.
    """
    while not (identifier := secrets.token_urlsafe(16))[0].isalnum():
        pass
    return identifier


def digest(handle: str) -> str:
    """Return the lower-case hex SHA-256 of a handle of high entropy."""
    return hashlib.sha256(handle.encode()).hexdigest()


def keyed_digest(key: bytes, value: str) -> str:
    """Return the lower-case hex HMAC-SHA-256 of a value that could be guessed."""
    return hmac.digest(key, value.encode(), "sha256").hex()


def digests_equal(left: str, right: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def fingerprint(handle_digest: str) -> str:
    """Return the part of a digest that logs may carry: its first 8 characters."""
    return handle_digest[:_FINGERPRINT_LENGTH]


def nonce_digest(purpose: str, *parts: str) -> str:
    """Return the digest of a tuple such as (issuer or client, token, timestamp, nonce).

    Each part is preceded by its length, so that no two tuples share a digest.
    """
    hashed = hashlib.sha256()
    for part in (purpose, *parts):
        encoded = part.encode()
        hashed.update(len(encoded).to_bytes(8, "big"))
        hashed.update(encoded)
    return hashed.hexdigest()
