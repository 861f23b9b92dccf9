"""The role `clients`."""

from __future__ import annotations

from oauthstore_core.hookspecs import ClientStore, hookimpl
from oauthstore_core.records import Client, Page, Purged

from .connections import Connections
from .documents import client_of, document, same
from .purging import purge
from .schema import CLIENTS
from .versioned import Versioned

__all__ = ["MongoClients"]


class MongoClients(ClientStore):
    """A document for each client."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._clients = Versioned(connections, CLIENTS, client_of)

    @hookimpl
    def query_client(self, client_id: str) -> Client | None:
        return self._clients.find("_id", client_id)

    @hookimpl
    def save_client(self, client: Client) -> Client:
        new = {"_id": client.client_id, **document(client, without=("client_id",))}
        return self._clients.save(new, client.version)

    @hookimpl
    def delete_client(self, client_id: str) -> bool:
        return self._clients.delete(client_id)

    @hookimpl
    def list_clients(self, owner: str | None, after: str | None, limit: int) -> Page[Client]:
        owned = {} if owner is None else {"owner": same(owner)}
        return self._clients.page(owned, "_id", after, limit)

    @hookimpl
    def purge_clients(self, now: int, limit: int) -> Purged:
        return purge(self._connections, CLIENTS, "expires_at", now, limit)
