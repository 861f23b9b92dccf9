"""Hooks that keep temporary credentials and nonces in a cache of the application's.

The cache has `get`, `set` and `delete`, and `has` or `add`, as those of cachelib
and Flask-Caching do. What differs from Authlib's functions: no two nonces share
a key, and a verifier is compared in constant time. What a cache cannot do in
one step, the server's claims do.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Final

from authlib.oauth1 import TemporaryCredential as AuthlibTemporaryCredential

from ...digests import nonce_digest

__all__ = [
    "TemporaryCredential",
    "create_exists_nonce_func",
    "register_nonce_hooks",
    "register_temporary_credential_hooks",
]

_DAY: Final = 24 * 60 * 60


class TemporaryCredential(AuthlibTemporaryCredential):
    """A temporary credential as it lies in the cache; a repr shows neither token nor secret."""

    def __repr__(self) -> str:
        return f"<TemporaryCredential of {self.get_client_id()!r}>"

    def check_verifier(self, verifier: str) -> bool:
        """Tell whether a verifier is the one that was issued, in constant time."""
        issued = self.get("oauth_verifier")
        return bool(issued) and hmac.compare_digest(str(issued).encode(), verifier.encode())


def register_temporary_credential_hooks(
    authorization_server: Any,
    cache: Any,
    key_prefix: str = "temporary_credential:",
    expires: int = _DAY,
) -> None:
    """Keep a server's temporary credentials in a cache, for `expires` seconds."""

    def create_temporary_credential(
        token: dict[str, str], client_id: str, redirect_uri: str | None
    ) -> TemporaryCredential:
        credential = {**token, "client_id": client_id}
        if redirect_uri:
            credential["oauth_callback"] = redirect_uri
        cache.set(key_prefix + token["oauth_token"], credential, timeout=expires)
        return TemporaryCredential(credential)

    def get_temporary_credential(oauth_token: str) -> TemporaryCredential | None:
        found = cache.get(key_prefix + oauth_token) if oauth_token else None
        return TemporaryCredential(found) if found else None

    def delete_temporary_credential(oauth_token: str) -> None:
        if oauth_token:
            cache.delete(key_prefix + oauth_token)

    def create_authorization_verifier(
        credential: TemporaryCredential, grant_user: Any, verifier: str
    ) -> TemporaryCredential:
        credential["oauth_verifier"] = verifier
        credential["user_id"] = grant_user.get_user_id()
        key = key_prefix + credential.get_oauth_token()
        cache.set(key, dict(credential), timeout=expires)
        return credential

    for hook in (
        create_temporary_credential,
        get_temporary_credential,
        delete_temporary_credential,
        create_authorization_verifier,
    ):
        authorization_server.register_hook(hook.__name__, hook)


def create_exists_nonce_func(
    cache: Any, key_prefix: str = "nonce:", expires: int = _DAY
) -> Callable[[str, str, str, str | None], bool]:
    """Return what tells whether a nonce was seen before, and keeps it for `expires` seconds.

    In one step where the cache has `add`, as one on Redis or memcached does.
    """

    def exists_nonce(nonce: str, timestamp: str, client_id: str, oauth_token: str | None) -> bool:
        # With lengths in front: joined by a dash, two different tuples could be one key.
        parts = (client_id, oauth_token or "", str(timestamp), nonce)
        key = key_prefix + nonce_digest("oauth1 nonce", *parts)
        if hasattr(cache, "add"):
            return not cache.add(key, 1, timeout=expires)
        seen = bool(cache.has(key))
        cache.set(key, 1, timeout=expires)
        return seen

    return exists_nonce


def register_nonce_hooks(
    authorization_server: Any, cache: Any, key_prefix: str = "nonce:", expires: int = _DAY
) -> None:
    """Keep a server's nonces in a cache, for `expires` seconds."""
    exists_nonce = create_exists_nonce_func(cache, key_prefix, expires)
    authorization_server.register_hook("exists_nonce", exists_nonce)
