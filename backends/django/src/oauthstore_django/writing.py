"""What writes grants and tokens: each verb is one transaction, the same on every database.

The row of a grant is its lock, its fence and its announcement. Saving, rotating
and sweeping meet on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, TypeVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from oauthstore_core import records
from oauthstore_core.errors import DuplicateError, GrantRevokedError
from oauthstore_core.judgement import judge_rotation, surplus_tokens
from oauthstore_core.records import (
    Claim,
    ClaimOutcome,
    Purged,
    Rotation,
    RotationOutcome,
    TokenState,
)

from .connections import OwnConnection
from .credentials import CredentialCall, claim
from .fields import DigestField, IdentifierField
from .models import Fence, Grant, Token, columns_of
from .statements import (
    changed,
    first,
    inserted_all,
    insertion,
    looked_up,
    removed,
    stored,
    table,
)
from .store import ATTEMPTS, Store, overtaken

__all__ = ["RotationCall", "TokenWriter", "Write", "scope"]

T = TypeVar("T")

_IDENTIFIER: Final = IdentifierField()
_DIGEST: Final = DigestField()
#: Of a refresh token, in columns of its grant.
_REFRESH: Final = ("digest", "issued_at", "expires_at", "generation", "rotated_at", "payload")
#: A purge names so many grants in a statement at most.
_MOST: Final = 10_000


def scope(client_id: str | None, subject: str | None) -> str:
    """Return the key of a fence: no pair of names can look like another, or like one name."""
    parts = [
        b"-" if name is None else b"=" + str(_IDENTIFIER.get_prep_value(name)).encode()
        for name in (client_id, subject)
    ]
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


class Write:
    """What a save or a rotation writes, prepared before the database is asked."""

    def __init__(self, tokens: Sequence[records.Token], keep: int) -> None:
        """Take the tokens; a grant keeps that many live access tokens."""
        surplus = {token.digest for token in surplus_tokens((), tokens, keep)}
        #: The refresh token to become current, if any.
        self.refresh = next((t for t in reversed(tokens) if t.kind == "refresh"), None)
        self.others = [t for t in tokens if t.kind != "refresh" and t.digest not in surplus]
        counted = [t for t in self.others if t.kind == "access" and t.expires_at is not None]
        #: How many access tokens the grant keeps of those that it has.
        self.room = max(0, keep - len(counted))
        #: When these tokens were issued: what had expired by then is dropped.
        self.latest = max((token.issued_at for token in tokens), default=0)
        #: What `HELD` is asked with.
        self.limits = (self.latest, keep)
        self._looks = len(tokens) > 0

    @property
    def current(self) -> dict[str, Any]:
        """The columns of the refresh token that becomes current."""
        if self.refresh is None:
            return {}
        values = {f"current_{name}": getattr(self.refresh, name) for name in _REFRESH}
        return {**values, "current_state": self.refresh.state.value}

    def drops(self, held: int) -> bool:
        """Tell whether a grant that holds so many access tokens has some to drop."""
        return self._looks and held > self.room


@dataclass(frozen=True, slots=True)
class RotationCall:
    """A refresh token that is presented."""

    family: str
    digest: str
    client_id: str
    #: The digest of the refresh token to come.
    successor: str
    sealed_response: bytes | None
    now: int
    grace: int


class TokenWriter:
    """The verbs that write grants and tokens."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(self, grant: records.Grant, write: Write) -> None:
        """Do what `save_token` promises."""
        self._transact(lambda lent: self._save(lent, grant, write))

    def redeem(self, call: CredentialCall, grant: records.Grant, write: Write) -> Claim:
        """Do what `redeem_credential` promises."""

        def redeem(lent: OwnConnection) -> Claim:
            claimed = claim(lent, call)
            if claimed.outcome is ClaimOutcome.WON:
                self._save(lent, grant, write)
            return claimed

        return self._transact(redeem)

    def _transact(self, work: Callable[[OwnConnection], T]) -> T:
        try:
            return self._store.transact(work)
        except DuplicateError:
            # On PostgreSQL, two who save a new grant at once may meet on its family before they
            # meet on its key. By now it is there, and can be added to.
            return self._store.transact(work)

    def _save(self, lent: OwnConnection, grant: records.Grant, write: Write) -> None:
        scopes = _scopes(grant)
        self._store.engine.announce(lent, scopes)
        row = Grant(**columns_of(grant), **write.current)
        head, marks, values = insertion(row, lent)
        may_be_new, fences = _may_be_new(scopes, grant)
        written = lent.rows(
            f"{head} SELECT {marks} WHERE {may_be_new} OR EXISTS ({_ITS_ROW})"
            f' ON CONFLICT ("grant_id") DO UPDATE {_ADD} RETURNING {_HELD}',
            [*values, *fences, _IDENTIFIER.get_prep_value(row.grant_id), *write.limits],
        )
        if not written:
            raise _refusal(lent, row, scopes)
        ((held,),) = written
        _add(lent, grant.grant_id, held, write)

    def rotate(self, call: RotationCall, write: Write) -> Rotation:
        """Do what `rotate_refresh_token` promises."""

        def rotate(lent: OwnConnection) -> Rotation:
            for _ in range(ATTEMPTS):
                rotated = first(
                    changed(
                        _rotatable(lent, call),
                        lent,
                        _rotation(call, write),
                        f"*, {_HELD}",
                        write.limits,
                    )
                )
                if rotated is not None:
                    return _won(lent, rotated, write)
                judged = _judged(lent, call)
                if judged is not None:
                    return judged
            raise overtaken("rotation of a refresh token")

        return self._store.transact(rotate)

    def purge_grants(self, now: int, limit: int) -> Purged:
        """Remove up to `limit` grants that have ended, with their tokens."""

        def purge(lent: OwnConnection) -> int:
            # What another runner, or a writer, holds is left to it. What was added until the rows
            # were locked is seen by a statement that begins later.
            due = _ended(lent, now).select_for_update(skip_locked=True)
            ended = list(due.values_list("pk", flat=True)[:most])
            if ended:
                removed(stored(Token, lent).filter(grant_id__in=ended), lent)
                removed(stored(Grant, lent).filter(pk__in=ended), lent)
            return len(ended)

        most = min(limit, _MOST)
        count = self._store.transact(purge) if most > 0 else 0
        more = count >= most and self._store.read(lambda lent: _ended(lent, now).exists())
        return Purged(count, more)


