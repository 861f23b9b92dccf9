"""The role `accounts`."""

from __future__ import annotations

from contextlib import suppress

from pymongo import ReturnDocument

from oauthstore_core.errors import DuplicateError
from oauthstore_core.hookspecs import AccountStore, hookimpl
from oauthstore_core.records import Account, Page, Purged

from .connections import ATTEMPTS as RETRIES
from .connections import Connections, overtaken
from .documents import account_of, document, key, remove_at
from .purging import purge
from .schema import ACCOUNTS, ATTEMPTS
from .versioned import Versioned

__all__ = ["MongoAccounts"]


class MongoAccounts(AccountStore):
    """A document for each account, and one for each window of sign-in attempts."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._accounts = Versioned(connections, ACCOUNTS, account_of, unique="name")

    @hookimpl
    def query_account(self, name: str) -> Account | None:
        return self._accounts.find("name", name)

    @hookimpl
    def query_account_by_subject(self, subject: str) -> Account | None:
        return self._accounts.find("_id", subject)

    @hookimpl
    def save_account(self, account: Account) -> Account:
        new = {"_id": account.subject, **document(account, without=("subject",))}
        return self._accounts.save(new, account.version)

    @hookimpl
    def delete_account(self, subject: str) -> bool:
        return self._accounts.delete(subject)

    @hookimpl
    def list_accounts(self, after: str | None, limit: int) -> Page[Account]:
        return self._accounts.page({}, "name", after, limit)

    @hookimpl
    def count_attempt(self, digest: str, window: int, now: int) -> int:
        stored, closes_at = key(digest), now + window
        first = {"count": 1, "closes_at": closes_at, "remove_at": remove_at(closes_at, now)}
        closed = {"_id": stored, "closes_at": {"$lte": now}}
        for _ in range(RETRIES):
            counted = self._counted_in_open_window(stored, now)
            if counted is not None:
                return counted
            # Where another attempt opens the window first, it is open then.
            with suppress(DuplicateError):
                self._connections.run(
                    lambda db: db[ATTEMPTS].update_one(closed, {"$set": first}, upsert=True)
                )
                return 1
        raise overtaken("count of an attempt")

    def _counted_in_open_window(self, stored: bytes, now: int) -> int | None:
        is_open = {"_id": stored, "closes_at": {"$gt": now}}
        found = self._connections.run(
            lambda db: db[ATTEMPTS].find_one_and_update(
                is_open, {"$inc": {"count": 1}}, return_document=ReturnDocument.AFTER
            )
        )
        return None if found is None else int(found["count"])

    @hookimpl
    def purge_attempts(self, now: int, limit: int) -> Purged:
        return purge(self._connections, ATTEMPTS, "closes_at", now, limit)
