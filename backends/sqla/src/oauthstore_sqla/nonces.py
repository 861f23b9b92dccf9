"""The role `nonces`."""

from __future__ import annotations

from sqlalchemy import bindparam

from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.records import Purged

from .engine import Values
from .purging import Purge
from .schema import nonces
from .store import Store
from .values import key

__all__ = ["SqlaNonces"]


class SqlaNonces(NonceStore):
    """Nonces until they expire: the digest is the primary key, and that is the whole trick."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._purge = Purge(store, nonces.c.expires_at)
        self.prepare(store)

    def prepare(self, store: Store) -> None:
        """Compile the statements of a claim."""
        new = store.insert(nonces)
        self._claim = store.prepare(
            new.on_conflict_do_update(
                index_elements=[nonces.c.digest],
                set_={"expires_at": new.excluded.expires_at},
                where=nonces.c.expires_at <= bindparam("now"),
            )
        )

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        return self.claim({"digest": key(digest), "expires_at": expires_at, "now": now})

    def claim(self, values: Values) -> bool:
        """Tell whether a row was written: a new one, or one that had expired."""
        return self._store.count(self._claim, values) > 0

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)
