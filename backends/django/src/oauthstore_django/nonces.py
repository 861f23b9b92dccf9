"""The role `nonces`."""

from __future__ import annotations

from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.records import Purged

from .models import Nonce
from .statements import Purge, table, upserted
from .store import Store

__all__ = ["DjangoNonces"]

#: A nonce that has expired is new again, to one caller.
_TAKE = f"SET expires_at = excluded.expires_at WHERE {table(Nonce)}.expires_at <= %s"


class DjangoNonces(NonceStore):
    """Nonces until they expire: the digest is the primary key, and that is the whole trick."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._purge = Purge(store, Nonce, "expires_at")

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        row = Nonce(digest=digest, expires_at=expires_at)
        return bool(self._store.write(lambda lent: upserted(row, lent, _TAKE, (now,))))

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)
