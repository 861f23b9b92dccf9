"""Accounts and the counts of their sign-in attempts, in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

from ..errors import ConflictError, DuplicateError
from ..hookspecs import AccountStore, hookimpl
from ..records import Account, Page, Purged
from .deadlines import Deadlines
from .pages import page_of

__all__ = ["MemoryAccounts"]


class MemoryAccounts(AccountStore):
    """Subject to account, name to subject, digest to (end of window, count)."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._accounts: dict[str, Account] = {}
        self._subjects: dict[str, str] = {}
        self._attempts: dict[str, tuple[int, int]] = {}
        self._deadlines: Deadlines[str] = Deadlines()

    @hookimpl
    def query_account(self, name: str) -> Account | None:
        with self._lock:
            subject = self._subjects.get(name)
            return None if subject is None else self._accounts[subject]

    @hookimpl
    def query_account_by_subject(self, subject: str) -> Account | None:
        with self._lock:
            return self._accounts.get(subject)

    @hookimpl
    def save_account(self, account: Account) -> Account:
        with self._lock:
            stored = self._accounts.get(account.subject)
            if account.version == 0 and stored is not None:
                raise DuplicateError(f"The account {account.subject!r} exists already.")
            if account.version != (stored.version if stored else 0):
                raise ConflictError(f"The account {account.subject!r} was changed meanwhile.")
            if self._subjects.get(account.name, account.subject) != account.subject:
                raise DuplicateError(f"The account name {account.name!r} is taken.")
            if stored is not None:
                del self._subjects[stored.name]
            saved = replace(account, version=account.version + 1)
            self._accounts[saved.subject] = saved
            self._subjects[saved.name] = saved.subject
            return saved

    @hookimpl
    def delete_account(self, subject: str) -> bool:
        with self._lock:
            account = self._accounts.pop(subject, None)
            if account is not None:
                del self._subjects[account.name]
            return account is not None

    @hookimpl
    def list_accounts(self, after: str | None, limit: int) -> Page[Account]:
        with self._lock:
            named = ((account.name, account) for account in self._accounts.values())
            return page_of(named, after, limit)

    @hookimpl
    def count_attempt(self, digest: str, window: int, now: int) -> int:
        with self._lock:
            closes_at, count = self._attempts.get(digest, (now, 0))
            if now >= closes_at:
                closes_at, count = now + window, 0
                self._deadlines.add(closes_at, digest)
            self._attempts[digest] = (closes_at, count + 1)
            return count + 1

    @hookimpl
    def purge_attempts(self, now: int, limit: int) -> Purged:
        with self._lock:
            return self._deadlines.purge(now, limit, self._end, self._attempts.__delitem__)

    def _end(self, digest: str) -> int | None:
        window = self._attempts.get(digest)
        return None if window is None else window[0]
