"""The statements on grants, tokens and fences; the verbs that run them are in `tokens`."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    ScalarSelect,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from oauthstore_core.records import TokenState

from .engine import Statement, Store
from .purging import due
from .schema import fences, grants, tokens
from .sqlite import insert

__all__ = ["OF_CURRENT", "OF_GRANT", "OF_PREVIOUS", "OF_SEALED", "OF_TOKEN", "TokenStatements"]

_GRANT: Final = tuple(grants.c)[:8]
_CURRENT: Final = tuple(c for c in grants.c if c.name.startswith("current_"))
_PREVIOUS: Final = tuple(c for c in grants.c if c.name.startswith("previous_"))
_TOKEN: Final = tuple(tokens.c)[:8]

#: Where in the rows of `query_token` and `query_family` what is found.
OF_TOKEN: Final = slice(0, 8)
OF_GRANT: Final = slice(0, 8)
OF_CURRENT: Final = slice(8, 15)
OF_PREVIOUS: Final = slice(15, 21)
OF_SEALED: Final = 21


class TokenStatements:
    """Every statement of the token store, compiled for a store."""

    def __init__(self, store: Store) -> None:
        its_grant = grants.c.grant_id == bindparam("grant_id")
        its_digest = tokens.c.digest == bindparam("digest")
        its_family = grants.c.family == bindparam("family")

        self.announce = store.prepare(_announce())
        self.query_revoked = store.prepare(select(grants.c.revoked_at).where(its_grant))
        self.add_token = store.prepare(insert(tokens))
        self.drop_surplus = store.prepare(_drop_surplus())
        self.query_token = store.prepare(
            select(*_TOKEN, *_GRANT)
            .join_from(tokens, grants, tokens.c.grant_id == grants.c.grant_id)
            .where(its_digest)
        )
        self.query_family = store.prepare(
            select(*_GRANT, *_CURRENT, *_PREVIOUS, grants.c.sealed_response).where(its_family)
        )
        self.rotate = store.prepare(_rotate())
        self.revoke_live = store.prepare(
            update(grants)
            .values(revoked_at=bindparam("now"))
            .where(its_grant, grants.c.revoked_at.is_(None))
        )
        self.revoke_token = store.prepare(
            update(tokens)
            .values(state=TokenState.REVOKED.value)
            .where(its_digest, tokens.c.grant_id == bindparam("grant_id"))
        )
        self.revoke_grant = store.prepare(_revoke_grant())
        self.raise_fence = store.prepare(_raise_fence())
        self._sweep = {scope: store.prepare(_sweep(*scope)) for scope in _SCOPES[1:]}
        self._list = {scope: store.prepare(_list(*scope)) for scope in _SCOPES}
        ended = due(grants.c.keep_until, grants.c.grant_id).order_by(grants.c.grant_id)
        self.purge_tokens = store.prepare(delete(tokens).where(tokens.c.grant_id.in_(ended)))
        self.purge_grants = store.prepare(delete(grants).where(grants.c.grant_id.in_(ended)))
        self.query_ended = store.prepare(ended)

    def sweep(self, client_id: str | None, subject: str | None) -> Statement:
        """Return the statement that revokes every grant in range."""
        return self._sweep[client_id is not None, subject is not None]

    def page(self, client_id: str | None, subject: str | None) -> Statement:
        """Return the statement that lists the live grants in range."""
        return self._list[client_id is not None, subject is not None]


#: Whether a client is given, and whether a subject is.
_SCOPES: Final = ((False, False), (False, True), (True, False), (True, True))


def _announce() -> ReturningInsert[Any]:
    """Create the grant unless it is fenced, or add to it unless it is revoked."""
    names = [*_GRANT, *_CURRENT]
    row = select(*[bindparam(c.name, type_=c.type) for c in names]).where(
        or_(
            and_(bindparam("revoked_at", type_=grants.c.revoked_at.type).is_(None), ~_fenced()),
            exists().where(grants.c.grant_id == bindparam("grant_id")),
        )
    )
    new = insert(grants).from_select([c.name for c in names], row)
    brings_refresh = new.excluded.current_digest.is_not(None)
    changes: dict[Any, Any] = {
        c.name: case((brings_refresh, new.excluded[c.name]), else_=c) for c in _CURRENT
    }
    changes["family"] = func.coalesce(grants.c.family, new.excluded.family)
    return new.on_conflict_do_update(
        index_elements=[grants.c.grant_id],
        set_=changes,
        where=and_(
            grants.c.revoked_at.is_(None),
            or_(new.excluded.current_digest.is_(None), grants.c.family.is_(None)),
        ),
    ).returning(_droppable(bindparam("grant_id")))


def _fenced() -> ColumnElement[bool]:
    client: ColumnElement[str] = bindparam("client_scope")
    subject: ColumnElement[str] = bindparam("subject_scope")
    return exists().where(
        or_(
            and_(fences.c.client_scope == client, fences.c.subject_scope == ""),
            and_(fences.c.client_scope == client, fences.c.subject_scope == subject),
            and_(fences.c.client_scope == "", fences.c.subject_scope == subject),
        ),
        fences.c.at >= bindparam("granted_at"),
    )


def _access_with_expiry(grant_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(
        tokens.c.grant_id == grant_id,
        tokens.c.kind == "access",
        tokens.c.expires_at.is_not(None),
    )


def _droppable(grant_id: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Count the grant's access tokens, and `keep` more if one of them has expired."""
    some_expired = func.min(tokens.c.expires_at) <= bindparam("latest")
    count = func.count() + case((some_expired, bindparam("keep")), else_=0)
    return select(count).where(_access_with_expiry(grant_id)).scalar_subquery()


