"""The role `clients`."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, delete, select, update

from oauthstore_core.errors import ConflictError, DuplicateError
from oauthstore_core.hookspecs import ClientStore, hookimpl
from oauthstore_core.records import Client, Page, Purged

from .engine import Values
from .purging import Purge
from .schema import clients
from .store import Store
from .values import CLIENT, following, text

__all__ = ["SqlaClients"]


class SqlaClients(ClientStore):
    """Clients, a row each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        its_id = clients.c.client_id == bindparam("client_id")
        page = (
            select(clients)
            .where(clients.c.client_id >= bindparam("start"))
            .order_by(clients.c.client_id)
            .limit(bindparam("limit"))
        )
        self._query = store.prepare(select(clients).where(its_id))
        self._create = store.prepare(store.insert(clients))
        self._replace = store.prepare(
            update(clients)
            .values({c.name: bindparam(c.name) for c in clients.c if c.name != "client_id"})
            .where(its_id, clients.c.version == bindparam("known"))
        )
        self._delete = store.prepare(delete(clients).where(its_id))
        self._list = store.prepare(page)
        self._list_owned = store.prepare(page.where(clients.c.owner == bindparam("owner")))
        self._purge = Purge(store, clients.c.expires_at)

    @hookimpl
    def query_client(self, client_id: str) -> Client | None:
        rows = self._store.rows(self._query, {"client_id": text(client_id)})
        return CLIENT.record(rows[0]) if rows else None

    @hookimpl
    def save_client(self, client: Client) -> Client:
        saved = replace(client, version=client.version + 1)
        values = CLIENT.values(saved)
        if client.version == 0:
            self._add(client, values)
        elif not self._store.count(self._replace, {**values, "known": client.version}):
            raise ConflictError(f"The client {client.client_id!r} was changed meanwhile.")
        return saved

    def _add(self, client: Client, values: Values) -> None:
        try:
            self._store.count(self._create, values)
        except DuplicateError:
            raise DuplicateError(f"The client {client.client_id!r} exists already.") from None

    @hookimpl
    def delete_client(self, client_id: str) -> bool:
        return self._store.count(self._delete, {"client_id": text(client_id)}) > 0

    @hookimpl
    def list_clients(self, owner: str | None, after: str | None, limit: int) -> Page[Client]:
        statement = self._list if owner is None else self._list_owned
        values = {"owner": text(owner), "start": following(after), "limit": limit + 1}
        found = [CLIENT.record(row) for row in self._store.rows(statement, values)]
        more = len(found) > limit
        return Page(tuple(found[:limit]), found[limit - 1].client_id if more else None)

    @hookimpl
    def purge_clients(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)