# --- saving ---


def _scopes(grant: records.Grant) -> list[str]:
    """Return the scopes of all fences in whose range the grant lies."""
    if grant.subject is None:
        return [scope(grant.client_id, None)]
    pairs = ((grant.client_id, None), (None, grant.subject), (grant.client_id, grant.subject))
    return [scope(*pair) for pair in pairs]


def _may_be_new(scopes: Sequence[str], grant: records.Grant) -> tuple[str, list[Any]]:
    """Return the condition under which a grant is stored that is not there, and its values."""
    if grant.revoked_at is not None:
        return "1 = 0", []
    marks = ", ".join(["%s"] * len(scopes))
    condition = f"NOT EXISTS (SELECT 1 FROM {_FENCES} WHERE scope IN ({marks}) AND at >= %s)"  # noqa: S608 - our names
    return condition, [*map(_DIGEST.get_prep_value, scopes), grant.granted_at]


def _refusal(lent: OwnConnection, row: Grant, scopes: Sequence[str]) -> Exception:
    """Return why a save was refused."""
    fences = stored(Fence, lent).filter(scope__in=scopes, at__gte=OuterRef("granted_at"))
    its_row = stored(Grant, lent).filter(pk=row.pk).annotate(fenced=Exists(fences))
    standing = its_row.values_list("revoked_at", "family", "fenced").first()
    revoked_at, family, fenced = standing or (None, None, False)
    taken = family is not None and row.current_digest is not None
    if taken and revoked_at is None and not fenced:
        return DuplicateError("The grant has a refresh family: nothing was saved.")
    return GrantRevokedError("The grant is revoked: nothing was saved.")


def _add(lent: OwnConnection, grant_id: str, held: int, write: Write) -> None:
    """Add the access tokens to a grant that holds so many, and drop what it keeps no longer."""
    # In this order: a digest that exists is found out, also where its token is to be dropped.
    if write.others:
        rows = [Token(**columns_of(token), grant_id=grant_id) for token in write.others]
        inserted_all(rows, lent)
    if write.drops(held):
        removed(_surplus(lent, grant_id, write), lent)


