"""Clients in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

from ..errors import ConflictError, DuplicateError
from ..hookspecs import ClientStore, hookimpl
from ..records import Client, Page, Purged
from .deadlines import Deadlines
from .pages import page_of

__all__ = ["MemoryClients"]


class MemoryClients(ClientStore):
    """Client id to client."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._clients: dict[str, Client] = {}
        self._deadlines: Deadlines[str] = Deadlines()

    @hookimpl
    def query_client(self, client_id: str) -> Client | None:
        with self._lock:
            return self._clients.get(client_id)

    @hookimpl
    def save_client(self, client: Client) -> Client:
        with self._lock:
            stored = self._clients.get(client.client_id)
            if client.version == 0 and stored is not None:
                raise DuplicateError(f"The client {client.client_id!r} exists already.")
            if client.version != (stored.version if stored else 0):
                raise ConflictError(f"The client {client.client_id!r} was changed meanwhile.")
            saved = replace(client, version=client.version + 1)
            self._clients[client.client_id] = saved
            if saved.expires_at is not None:
                self._deadlines.add(saved.expires_at, saved.client_id)
            return saved

    @hookimpl
    def delete_client(self, client_id: str) -> bool:
        with self._lock:
            return self._clients.pop(client_id, None) is not None

    @hookimpl
    def list_clients(self, owner: str | None, after: str | None, limit: int) -> Page[Client]:
        with self._lock:
            owned = (i for i in self._clients.items() if owner is None or i[1].owner == owner)
            return page_of(owned, after, limit)

    @hookimpl
    def purge_clients(self, now: int, limit: int) -> Purged:
        with self._lock:
            return self._deadlines.purge(now, limit, self._end, self._clients.__delitem__)

    def _end(self, client_id: str) -> int | None:
        client = self._clients.get(client_id)
        return None if client is None else client.expires_at
