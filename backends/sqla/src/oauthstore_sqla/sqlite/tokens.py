"""Grants and tokens on SQLite: each verb is a transaction.

There is one writer at a time, so the look at the fences holds until the commit,
and a revocation waits for it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from oauthstore_core.records import (
    Claim,
    ClaimOutcome,
    Purged,
    Rotation,
    RotationOutcome,
    Token,
    TokenState,
)

from ..credentials import CredentialCall, SqlaCredentials
from ..engine import Row, Session
from ..schema import grants, tokens
from ..statements import (
    CURRENT,
    GRANT,
    PREVIOUS,
    TokenStatements,
    droppable,
    fenced,
    rotation,
    surplus,
)
from ..store import Store, due, overtaken
from ..writing import RotationCall, TokenWriter, Write, predecessor

__all__ = ["SqliteTokenWriter"]


class SqliteTokenWriter(TokenWriter):
    """Between BEGIN IMMEDIATE and COMMIT, with as few statements as it takes."""

    def __init__(self, store: Store, credentials: SqlaCredentials, sql: TokenStatements) -> None:
        super().__init__(store, credentials, sql)
        self._announce = store.prepare(_announce(store))
        self._add = store.prepare(store.insert(tokens))
        self._dropping = lru_cache(8)(
            lambda added: store.prepare(surplus(bindparam("grant_id"), store, added))
        )
        # SQLAlchemy strips the table from a column in RETURNING on SQLite, also within a
        # subquery, where `grant_id` would mean the tokens' own.
        held = droppable(literal_column(f"{grants.name}.grant_id"))
        self._rotate = store.prepare(rotation().returning(grants.c.grant_id, held, *PREVIOUS))
        ended = due(grants.c.keep_until)
        self._purge_tokens = store.prepare(delete(tokens).where(tokens.c.grant_id.in_(ended)))
        self._purge_grants = store.prepare(delete(grants).where(grants.c.grant_id.in_(ended)))
        self._query_ended = store.prepare(ended)

    def save(self, write: Write) -> None:
        self.store.transact(lambda session: self._save(session, write))

    def redeem(self, call: CredentialCall, write: Write) -> Claim:
        def redeem(session: Session) -> Claim:
            claim = self.credentials.claim(session, call)
            if claim.outcome is ClaimOutcome.WON:
                self._save(session, write)
            return claim

        return self.store.transact(redeem)

    def _save(self, session: Session, write: Write) -> None:
        announced = session.rows(self._announce, write.values)
        if not announced:
            raise self.refusal(session, write.values)
        self._add_access(session, write, announced[0][0])

    def _add_access(self, session: Session, write: Write, held: int) -> None:
        # In this order: a digest that exists is found out, also where its token is to be dropped.
        for values in write.access:
            session.count(self._add, values)
        if write.drops(held):
            session.count(self._dropping(len(write.access)), write.numbered)

    def rotate(self, call: RotationCall, write: Write) -> Rotation:
        def rotate(session: Session) -> Rotation:
            rows = session.rows(self._rotate, write.values)
            if rows:
                return Rotation(RotationOutcome.WON, self._rotated(session, write, rows[0]))
            found = session.rows(self.sql.query_family, write.values)
            judged = self.judged(session, call, found[0] if found else None)
            if judged is None:
                raise overtaken("rotation of a refresh token")
            return judged

        return self.store.transact(rotate)

    def _rotated(self, session: Session, write: Write, row: Row) -> Token:
        grant_id, held, *presented = row
        write.belongs_to(grant_id)
        self._add_access(session, write, held)
        token = predecessor(presented)
        assert token is not None  # noqa: S101 - for the type checkers
        return replace(token, state=TokenState.ACTIVE, rotated_at=None)

    def purge_grants(self, now: int, limit: int) -> Purged:
        values = {"now": now, "limit": limit}

        def purge(session: Session) -> Purged:
            session.count(self._purge_tokens, values)
            count = session.count(self._purge_grants, values)
            more = count >= limit and bool(session.rows(self._query_ended, {**values, "limit": 1}))
            return Purged(count, more)

        return self.store.transact(purge)


def _announce(store: Store) -> Any:  # noqa: ANN401 - SQLAlchemy's INSERT of the dialect
    """Create the grant unless it is fenced, or add to it unless it is revoked."""
    names = [*GRANT, *CURRENT]
    row = select(*[bindparam(c.name, type_=c.type) for c in names]).where(
        or_(
            and_(
                bindparam("revoked_at", type_=grants.c.revoked_at.type).is_(None),
                ~fenced(bindparam("granted_at")),
            ),
            exists().where(grants.c.grant_id == bindparam("grant_id")),
        )
    )
    new = store.insert(grants).from_select([c.name for c in names], row)
    brings_refresh = new.excluded.current_digest.is_not(None)
    changes: dict[Any, Any] = {
        c.name: case((brings_refresh, new.excluded[c.name]), else_=c) for c in CURRENT
    }
    changes["family"] = func.coalesce(grants.c.family, new.excluded.family)
    return new.on_conflict_do_update(
        index_elements=[grants.c.grant_id],
        set_=changes,
        where=and_(
            grants.c.revoked_at.is_(None),
            or_(new.excluded.current_digest.is_(None), grants.c.family.is_(None)),
        ),
    ).returning(droppable(bindparam("grant_id")))
