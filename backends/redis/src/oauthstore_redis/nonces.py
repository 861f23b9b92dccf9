"""Nonces, each a key of its own that the server forgets."""

from __future__ import annotations

from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.records import Purged

from .store import Store, new_owner

__all__ = ["RedisNonces"]


class RedisNonces(NonceStore):
    """Digest to the end of its time and the call that was first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        store = self._store
        key = store.keys.single("nonce", digest)
        first = store.call("nonce", [key], expires_at, now, new_owner(), store.options.slack)
        return bool(first)

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        # The server does, by each key's own end.
        return Purged(0, more=False)
