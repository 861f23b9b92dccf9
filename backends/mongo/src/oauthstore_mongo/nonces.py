"""The role `nonces`."""

from __future__ import annotations

from bson import ObjectId

from oauthstore_core.errors import DuplicateError
from oauthstore_core.hookspecs import NonceStore, hookimpl
from oauthstore_core.records import Purged

from .connections import Connections
from .documents import key, remove_at
from .purging import purge
from .schema import NONCES

__all__ = ["MongoNonces"]


class MongoNonces(NonceStore):
    """A document for each nonce, which says whose it is."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        owner = ObjectId()
        # What was inserted by the driver's first delivery of the same call is its own.
        is_free = {"$or": [{"expires_at": {"$lte": now}}, {"written_by": owner}]}
        this = {"_id": key(digest), **is_free}
        new = {
            "expires_at": expires_at,
            "written_by": owner,
            "remove_at": remove_at(expires_at, now),
        }
        try:
            self._connections.run(
                lambda db: db[NONCES].update_one(this, {"$set": new}, upsert=True)
            )
        except DuplicateError:
            return False
        return True

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return purge(self._connections, NONCES, "expires_at", now, limit)