def _surplus(lent: OwnConnection, grant_id: str, write: Write) -> QuerySet[Token]:
    """Return what has expired, and the oldest beyond `room`; as `judgement.surplus_tokens`."""
    its = stored(Token, lent).filter(grant_id=grant_id, kind="access", expires_at__isnull=False)
    old = its.exclude(digest__in=[token.digest for token in write.others])
    live = old.filter(expires_at__gt=write.latest).order_by("-issued_at", "-digest")
    oldest = live.values("digest")[write.room :]
    return old.filter(Q(expires_at__lte=write.latest) | Q(digest__in=oldest))


# --- rotating ---


def _rotatable(lent: OwnConnection, call: RotationCall) -> QuerySet[Grant]:
    """Return the grant whose current refresh token is the one that was presented."""
    now = call.now
    return stored(Grant, lent).filter(
        Q(keep_until=None) | Q(keep_until__gt=now),
        Q(current_expires_at=None) | Q(current_expires_at__gt=now),
        family=call.family,
        client_id=call.client_id,
        current_digest=call.digest,
        revoked_at=None,
    )


def _rotation(call: RotationCall, write: Write) -> dict[str, Any]:
    """Return what moves the current token to its predecessor's place."""
    moved: dict[str, Any] = {f"previous_{name}": F(f"current_{name}") for name in _REFRESH}
    moved["previous_rotated_at"] = call.now
    return {**moved, **write.current, "sealed_response": call.sealed_response}


def _won(lent: OwnConnection, rotated: Grant, write: Write) -> Rotation:
    held: int = getattr(rotated, "held")  # noqa: B009 - no column: the statement counted them
    _add(lent, rotated.grant_id, held, write)
    presented = rotated.predecessor()
    assert presented is not None  # noqa: S101 - for the type checkers
    return Rotation(
        RotationOutcome.WON, replace(presented, state=TokenState.ACTIVE, rotated_at=None)
    )


def _judged(lent: OwnConnection, call: RotationCall) -> Rotation | None:
    """Return what a rotation is told that did not win; None: it may try again.

    On reuse the grant is revoked.
    """
    row = looked_up(Grant, lent, family=call.family)
    found = None if row is None else row.refresh_family()
    sealed = None if row is None else row.sealed_response
    rotation = judge_rotation(
        found, call.digest, call.client_id, call.successor, sealed, call.now, call.grace
    )
    if found is None:
        return rotation
    if rotation.outcome is RotationOutcome.REUSED:
        its_row = stored(Grant, lent).filter(pk=found.grant.grant_id, revoked_at=None)
        its_row.update(revoked_at=call.now)
    if rotation.outcome is RotationOutcome.WON and found.current.digest == call.digest:
        return None
    return rotation


def _ended(lent: OwnConnection, now: int) -> QuerySet[Grant]:
    return stored(Grant, lent).filter(keep_until__lte=now).order_by("keep_until")


# --- what the ORM has no words for ---

_GRANTS: Final = table(Grant)
_FENCES: Final = table(Fence)
_CURRENT: Final = tuple(f"current_{name}" for name in (*_REFRESH, "state"))
#: Whether the grant is there. Sweeps have marked it then, if there was a fence to look at.
_ITS_ROW: Final = f"SELECT 1 FROM {_GRANTS} WHERE grant_id = %s"  # noqa: S608 - our names
#: What a save changes of a grant that is there: its refresh family, once.
_ADD: Final = (
    f"SET family = coalesce({_GRANTS}.family, excluded.family), "
    + ", ".join(
        f"{name} = CASE WHEN excluded.current_digest IS NULL"
        f" THEN {_GRANTS}.{name} ELSE excluded.{name} END"
        for name in _CURRENT
    )
    + f" WHERE {_GRANTS}.revoked_at IS NULL"
    f" AND (excluded.current_digest IS NULL OR {_GRANTS}.family IS NULL)"
)
#: Counts the grant's access tokens, and `keep` more if one of them has expired.
_HELD: Final = (
    "(SELECT count(*) + CASE WHEN min(expires_at) <= %s THEN %s ELSE 0 END"  # noqa: S608 - the same
    f" FROM {table(Token)} WHERE grant_id = {_GRANTS}.grant_id"
    " AND kind = 'access' AND expires_at IS NOT NULL) AS held"
)
