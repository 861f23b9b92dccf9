"""Grants and tokens on MySQL: a transaction where one statement will not do.

A statement that changes or locks a row waits for whoever holds it and then sees
what they committed. So a save announces its grant in a statement of its own, and
the next one locks that row and looks at the fences. What only decides an answer
is read first, outside of any transaction, and the conditional UPDATE is won or
the answer read again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Delete, Table, bindparam, delete, insert, or_, select, update

from oauthstore_core.errors import DuplicateError
from oauthstore_core.records import Claim, ClaimOutcome, Rotation, RotationOutcome

from ..announcing import AnnouncingWriter, bare_grant
from ..credentials import CredentialCall, SqlaCredentials, claiming
from ..engine import Session
from ..schema import grants, tokens
from ..statements import (
    OF_CURRENT,
    OF_GRANT,
    TokenStatements,
    brings_refresh,
    completion,
    droppable,
    family,
    fenced,
    its_grant,
    rotation,
    surplus,
)
from ..store import ATTEMPTS, Store, overtaken
from ..values import REFRESH
from ..writing import RotationCall, Write

__all__ = ["MysqlTokenWriter"]


class _Lost(Exception):  # noqa: N818 - no error: it rolls a transaction back
    """Another call was first."""


class MysqlTokenWriter(AnnouncingWriter):
    """Conditional UPDATEs, whose counts tell who won."""

    def __init__(self, store: Store, credentials: SqlaCredentials, sql: TokenStatements) -> None:
        super().__init__(store, credentials, sql)
        self._announcement = store.prepare(bare_grant(store))
        open_row = select(grants.c.grant_id).where(*_open()).with_for_update(read=True)
        self._lock_open = store.prepare(open_row)
        self._add_open = store.prepare(_add_open())
        self._complete = store.prepare(_complete())
        self._claim = store.prepare(claiming(bindparam("now")))
        self._add = store.prepare(store.insert(tokens))
        self._dropping = lru_cache(8)(
            lambda added: store.prepare(surplus(bindparam("grant_id"), store, added))
        )
        self._query_family = store.prepare(family(droppable(grants.c.grant_id)))
        self._rotate = store.prepare(rotation())
        self._delete = lru_cache(8)(lambda table, count: store.prepare(_delete(table, count)))

    def announced(self, write: Write) -> bool:
        try:
            self.store.count(self._announcement, write.values)
        except DuplicateError:
            return False
        return True

    def written(self, write: Write, *, fresh: bool) -> bool:
        if fresh and not write.completes and len(write.access) == 1:
            return self.store.count(self._add_open, write.values | write.access[0]) > 0
        return self.store.transact(lambda session: self._written(session, write, fresh=fresh))

    def _written(self, session: Session, write: Write, *, fresh: bool) -> bool:
        if not self._opened(session, write):
            return False
        self._add_access(session, write, drops=not fresh)
        return True

    def _opened(self, session: Session, write: Write) -> bool:
        """Lock the grant's row, complete it, and tell whether it lets tokens in."""
        if write.completes:
            return session.count(self._complete, write.values) > 0
        return bool(session.rows(self._lock_open, write.values))

    def _add_access(self, session: Session, write: Write, *, drops: bool) -> None:
        # In this order: a digest that exists is found out, also where its token is to be dropped.
        for values in write.access:
            session.count(self._add, values)
        if drops and write.looks:
            session.count(self._dropping(len(write.access)), write.numbered)

    def redeemed(self, call: CredentialCall, write: Write, *, fresh: bool) -> Claim:
        claim = self.credentials.judge(self.store, call)
        if claim.outcome is not ClaimOutcome.WON:
            return claim

        def redeem(session: Session) -> Claim:
            # The grant is locked first: two who redeem one credential meet there.
            if not self._opened(session, write) or not session.count(self._claim, call.values):
                raise _Lost
            self._add_access(session, write, drops=not fresh)
            return claim

        try:
            return self.store.transact(redeem)
        except _Lost:
            return self.lost(call, write)

    def rotate(self, call: RotationCall, write: Write) -> Rotation:
        for _ in range(ATTEMPTS):
            found = self.store.rows(self._query_family, write.values)
            row = found[0] if found else None
            judged = self.judged(self.store, call, row)
            if judged is not None or row is None:
                return judged or Rotation(RotationOutcome.MISSING)
            write.belongs_to(row[OF_GRANT.start])
            step = partial(self._rotated, write=write, drops=write.drops(row[-1]))
            if self.store.transact(step):
                token = REFRESH.record(row[OF_CURRENT], kind="refresh")
                return Rotation(RotationOutcome.WON, token)
        raise overtaken("rotation of a refresh token")

    def _rotated(self, session: Session, write: Write, *, drops: bool) -> bool:
        if not session.count(self._rotate, write.values):
            return False
        self._add_access(session, write, drops=drops)
        return True

    def remove(self, session: Session, grant_ids: Sequence[object]) -> None:
        ids = {f"id_{place}": grant_id for place, grant_id in enumerate(grant_ids)}
        for table in (tokens, grants):
            session.count(self._delete(table, len(grant_ids)), ids)


def _open() -> list[ColumnElement[bool]]:
    """Return when a grant lets tokens in."""
    return [its_grant, grants.c.revoked_at.is_(None), ~fenced(grants.c.granted_at)]


def _complete() -> Any:  # noqa: ANN401 - SQLAlchemy's UPDATE
    return (
        update(grants)
        .ordered_values(*completion().items())
        .where(*_open(), or_(~brings_refresh, grants.c.family.is_(None)))
    )


def _add_open() -> Any:  # noqa: ANN401 - SQLAlchemy's INSERT
    """Add one access token to a grant that lets it in, under the lock of the grant's row."""
    row = [bindparam(c.name, type_=c.type) for c in tokens.c]
    chosen = select(*row).where(*_open()).with_for_update(read=True)
    return insert(tokens).from_select([c.name for c in tokens.c], chosen)


def _delete(table: Table, count: int) -> Delete:
    ids: list[Any] = [bindparam(f"id_{place}") for place in range(count)]
    return delete(table).where(table.c.grant_id.in_(ids))
