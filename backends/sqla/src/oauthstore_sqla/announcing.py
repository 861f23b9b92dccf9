"""Saving where many write at once: announce the grant, look at the fences, write.

The announcement commits before the look, so that of a save and a revocation at
least one sees the other: the save the fence, or the sweep the grant. What the
save writes then, it writes under the lock of the grant's row, and a sweep that
comes meanwhile waits for it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import bindparam, delete, exists, select

from oauthstore_core.errors import StoreError, StoreUnavailableError
from oauthstore_core.records import Claim, ClaimOutcome, Purged

from .credentials import CredentialCall, SqlaCredentials
from .engine import Session, Values
from .schema import grants, tokens
from .statements import GRANT, TokenStatements, its_grant
from .store import ATTEMPTS, Store, due, overtaken
from .writing import TokenWriter, Write

__all__ = ["AnnouncingWriter", "bare_grant"]

T = TypeVar("T")


def bare_grant(store: Store) -> Any:  # noqa: ANN401 - each dialect has an Insert of its own
    """Return the INSERT of a grant without its refresh family."""
    values: dict[str, Any] = {c.name: bindparam(c.name) for c in GRANT if c is not grants.c.family}
    return store.insert(grants).values(values)


class _TakenBackError(Exception):
    """The grant was there, but another call, which had announced it, took it back."""


@dataclass(slots=True)
class _Announcement:
    #: Whether this call stored the grant's row; else it was there.
    fresh: bool
    in_vain: bool = False


class AnnouncingWriter(TokenWriter):
    """Saves and redeems in two steps, and leaves nothing of an announcement in vain."""

    def __init__(self, store: Store, credentials: SqlaCredentials, sql: TokenStatements) -> None:
        super().__init__(store, credentials, sql)
        self._lock = store.prepare(select(grants.c.grant_id).where(its_grant).with_for_update())
        in_use = exists().where(tokens.c.grant_id == bindparam("grant_id"))
        empty = (grants.c.revoked_at.is_(None), grants.c.saved.is_(None), ~in_use)
        self._forget = store.prepare(delete(grants).where(its_grant, *empty))
        ended = due(grants.c.keep_until)
        self._query_ended = store.prepare(ended)
        self._lock_ended = store.prepare(ended.with_for_update(skip_locked=True))

    @abstractmethod
    def announced(self, write: Write) -> bool:
        """Store the bare grant; tell whether it was not there."""

    @abstractmethod
    def written(self, write: Write, *, fresh: bool) -> bool:
        """Write the tokens under the grant, in one step; tell whether it let them in.

        A `fresh` grant was announced by this call, and has no tokens to drop.
        """

    @abstractmethod
    def redeemed(self, call: CredentialCall, write: Write, *, fresh: bool) -> Claim:
        """Claim and write in one step; `lost` tells what else there is to answer."""

    @abstractmethod
    def remove(self, session: Session, grant_ids: Sequence[object]) -> None:
        """Remove grants, whose rows the session has locked, with their tokens."""

    def save(self, write: Write) -> None:
        _until_it_stays(partial(self._save, write))

    def _save(self, write: Write) -> None:
        with self._announcing(write) as announcement:
            if not self.written(write, fresh=announcement.fresh):
                raise self.refusal(self.store, write.values)

    def redeem(self, call: CredentialCall, write: Write) -> Claim:
        return _until_it_stays(partial(self._redeem, call, write))

    def _redeem(self, call: CredentialCall, write: Write) -> Claim:
        with self._announcing(write) as announcement:
            claim = self.redeemed(call, write, fresh=announcement.fresh)
            announcement.in_vain = claim.outcome is not ClaimOutcome.WON
        return claim

    def lost(self, call: CredentialCall, write: Write) -> Claim:
        """Return what a redemption is told whose claim did not win; raise why it was refused."""
        claim = self.credentials.judge(self.store, call)
        if claim.outcome is ClaimOutcome.WON:
            raise self.refusal(self.store, write.values)
        return claim

    def unexplained(self, values: Values) -> Exception:
        # What is saved as revoked was not announced.
        revoked = values["revoked_at"] is not None
        return super().unexplained(values) if revoked else _TakenBackError()

    def purge_grants(self, now: int, limit: int) -> Purged:
        values = {"now": now, "limit": limit}

        def purge(session: Session) -> int:
            # What another runner, or a writer, holds is left to it. What was added until the rows
            # were locked is seen by a statement that begins later.
            ended = [row[0] for row in session.rows(self._lock_ended, values)]
            if ended:
                self.remove(session, ended)
            return len(ended)

        count = self.store.transact(purge)
        more = count >= limit and bool(self.store.rows(self._query_ended, values | {"limit": 1}))
        return Purged(count, more)

    @contextmanager
    def _announcing(self, write: Write) -> Generator[_Announcement, None, None]:
        # A grant that is revoked already is not announced, for nothing will be written.
        fresh = write.values["revoked_at"] is None and self.announced(write)
        announcement = _Announcement(fresh)
        try:
            yield announcement
        except StoreUnavailableError:
            # It is unknown whether the tokens were written: the grant stays.
            raise
        except StoreError:
            announcement.in_vain = True
            raise
        finally:
            if fresh and announcement.in_vain:
                self._take_back(write)

    def _take_back(self, write: Write) -> None:
        """Remove the announcement of this call, unless somebody has used it meanwhile."""

        def work(session: Session) -> None:
            # What others wrote while they held the row is seen by a statement that begins later.
            session.rows(self._lock, write.values)
            session.count(self._forget, write.values)

        self.store.transact(work)


def _until_it_stays(save: Callable[[], T]) -> T:
    """Save anew where another call took the announcement back that this one relied on."""
    for _ in range(ATTEMPTS):
        try:
            return save()
        except _TakenBackError:
            continue
    raise overtaken("save under a grant")
