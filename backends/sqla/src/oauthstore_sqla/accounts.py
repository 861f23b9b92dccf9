"""The role `accounts`."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, case, delete, select, update

from oauthstore_core.errors import ConflictError
from oauthstore_core.hookspecs import AccountStore, hookimpl
from oauthstore_core.records import Account, Page, Purged

from .engine import Store
from .purging import Purge
from .schema import accounts, attempts
from .sqlite import insert
from .values import ACCOUNT, following, key, text

__all__ = ["SqlaAccounts"]


class SqlaAccounts(AccountStore):
    """Accounts and the counts of their sign-in attempts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        its_subject = accounts.c.subject == bindparam("subject")
        self._query = store.prepare(select(accounts).where(accounts.c.name == bindparam("name")))
        self._query_subject = store.prepare(select(accounts).where(its_subject))
        self._create = store.prepare(insert(accounts))
        self._replace = store.prepare(
            update(accounts)
            .values({c.name: bindparam(c.name) for c in accounts.c if c.name != "subject"})
            .where(its_subject, accounts.c.version == bindparam("known"))
        )
        self._delete = store.prepare(delete(accounts).where(its_subject))
        self._list = store.prepare(
            select(accounts)
            .where(accounts.c.name >= bindparam("start"))
            .order_by(accounts.c.name)
            .limit(bindparam("limit"))
        )
        new = insert(attempts).values(
            digest=bindparam("digest"), closes_at=bindparam("closes_at"), count=1
        )
        closed = attempts.c.closes_at <= bindparam("now")
        self._count = store.prepare(
            new.on_conflict_do_update(
                index_elements=[attempts.c.digest],
                set_={
                    "count": case((closed, 1), else_=attempts.c.count + 1),
                    "closes_at": case((closed, new.excluded.closes_at), else_=attempts.c.closes_at),
                },
            ).returning(attempts.c.count)
        )
        self._purge = Purge(store, attempts.c.closes_at)

    @hookimpl
    def query_account(self, name: str) -> Account | None:
        rows = self._store.rows(self._query, {"name": text(name)})
        return ACCOUNT.record(rows[0]) if rows else None

    @hookimpl
    def query_account_by_subject(self, subject: str) -> Account | None:
        rows = self._store.rows(self._query_subject, {"subject": text(subject)})
        return ACCOUNT.record(rows[0]) if rows else None

    @hookimpl
    def save_account(self, account: Account) -> Account:
        saved = replace(account, version=account.version + 1)
        values = ACCOUNT.values(saved)
        if account.version == 0:
            self._store.count(self._create, values)
        elif not self._store.count(self._replace, {**values, "known": account.version}):
            raise ConflictError(f"The account {account.subject!r} was changed meanwhile.")
        return saved

    @hookimpl
    def delete_account(self, subject: str) -> bool:
        return self._store.count(self._delete, {"subject": text(subject)}) > 0

    @hookimpl
    def list_accounts(self, after: str | None, limit: int) -> Page[Account]:
        values = {"start": following(after), "limit": limit + 1}
        found = [ACCOUNT.record(row) for row in self._store.rows(self._list, values)]
        more = len(found) > limit
        return Page(tuple(found[:limit]), found[limit - 1].name if more else None)

    @hookimpl
    def count_attempt(self, digest: str, window: int, now: int) -> int:
        values = {"digest": key(digest), "closes_at": now + window, "now": now}
        count: int = self._store.rows(self._count, values)[0][0]
        return count

    @hookimpl
    def purge_attempts(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)
