"""The flows run on the stores that those of OAuth 2 run on."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oauthstore_core.backends import Backend

# Fixtures are found by their names here.
from ..oauth2.conftest import backend, sqlite_backend, sqlite_file
from .world import World

__all__ = ["backend", "pem_of", "private_key", "sqlite_backend", "sqlite_file", "world"]


@pytest.fixture
def world(backend: Backend) -> World:
    return World(backend)


@pytest.fixture(scope="session")
def private_key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def pem_of(key: RSAPrivateKey) -> str:
    """Return the public key as PEM."""
    public = key.public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
