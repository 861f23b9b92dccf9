"""The role `nonces`."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import Final

from lmdb import Transaction

from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.records import Purged

from .store import Store

__all__ = ["LmdbNonces"]

#: How the keys of the two entries begin.
_NONCE: Final = b"n"
_DEADLINE: Final = b"d"
#: Of an end, in bytes: as numbers of fixed width, the highest byte first, ends sort by time.
_WIDTH: Final = 8


class LmdbNonces(NonceStore):
    """Two entries for each nonce: its end by digest, and its digest by end, for the purge."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        name = digest.encode()
        with self._store.transaction(write=True) as transaction:
            known = transaction.get(_NONCE + name)
            if known is not None:
                if now < int.from_bytes(known):
                    return False
                transaction.delete(_DEADLINE + known + name)
            end = expires_at.to_bytes(_WIDTH)
            transaction.put(_NONCE + name, end)
            transaction.put(_DEADLINE + end + name, b"")
        return True

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        with self._store.transaction(write=True) as transaction:
            due = _find_due(transaction, now, limit + 1)
            for deadline in due[:limit]:
                transaction.delete(deadline)
                transaction.delete(_NONCE + deadline[len(_DEADLINE) + _WIDTH :])
        return Purged(len(due[:limit]), more=len(due) > limit)


def _find_due(transaction: Transaction[bytes], now: int, limit: int) -> list[bytes]:
    """Return the keys of at most `limit` deadlines that are over, the earliest first."""
    cursor = transaction.cursor()
    # A cursor that found nothing would start from the first key of all.
    if not cursor.set_range(_DEADLINE):
        return []
    first_live = _DEADLINE + (now + 1).to_bytes(_WIDTH)
    keys = takewhile(lambda key: key < first_live, cursor.iternext(values=False))
    return list(islice(keys, limit))
