"""The statements on grants, tokens and fences that all databases share, and their parts."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Delete,
    Insert,
    Integer,
    ScalarSelect,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from oauthstore_core.records import TokenState

from .engine import Statement
from .schema import fences, grants, tokens
from .store import Store

__all__ = [
    "CURRENT",
    "GRANT",
    "OF_CURRENT",
    "OF_GRANT",
    "OF_PREVIOUS",
    "OF_SEALED",
    "OF_TOKEN",
    "PREVIOUS",
    "TokenStatements",
    "brings_refresh",
    "completion",
    "droppable",
    "family",
    "fenced",
    "its_grant",
    "rotation",
    "surplus",
]

GRANT: Final = tuple(grants.c)[:8]
CURRENT: Final = tuple(c for c in grants.c if c.name.startswith("current_"))
PREVIOUS: Final = tuple(c for c in grants.c if c.name.startswith("previous_"))
_TOKEN: Final = tuple(tokens.c)[:8]

#: Where in the rows of `query_token` and `family` what is found.
OF_TOKEN: Final = slice(0, 8)
OF_GRANT: Final = slice(0, 8)
OF_CURRENT: Final = slice(8, 15)
OF_PREVIOUS: Final = slice(15, 21)
OF_SEALED: Final = 21

its_grant: Final = grants.c.grant_id == bindparam("grant_id")
#: Whether a refresh token is saved. Not of the digest itself: what is NULL has no type.
brings_refresh: Final = bindparam("brings_refresh", type_=Integer()) == 1


class TokenStatements:
    """What every token store asks, compiled for a store."""

    def __init__(self, store: Store) -> None:
        its_digest = tokens.c.digest == bindparam("digest")

        self.query_standing = store.prepare(
            select(grants.c.revoked_at, grants.c.family, fenced(grants.c.granted_at)).where(
                its_grant
            )
        )
        self.query_token = store.prepare(
            select(*_TOKEN, *GRANT)
            .join_from(tokens, grants, tokens.c.grant_id == grants.c.grant_id)
            .where(its_digest)
        )
        self.query_family = store.prepare(family())
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
        self.revoke_grant = store.prepare(_revoke_grant(store))
        self.raise_fence = store.prepare(_raise_fence(store))
        self._sweep = {scope: store.prepare(_sweep(*scope)) for scope in _SCOPES[1:]}
        self._list = {scope: store.prepare(_list(*scope)) for scope in _SCOPES}

    def sweep(self, client_id: str | None, subject: str | None) -> Statement:
        """Return the statement that revokes every grant in range."""
        return self._sweep[client_id is not None, subject is not None]

    def page(self, client_id: str | None, subject: str | None) -> Statement:
        """Return the statement that lists the live grants in range."""
        return self._list[client_id is not None, subject is not None]


#: Whether a client is given, and whether a subject is.
_SCOPES: Final = ((False, False), (False, True), (True, False), (True, True))


def family(*more: ColumnElement[Any]) -> Select[Any]:
    """Select a refresh family with its grant."""
    columns = (*GRANT, *CURRENT, *PREVIOUS, grants.c.sealed_response, *more)
    return select(*columns).where(grants.c.family == bindparam("family"))


def fenced(granted_at: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether a fence stands over the grant that is being saved."""
    scopes: list[Any] = [
        bindparam(name) for name in ("client_scope", "subject_scope", "both_scope")
    ]
    return exists().where(fences.c.scope.in_(scopes), fences.c.at >= granted_at)


def completion() -> dict[Any, Any]:
    """Return what a save changes of a grant's row: its refresh family, once, and that it is."""
    changes: dict[Any, Any] = {
        c: case((brings_refresh, bindparam(c.name, type_=c.type)), else_=c) for c in CURRENT
    }
    added = bindparam("family", type_=grants.c.family.type)
    return {grants.c.family: func.coalesce(grants.c.family, added), **changes, grants.c.saved: 1}


def _access_with_expiry(grant_id: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(
        tokens.c.grant_id == grant_id,
        tokens.c.kind == "access",
        tokens.c.expires_at.is_not(None),
    )


def droppable(grant_id: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Count the grant's access tokens, and `keep` more if one of them has expired."""
    some_expired = func.min(tokens.c.expires_at) <= bindparam("latest")
    count = func.count() + case((some_expired, bindparam("keep")), else_=0)
    return select(count).where(_access_with_expiry(grant_id)).scalar_subquery()


def surplus(grant_id: ColumnElement[Any], store: Store, added: int = 0) -> Delete:
    """Drop what has expired, and the oldest beyond `room`; as `judgement.surplus_tokens`.

    So many of the tokens were `added` before, and are not to be counted; see `Write.numbered`.
    """
    new: list[Any] = [bindparam(f"added_{place}_digest") for place in range(added)]
    stored = [_access_with_expiry(grant_id), *([tokens.c.digest.not_in(new)] if new else [])]
    oldest = (
        select(tokens.c.digest)
        .where(*stored, tokens.c.expires_at > bindparam("latest"))
        .order_by(tokens.c.issued_at.desc(), tokens.c.digest.desc())
        .offset(bindparam("room"))
    )
    return delete(tokens).where(
        *stored,
        or_(
            tokens.c.expires_at <= bindparam("latest"),
            tokens.c.digest.in_(store.subquery(oldest)),
        ),
    )


def rotation() -> Update:
    """Move the current token to its predecessor's place, if it is the one that was presented."""
    now: ColumnElement[int] = bindparam("now")
    return (
        update(grants)
        # In this order also where a database sees the columns that it has assigned already.
        .ordered_values(
            *((c, _current_beside(c)) for c in PREVIOUS if c is not grants.c.previous_rotated_at),
            (grants.c.previous_rotated_at, now),
            *((c, bindparam(c.name)) for c in CURRENT),
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
    )


def _current_beside(previous: ColumnElement[Any]) -> ColumnElement[Any]:
    return grants.c[str(previous.key).replace("previous_", "current_")]


def _revoke_grant(store: Store) -> Insert:
    """Revoke the grant, or leave a tombstone where it is to be saved."""
    new = store.insert(grants).values(
        grant_id=bindparam("grant_id"),
        client_id="",
        granted_at=0,
        keep_until=bindparam("keep_until"),
        revoked_at=bindparam("now"),
        payload="{}",
    )
    return store.upsert(
        new,
        [grants.c.grant_id],
        lambda added: {
            "revoked_at": func.coalesce(grants.c.revoked_at, added.revoked_at),
            "keep_until": func.coalesce(grants.c.keep_until, added.keep_until),
        },
    )


def _raise_fence(store: Store) -> Insert:
    def higher(added: Any) -> dict[str, ColumnElement[Any]]:  # noqa: ANN401 - columns by name
        return {
            name: case((fences.c[name] < added[name], added[name]), else_=fences.c[name])
            for name in ("at", "keep_until")
        }

    return store.upsert(store.insert(fences), [fences.c.scope], higher)


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
        select(*GRANT)
        .where(*_in_range(client, subject), grants.c.grant_id >= bindparam("start"))
        .order_by(grants.c.grant_id)
        .limit(bindparam("limit"))
    )
