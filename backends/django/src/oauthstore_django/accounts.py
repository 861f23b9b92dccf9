"""The role `accounts`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from oauthstore_core import records
from oauthstore_core.errors import ConflictError, DuplicateError
from oauthstore_core.hookspecs import AccountStore, hookimpl
from oauthstore_core.records import Page, Purged

from .connections import OwnConnection
from .models import Account, Attempt, columns_of
from .statements import Purge, inserted, looked_up, removed, stored, table, upserted
from .store import Store

__all__ = ["DjangoAccounts"]


class DjangoAccounts(AccountStore):
    """Accounts and the counts of their sign-in attempts."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._purge = Purge(store, Attempt, "closes_at")

    @hookimpl
    def query_account(self, name: str) -> records.Account | None:
        return self._query(name=name)

    @hookimpl
    def query_account_by_subject(self, subject: str) -> records.Account | None:
        return self._query(subject=subject)

    def _query(self, **key: str) -> records.Account | None:
        found = self._store.read(lambda lent: looked_up(Account, lent, **key))
        return None if found is None else found.record()

    @hookimpl
    def save_account(self, account: records.Account) -> records.Account:
        saved = replace(account, version=account.version + 1)
        row = Account(**columns_of(saved))
        if account.version == 0:
            if not self._store.write(lambda lent: inserted(row, lent)):
                raise DuplicateError("The name or the subject of a new account is taken.")
        elif not self._replace(columns_of(saved), account.version):
            raise ConflictError(f"The account {account.subject!r} was changed meanwhile.")
        return saved

    def _replace(self, values: dict[str, Any], known: int) -> bool:
        subject = values.pop("subject")

        def replace_it(lent: OwnConnection) -> int:
            return stored(Account, lent).filter(pk=subject, version=known).update(**values)

        return self._store.write(replace_it) > 0

    @hookimpl
    def delete_account(self, subject: str) -> bool:
        def delete(lent: OwnConnection) -> int:
            return removed(stored(Account, lent).filter(pk=subject), lent)

        return self._store.write(delete) > 0

    @hookimpl
    def list_accounts(self, after: str | None, limit: int) -> Page[records.Account]:
        def query(lent: OwnConnection) -> list[Account]:
            found = stored(Account, lent).order_by("name")
            found = found if after is None else found.filter(name__gt=after)
            return list(found[: limit + 1])

        found = [row.record() for row in self._store.read(query)]
        more = len(found) > limit
        return Page(tuple(found[:limit]), found[limit - 1].name if more else None)

    @hookimpl
    def count_attempt(self, digest: str, window: int, now: int) -> int:
        row = Attempt(digest=digest, closes_at=now + window, count=1)
        (counted,) = self._store.write(lambda lent: upserted(row, lent, _COUNT, (now, now)))
        number: int = counted.count
        return number

    @hookimpl
    def purge_attempts(self, now: int, limit: int) -> Purged:
        return self._purge(now, limit)


_KEPT = table(Attempt)
#: One more, or the first of a window that opens where the one before has closed.
_COUNT = (
    f"SET count = CASE WHEN {_KEPT}.closes_at <= %s THEN 1 ELSE {_KEPT}.count + 1 END,"
    f" closes_at = CASE WHEN {_KEPT}.closes_at <= %s THEN excluded.closes_at"
    f" ELSE {_KEPT}.closes_at END"
)
