"""The role `clients`."""

from __future__ import annotations

from dataclasses import replace

from oauthstore_core import records
from oauthstore_core.errors import ConflictError, DuplicateError
from oauthstore_core.hookspecs import ClientStore, hookimpl
from oauthstore_core.records import Page, Purged

from .connections import OwnConnection
from .models import Client, columns_of
from .statements import Purge, inserted, looked_up, removed, stored
from .store import Store

__all__ = ["DjangoClients"]


class DjangoClients(ClientStore):
    """Clients, a row each."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._purge = Purge(store, Client, "expires_at")

    @hookimpl
    def query_client(self, client_id: str) -> records.Client | None:
        found = self._store.read(lambda lent: looked_up(Client, lent, client_id=client_id))
        return None if found is None else found.record()

    @hookimpl
    def save_client(self, client: records.Client) -> records.Client:
        saved = replace(client, version=client.version + 1)
        row = Client(**columns_of(saved))
        if client.version == 0:
            if not self._store.write(lambda lent: inserted(row, lent)):
                raise DuplicateError(f"The client {client.client_id!r} exists already.")
        elif not self._replace(saved, client.version):
            raise ConflictError(f"The client {client.client_id!r} was changed meanwhile.")
        return saved

    def _replace(self, saved: records.Client, known: int) -> bool:
        values = columns_of(saved)
        its_id = values.pop("client_id")

        def replace_it(lent: OwnConnection) -> int:
            return stored(Client, lent).filter(pk=its_id, version=known).update(**values)

        return self._store.write(replace_it) > 0

    @hookimpl
    def delete_client(self, client_id: str) -> bool:
        def delete(lent: OwnConnection) -> int:
            return removed(stored(Client, lent).filter(pk=client_id), lent)

        return self._store.write(delete) > 0

    @hookimpl
    def list_clients(
        self, owner: str | None, after: str | None, limit: int
    ) -> Page[records.Client]:
        def query(lent: OwnConnection) -> list[Client]:
            found = stored(Client, lent).order_by("pk")
            found = found if owner is None else found.filter(owner=owner)
            found = found if after is None else found.filter(pk__gt=after)
            return list(found[: limit + 1])

        found = [row.record() for row in self._store.read(query)]
        more = len(found) > limit
        return Page(tuple(found[:limit]), found[limit - 1].client_id if more else None)

    @hookimpl
    def purge_clients(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)