def _drop_surplus() -> Delete:
    """Drop what has expired, and the oldest beyond `room`; as `judgement.surplus_tokens`."""
    its_access = _access_with_expiry(bindparam("grant_id"))
    surplus = (
        select(tokens.c.digest)
        .where(its_access, tokens.c.expires_at > bindparam("latest"))
        .order_by(tokens.c.issued_at.desc(), tokens.c.digest.desc())
        .offset(bindparam("room"))
    )
    return delete(tokens).where(
        its_access,
        or_(tokens.c.expires_at <= bindparam("latest"), tokens.c.digest.in_(surplus)),
    )


def _rotate() -> ReturningUpdate[Any]:
    """Move the current token to its predecessor's place, if it is the one that was presented."""
    now: ColumnElement[int] = bindparam("now")
    return (
        update(grants)
        # In this order also where a database sees the columns that it has assigned already.
        .ordered_values(
            *((c, _current_beside(c)) for c in _PREVIOUS if c is not grants.c.previous_rotated_at),
            (grants.c.previous_rotated_at, now),
            *((c, bindparam(c.name)) for c in _CURRENT),
            (grants.c.sealed_response, bindparam("sealed_response")),
        )
        .where(
            grants.c.family == bindparam("family"),
            grants.c.client_id == bindparam("client_id"),
            grants.c.current_digest == bindparam("presented"),
            grants.c.revoked_at.is_(None),
            or_(grants.c.keep_until.is_(None), grants.c.keep_until > now),
            or_(grants.c.current_expires_at.is_(None), grants.c.current_expires_at > now),
        )
        # SQLAlchemy strips the table from a column in RETURNING on SQLite, also within a
        # subquery, where `grant_id` would mean the tokens' own.
        .returning(
            grants.c.grant_id, _droppable(literal_column(f"{grants.name}.grant_id")), *_PREVIOUS
        )
    )


def _current_beside(previous: ColumnElement[Any]) -> ColumnElement[Any]:
    return grants.c[str(previous.key).replace("previous_", "current_")]


def _revoke_grant() -> Insert:
    """Revoke the grant, or leave a tombstone where it is to be saved."""
    new = insert(grants).values(
        grant_id=bindparam("grant_id"),
        client_id="",
        granted_at=0,
        keep_until=bindparam("keep_until"),
        revoked_at=bindparam("now"),
        payload="{}",
    )
    return new.on_conflict_do_update(
        index_elements=[grants.c.grant_id],
        set_={
            "revoked_at": func.coalesce(grants.c.revoked_at, new.excluded.revoked_at),
            "keep_until": func.coalesce(grants.c.keep_until, new.excluded.keep_until),
        },
        where=or_(grants.c.revoked_at.is_(None), grants.c.keep_until.is_(None)),
    )


def _raise_fence() -> Insert:
    new = insert(fences)
    return new.on_conflict_do_update(
        index_elements=[fences.c.client_scope, fences.c.subject_scope],
        set_={
            name: case(
                (fences.c[name] < new.excluded[name], new.excluded[name]), else_=fences.c[name]
            )
            for name in ("at", "keep_until")
        },
    )


def _in_range(client: bool, subject: bool) -> list[ColumnElement[bool]]:  # noqa: FBT001
    conditions: list[ColumnElement[bool]] = [grants.c.revoked_at.is_(None)]
    if client:
        conditions.append(grants.c.client_id == bindparam("client_id"))
    if subject:
        conditions.append(grants.c.subject == bindparam("subject"))
    return conditions


def _sweep(client: bool, subject: bool) -> Update:  # noqa: FBT001
    return (
        update(grants)
        .values(
            revoked_at=bindparam("now"),
            keep_until=func.coalesce(grants.c.keep_until, bindparam("keep_until")),
        )
        .where(*_in_range(client, subject))
    )


def _list(client: bool, subject: bool) -> Select[Any]:  # noqa: FBT001
    return (
        select(*_GRANT)
        .where(*_in_range(client, subject), grants.c.grant_id >= bindparam("start"))
        .order_by(grants.c.grant_id)
        .limit(bindparam("limit"))
    )
