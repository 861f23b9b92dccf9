"""Grants and tokens on PostgreSQL: a statement that commits itself, wherever one will do.

At READ COMMITTED a statement sees what was committed before it began, and of a
row that it locks the latest version. So a save announces its grant in a
statement of its own, and the next one locks that row, looks at the fences and
writes. A revocation whose fence that look did not see finds the announced grant,
and waits for its row; one that was first has marked it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    any_,
    bindparam,
    delete,
    exists,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from oauthstore_core.records import Claim, Rotation, RotationOutcome, TokenState

from ..announcing import AnnouncingWriter, bare_grant
from ..credentials import CredentialCall, SqlaCredentials, claiming, won
from ..engine import Session, Statement
from ..schema import credentials, grants, tokens
from ..statements import (
    PREVIOUS,
    TokenStatements,
    brings_refresh,
    completion,
    fenced,
    its_grant,
    rotation,
    surplus,
)
from ..store import ATTEMPTS, Store, overtaken
from ..writing import RotationCall, Write, predecessor

__all__ = ["PostgresqlTokenWriter"]


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a write consists of; there is a statement for each shape."""

    #: Whether the grant's row is changed; see `Write.completes`.
    completes: bool
    #: How many access tokens are added.
    adds: int
    #: Whether access tokens are dropped that the grant no longer keeps.
    drops: bool

    @classmethod
    def of(cls, write: Write, *, fresh: bool) -> _Shape:
        return cls(write.completes, len(write.access), write.looks and not fresh)


class PostgresqlTokenWriter(AnnouncingWriter):
    """Each step is one statement with data-modifying CTEs."""

    def __init__(self, store: Store, credentials: SqlaCredentials, sql: TokenStatements) -> None:
        super().__init__(store, credentials, sql)
        self._announcement = store.prepare(bare_grant(store).on_conflict_do_nothing())
        self._remove = store.prepare(_remove())
        self._saving = cache(lambda shape: store.prepare(_save(shape, store)))
        self._redeeming = cache(lambda shape: store.prepare(_redeem(shape, store)))
        self._rotating = cache(lambda adds: store.prepare(_rotate(adds, store)))

    def announced(self, write: Write) -> bool:
        return self.store.count(self._announcement, write.values) > 0

    def written(self, write: Write, *, fresh: bool) -> bool:
        saving: Statement = self._saving(_Shape.of(write, fresh=fresh))
        return bool(self.store.rows(saving, write.numbered))

    def redeemed(self, call: CredentialCall, write: Write, *, fresh: bool) -> Claim:
        redeeming: Statement = self._redeeming(_Shape.of(write, fresh=fresh))
        rows = self.store.rows(redeeming, write.numbered | call.values)
        return won(rows[0]) if rows else self.lost(call, write)

    def rotate(self, call: RotationCall, write: Write) -> Rotation:
        rotating: Statement = self._rotating(len(write.access))
        for _ in range(ATTEMPTS):
            rows = self.store.rows(rotating, write.numbered)
            if rows:
                token = predecessor(rows[0])
                assert token is not None  # noqa: S101 - for the type checkers
                before = replace(token, state=TokenState.ACTIVE, rotated_at=None)
                return Rotation(RotationOutcome.WON, before)
            found = self.store.rows(self.sql.query_family, write.values)
            judged = self.judged(self.store, call, found[0] if found else None)
            if judged is not None:
                return judged
        raise overtaken("rotation of a refresh token")

    def remove(self, session: Session, grant_ids: Sequence[object]) -> None:
        session.count(self._remove, {"grant_ids": grant_ids})


# --- the statements ---


def _save(shape: _Shape, store: Store) -> Select[Any]:
    if shape.completes:
        conditions = _open(completes=True)
        change = update(grants).ordered_values(*completion().items()).where(*conditions)
        kept = change.returning(grants.c.grant_id).cte("kept")
    else:
        kept = _locked(completes=False)
    return _with_tokens(select(kept), kept, shape, store)


def _redeem(shape: _Shape, store: Store) -> Select[Any]:
    # The grant is locked first: two who redeem one credential meet there.
    kept = _locked(completes=shape.completes)
    claim = claiming(bindparam("now")).where(exists(select(kept.c.grant_id)))
    claimed = claim.returning(*credentials.c).cte("claimed")
    answer: Select[Any] = select(claimed)
    if shape.completes:
        change = update(grants).ordered_values(*completion().items())
        completed = change.where(its_grant, exists(select(claimed.c.digest)))
        answer = answer.add_cte(completed.cte("completed"))
    return _with_tokens(answer, claimed, shape, store)


def _rotate(adds: int, store: Store) -> Select[Any]:
    rotated = rotation().returning(*PREVIOUS, grants.c.grant_id).cte("rotated")
    shape = _Shape(completes=True, adds=adds, drops=True)
    before: Select[Any] = select(*(rotated.c[c.name] for c in PREVIOUS))
    return _with_tokens(before, rotated, shape, store, rotated.c.grant_id)


def _locked(*, completes: bool) -> CTE:
    # Savers that add but access tokens share the row; a sweep, which changes it, waits.
    its_row = select(grants.c.grant_id).where(*_open(completes=completes))
    lock = (
        its_row.with_for_update(key_share=True) if completes else its_row.with_for_update(read=True)
    )
    return lock.cte("kept")


def _open(*, completes: bool) -> list[ColumnElement[bool]]:
    """Return when a grant lets tokens in."""
    conditions = [its_grant, grants.c.revoked_at.is_(None), ~fenced(grants.c.granted_at)]
    if completes:
        conditions.append(or_(~brings_refresh, grants.c.family.is_(None)))
    return conditions


def _with_tokens(
    answer: Select[Any],
    gate: CTE,
    shape: _Shape,
    store: Store,
    grant_id: ColumnElement[Any] | None = None,
) -> Select[Any]:
    """Drop and add tokens where the gate yields a row, and answer."""
    under = bindparam("grant_id", type_=grants.c.grant_id.type) if grant_id is None else grant_id
    names = [c.name for c in tokens.c]
    done: list[ColumnElement[bool]] = []
    for place in range(shape.adds):
        row = [
            under if c is tokens.c.grant_id else bindparam(f"added_{place}_{c.name}", type_=c.type)
            for c in tokens.c
        ]
        insertion = insert(tokens).from_select(names, select(*row).select_from(gate))
        added = insertion.returning(tokens.c.digest).cte(f"added_{place}")
        answer = answer.add_cte(added)
        # What depends on it comes after it: a digest that exists is found out, also where its
        # token is to be dropped.
        done.append(exists(select(added.c.digest)))
    if shape.drops:
        its = select(under).select_from(gate).scalar_subquery()
        answer = answer.add_cte(surplus(its, store).where(*done).cte("dropped"))
    return answer


def _remove() -> Any:  # noqa: ANN401 - SQLAlchemy's DELETE
    ids = any_(bindparam("grant_ids", type_=ARRAY(Text())))
    dropped = delete(tokens).where(tokens.c.grant_id == ids).cte("dropped")
    return delete(grants).where(grants.c.grant_id == ids).add_cte(dropped)
