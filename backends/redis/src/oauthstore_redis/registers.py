"""Clients and accounts: registers, each in one slot, that are read often and written seldom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any, Final

from oauthstore_core.errors import ConflictError, DuplicateError
from oauthstore_core.hookspecs import AccountStore, ClientStore, hookimpl
from oauthstore_core.records import Account, Client, Page, Purged

from .keys import TAG_WIDTH, tag
from .records import packed, unpacked
from .store import Command, Store, new_owner

__all__ = ["RedisAccounts", "RedisClients", "Register"]

#: The place of a record that is listed with no others in particular.
_ANYWHERE: Final = "-" * TAG_WIDTH


class Register:
    """Records by id, with an index by place and id, one by end, and unique names."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._kind = kind
        self._keys = store.keys.register(kind)

    def query(self, identifier: str) -> list[Any] | None:
        """Return the fields of the record with that id."""
        asked = Command(("HGET", self._keys[0], identifier), self._keys[0])
        return _read(self._store.run(asked)[0])

    def query_named(self, name: str) -> list[Any] | None:
        """Return the fields of the record that has this unique name."""
        keys = [self._keys[0], self._keys[3]]
        return _read(self._store.call("register_named", keys, tag(name)))

    def save(
        self,
        record: Client | Account,
        identifier: str,
        place: str | None = None,
        name: str | None = None,
    ) -> None:
        """Create or replace the record, one step, by its version."""
        known = _ANYWHERE if place is None else tag(place)
        unique = "-" if name is None else tag(name)
        asked = (identifier, record.version, new_owner(), known, unique)
        body = packed(*astuple(replace(record, version=record.version + 1)))
        ends = getattr(record, "expires_at", None)
        answer: bytes = self._store.call("register_save", self._keys, *asked, ends, body)
        if answer == b"conflict":
            raise ConflictError(f"The {self._kind} {identifier!r} was changed meanwhile.")
        if answer == b"duplicate":
            raise DuplicateError(f"The {self._kind} {identifier!r} exists already.")
        if answer == b"taken":
            raise DuplicateError(f"The {self._kind} name {name!r} is taken.")

    def remove(self, identifier: str) -> bool:
        """Remove the record and tell whether it was there."""
        return bool(self._remove(identifier, "", 1)[0])

    def purge(self, now: int, limit: int) -> Purged:
        """Remove at most `limit` records that have ended."""
        count, left = self._remove("", now, limit)
        return Purged(count, more=left > 0)

    def _remove(self, identifier: str, now: object, limit: int) -> tuple[int, int]:
        removed = f"{self._keys[0]}:{new_owner()}"
        keys = [*self._keys, removed]
        count, left = self._store.call("register_remove", keys, identifier, now, limit)
        return count, left

    def page(
        self, place: str | None, after: str | None, limit: int, made: Callable[[list[Any]], Any]
    ) -> Page[Any]:
        """Return up to `limit` records, of one place or of all, in the order of the index."""
        within = "" if place is None else tag(place)
        first = f"[{within}" if after is None else f"({after}"
        # No UTF-8 text has the byte.
        last: object = b"(" + within.encode() + b"\xff" if within else "+"
        asked = ("-" if first == "[" else first, last, limit + 1, TAG_WIDTH)
        flat = self._store.call("register_page", self._keys[:2], *asked)
        items = [made(_fields(record)) for record in flat[1 : 2 * limit : 2]]
        cursor = flat[2 * limit - 2].decode() if len(flat) > 2 * limit else None
        return Page(tuple(items), cursor)


def _fields(record: bytes) -> list[Any]:
    return unpacked(record.split(b" ", 4)[4])


def _read(record: bytes | None) -> list[Any] | None:
    return None if record is None else _fields(record)


class RedisClients(ClientStore):
    """Clients, listed by owner; what has expired waits for a purge."""

    def __init__(self, store: Store) -> None:
        self._register = Register(store, "client")

    @hookimpl
    def query_client(self, client_id: str) -> Client | None:
        found = self._register.query(client_id)
        return None if found is None else Client(*found)

    @hookimpl
    def save_client(self, client: Client) -> Client:
        self._register.save(client, client.client_id, place=client.owner)
        return replace(client, version=client.version + 1)

    @hookimpl
    def delete_client(self, client_id: str) -> bool:
        return self._register.remove(client_id)

    @hookimpl
    def list_clients(self, owner: str | None, after: str | None, limit: int) -> Page[Client]:
        return self._register.page(owner, after, limit, lambda fields: Client(*fields))

    @hookimpl
    def purge_clients(self, now: int, limit: int) -> Purged:
        return self._register.purge(now, limit)


class RedisAccounts(AccountStore):
    """Accounts by subject and name; a window of attempts is a key that the server forgets."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._register = Register(store, "account")

    @hookimpl
    def query_account(self, name: str) -> Account | None:
        found = self._register.query_named(name)
        return None if found is None else Account(*found)

    @hookimpl
    def query_account_by_subject(self, subject: str) -> Account | None:
        found = self._register.query(subject)
        return None if found is None else Account(*found)

    @hookimpl
    def save_account(self, account: Account) -> Account:
        self._register.save(account, account.subject, name=account.name)
        return replace(account, version=account.version + 1)

    @hookimpl
    def delete_account(self, subject: str) -> bool:
        return self._register.remove(subject)

    @hookimpl
    def list_accounts(self, after: str | None, limit: int) -> Page[Account]:
        return self._register.page(None, after, limit, lambda fields: Account(*fields))

    @hookimpl
    def count_attempt(self, digest: str, window: int, now: int) -> int:
        store = self._store
        key = store.keys.single("attempt", digest)
        asked = (window, now, new_owner(), store.options.slack)
        count: int = store.call("attempt", [key], *asked)
        return count

    @hookimpl
    def purge_attempts(self, now: int, limit: int) -> Purged:
        # The server does, by each key's own end.
        return Purged(0, more=False)
