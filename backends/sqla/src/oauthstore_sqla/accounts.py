"""The role `accounts`."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import bindparam, case, delete, select, update

from oauthstore_core.errors import ConflictError
from oauthstore_core.hookspecs import AccountStore, hookimpl
from oauthstore_core.records import Account, Page, Purged

from .engine import Row, Session, Values
from .purging import Purge
from .schema import accounts, attempts
from .store import Store
from .values import ACCOUNT, following, key, text

__all__ = ["SqlaAccounts"]


class SqlaAccounts(AccountStore):
    """Accounts and the counts of their sign-in attempts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        its_subject = accounts.c.subject == bindparam("subject")
        self._query = store.prepare(select(accounts).where(accounts.c.name == bindparam("name")))
        self._query_subject = store.prepare(select(accounts).where(its_subject))
        self._create = store.prepare(store.insert(accounts))
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
        self._count = _Counting(store)
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
        return self._count(values)

    @hookimpl
    def purge_attempts(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)


class _Counting:
    """One more attempt, counted and read in one step."""

    def __init__(self, store: Store) -> None:
        self._store = store
        new = store.insert(attempts).values(
            digest=bindparam("digest"), closes_at=bindparam("closes_at"), count=1
        )
        closed = attempts.c.closes_at <= bindparam("now")
        count = store.upsert(
            new,
            [attempts.c.digest],
            # The count first, where a database sees the columns that it has assigned already.
            lambda added: {
                "count": case((closed, 1), else_=attempts.c.count + 1),
                "closes_at": case((closed, added.closes_at), else_=attempts.c.closes_at),
            },
        )
        read = select(attempts.c.count).where(attempts.c.digest == bindparam("digest"))
        if store.returns:
            self._add, self._read = store.prepare(count.returning(attempts.c.count)), None
        else:
            self._add, self._read = store.prepare(count), store.prepare(read)

    def __call__(self, values: Values) -> int:
        if self._read is None:
            return self._number(self._store.rows(self._add, values))
        read = self._read

        def work(session: Session) -> list[Row]:
            session.count(self._add, values)
            return session.rows(read, values)

        return self._number(self._store.transact(work))

    @staticmethod
    def _number(rows: list[Row]) -> int:
        number: int = rows[0][0]
        return number
