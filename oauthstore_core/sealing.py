"""Sealing: authenticated encryption of what must be read back.

The ring's first key seals, every key opens, so that keys can be replaced one
at a time. Each purpose has a key of its own, derived by HKDF-SHA-256; the
cipher is AES-256-GCM with a random 96-bit nonce. The associated data binds
sealed bytes to their record: moved to another record they do not open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .digests import keyed_digest
from .errors import SealError

__all__ = ["KeyRing", "open_with_handle", "seal_with_handle"]

_VERSION = b"\x01"
_NONCE_LENGTH = 12
#: A secret key has at least this many characters.
MINIMUM_KEY_LENGTH = 32


def _derive(material: str, info: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info.encode()).derive(
        material.encode()
    )


def _seal(key: bytes, plaintext: bytes, associated_data: str) -> bytes:
    nonce = os.urandom(_NONCE_LENGTH)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plaintext, associated_data.encode())


def _open(key: bytes, sealed: bytes, associated_data: str) -> bytes:
    if sealed[:1] != _VERSION:
        raise InvalidTag
    nonce, ciphertext = sealed[1 : 1 + _NONCE_LENGTH], sealed[1 + _NONCE_LENGTH :]
    return AESGCM(key).decrypt(nonce, ciphertext, associated_data.encode())


class KeyRing:
    """Seals under the first of some secret keys, and opens under any of them."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        """Take text keys of at least 32 characters; the first one seals."""
        if not secret_keys:
            raise ValueError("A key ring needs at least one secret key.")
        self._secret_keys = tuple(secret_keys)
        self._derived: dict[str, tuple[bytes, ...]] = {}

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._secret_keys)}>"

    def keys(self, purpose: str) -> tuple[bytes, ...]:
        """Return the 32-byte keys of a purpose, the sealing one first."""
        if purpose not in self._derived:
            info = f"oauthstore {purpose}"
            self._derived[purpose] = tuple(_derive(key, info) for key in self._secret_keys)
        return self._derived[purpose]

    def seal(self, purpose: str, plaintext: bytes, associated_data: str) -> bytes:
        """Return sealed bytes that only this purpose and associated data open."""
        return _seal(self.keys(f"seal {purpose}")[0], plaintext, associated_data)

    def open(self, purpose: str, sealed: bytes, associated_data: str) -> bytes:
        """Return what was sealed. `SealError`: no key of the ring opens it."""
        for key in self.keys(f"seal {purpose}"):
            try:
                return _open(key, sealed, associated_data)
            except (InvalidTag, ValueError):
                continue
        raise SealError(
            f"Sealed bytes ({purpose}) were to be opened, but none of the "
            f"{len(self._secret_keys)} secret keys fits. Keep a retired key in "
            "`secret_keys`, behind the first, until nothing sealed under it is left."
        )

    def keyed_digests(self, purpose: str, value: str) -> tuple[str, ...]:
        """Return the value's HMACs under each key, the current one first."""
        return tuple(keyed_digest(key, value) for key in self.keys(f"digest {purpose}"))


def seal_with_handle(handle: str, plaintext: bytes, associated_data: str) -> bytes:
    """Seal under a key that only the holder of `handle` can derive.

    So the response to a refresh can be given again within the grace, while the
    store, which knows only the handle's digest, cannot open it.
    """
    return _seal(_derive(handle, "oauthstore sealed response"), plaintext, associated_data)


def open_with_handle(handle: str, sealed: bytes, associated_data: str) -> bytes:
    """Return what `seal_with_handle` sealed. `SealError`: another handle or record."""
    try:
        return _open(_derive(handle, "oauthstore sealed response"), sealed, associated_data)
    except (InvalidTag, ValueError) as error:
        raise SealError("A sealed response does not open under the presented token.") from error
