"""The role `nonces`."""

from __future__ import annotations

from sqlalchemy import bindparam

from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.records import Purged

from .engine import Store
from .purging import Purge
from .schema import nonces
from .sqlite import insert
from .values import key

__all__ = ["SqlaNonces"]


class SqlaNonces(NonceStore):
    """Nonces until they expire: the digest is the primary key, and that is the whole trick."""

    def __init__(self, store: Store) -> None:
        self._store = store
        new = insert(nonces)
        self._claim = store.prepare(
            new.on_conflict_do_update(
                index_elements=[nonces.c.digest],
                set_={"expires_at": new.excluded.expires_at},
                where=nonces.c.expires_at <= bindparam("now"),
            )
        )
        self._purge = Purge(store, nonces.c.expires_at)

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        values = {"digest": key(digest), "expires_at": expires_at, "now": now}
        return self._store.count(self._claim, values) > 0

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)
