"""Nonces in memory."""

from __future__ import annotations

import threading

from ..hookspecs import NonceStore, hookimpl
from ..records import Purged
from .deadlines import Deadlines

__all__ = ["MemoryNonces"]


class MemoryNonces(NonceStore):
    """Digest to the end of its time."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._expiry: dict[str, int] = {}
        self._deadlines: Deadlines[str] = Deadlines()

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        with self._lock:
            if now < self._expiry.get(digest, now):
                return False
            self._expiry[digest] = expires_at
            self._deadlines.add(expires_at, digest)
            return True

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        with self._lock:
            return self._deadlines.purge(now, limit, self._expiry.get, self._expiry.__delitem__)
