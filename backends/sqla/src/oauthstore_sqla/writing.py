"""What writes grants and tokens: the part in which databases differ.

A grant's row is its lock, its fence and its announcement. Saving, rotating and
sweeping meet on it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from oauthstore_core.errors import DuplicateError, GrantRevokedError
from oauthstore_core.judgement import judge_rotation, surplus_tokens
from oauthstore_core.records import (
    Claim,
    Grant,
    Purged,
    RefreshFamily,
    Rotation,
    RotationOutcome,
    Token,
    TokenState,
)

from .credentials import CredentialCall, SqlaCredentials
from .engine import Row, Runner, Values
from .statements import OF_CURRENT, OF_GRANT, OF_PREVIOUS, OF_SEALED, TokenStatements
from .store import Store
from .values import GRANT, REFRESH, TOKEN, scope, text

__all__ = [
    "RotationCall",
    "TokenWriter",
    "Write",
    "family_of",
    "predecessor",
]


_REVOKED: Final = "The grant is revoked: nothing was saved."


class Write:
    """What a save or a rotation writes, prepared before the database is asked."""

    def __init__(self, tokens: Sequence[Token], keep: int) -> None:
        """Take the tokens; a grant keeps that many live access tokens."""
        self._keep = keep
        surplus = {token.digest for token in surplus_tokens((), tokens, keep)}
        others = [t for t in tokens if t.kind != "refresh" and t.digest not in surplus]
        counted = [t for t in others if t.kind == "access" and t.expires_at is not None]
        #: The refresh token to become current, if any.
        self.refresh = next((t for t in reversed(tokens) if t.kind == "refresh"), None)
        self.access: list[dict[str, Any]] = [TOKEN.values(token) for token in others]
        self.values: dict[str, Any] = {
            **REFRESH.values(self.refresh, "current_"),
            "brings_refresh": int(self.refresh is not None),
            "latest": max((token.issued_at for token in tokens), default=0),
            "keep": keep,
            "room": max(0, keep - len(counted)),
        }
        self._adds = len(counted)
        #: Whether a write of these tokens looks for some that the grant no longer keeps.
        self.looks = len(tokens) > 0

    def under(self, grant: Grant) -> None:
        """Write under this grant, of whose range the fences are looked at."""
        client_id, subject = grant.client_id, grant.subject
        self.values |= GRANT.values(grant)
        self.values["client_scope"] = scope(client_id, None)
        self.values["subject_scope"] = None if subject is None else scope(None, subject)
        self.values["both_scope"] = None if subject is None else scope(client_id, subject)
        self.belongs_to(self.values["grant_id"])

    def belongs_to(self, grant_id: object) -> None:
        """Write under the grant of that id, as it is stored."""
        self.values["grant_id"] = grant_id
        for values in self.access:
            values["grant_id"] = grant_id

    @property
    def completes(self) -> bool:
        """Whether it changes the grant's row: sets its refresh family or token, or brings nothing.

        Where it leaves no access token either, the row alone tells that it was through.
        """
        family = self.refresh is not None or self.values["family"] is not None
        return family or not self.access

    @property
    def numbered(self) -> dict[str, Any]:
        """The values, and those of the access tokens with their place before the names."""
        rows = enumerate(self.access)
        return self.values | {f"added_{i}_{name}": row[name] for i, row in rows for name in row}

    def drops(self, droppable: int) -> bool:
        """Tell whether the grant holds access tokens to drop; see `statements.droppable`."""
        return self.looks and droppable + self._adds > self._keep


@dataclass(frozen=True, slots=True)
class RotationCall:
    """A refresh token that is presented."""

    digest: str
    client_id: str
    #: The digest of the refresh token to come.
    successor: str
    now: int
    grace: int


class TokenWriter(ABC):
    """The verbs that write grants and tokens; a subclass for each database."""

    def __init__(self, store: Store, credentials: SqlaCredentials, sql: TokenStatements) -> None:
        self.store = store
        self.credentials = credentials
        self.sql = sql

    @abstractmethod
    def save(self, write: Write) -> None:
        """Do what `save_token` promises."""

    @abstractmethod
    def redeem(self, call: CredentialCall, write: Write) -> Claim:
        """Do what `redeem_credential` promises."""

    @abstractmethod
    def rotate(self, call: RotationCall, write: Write) -> Rotation:
        """Do what `rotate_refresh_token` promises."""

    @abstractmethod
    def purge_grants(self, now: int, limit: int) -> Purged:
        """Remove up to `limit` grants that have ended, with their tokens."""

    def refusal(self, runner: Runner, values: Values) -> Exception:
        """Return why a save was refused."""
        found = runner.rows(self.sql.query_standing, values)
        revoked_at, family, fenced = found[0] if found else (None, None, False)
        if revoked_at is not None or fenced:
            return GrantRevokedError(_REVOKED)
        if family is not None and values["current_digest"] is not None:
            return DuplicateError("The grant has a refresh family: nothing was saved.")
        return self.unexplained(values)

    def unexplained(self, values: Values) -> Exception:
        """Return why a save was refused where nothing that is stored refuses it."""
        return GrantRevokedError(_REVOKED)

    def judged(self, runner: Runner, call: RotationCall, row: Row | None) -> Rotation | None:
        """Return what a rotation is told that did not win; None: it may try again.

        On reuse the grant is revoked.
        """
        found = None if row is None else family_of(row)
        sealed = None if row is None else row[OF_SEALED]
        rotation = judge_rotation(
            found, call.digest, call.client_id, call.successor, sealed, call.now, call.grace
        )
        if found is None:
            return rotation
        if rotation.outcome is RotationOutcome.REUSED:
            values = {"grant_id": text(found.grant.grant_id), "now": call.now}
            runner.count(self.sql.revoke_live, values)
        if rotation.outcome is RotationOutcome.WON and found.current.digest == call.digest:
            return None
        return rotation


def family_of(row: Row) -> RefreshFamily | None:
    """Return the refresh family of a row of `statements.family`, if the grant has one."""
    if row[OF_CURRENT.start] is None:
        return None
    current = REFRESH.record(row[OF_CURRENT], kind="refresh")
    return RefreshFamily(GRANT.record(row[OF_GRANT]), current, predecessor(row[OF_PREVIOUS]))


def predecessor(row: Row) -> Token | None:
    """Return the refresh token before the current one, None in the first generation."""
    if row[0] is None:
        return None
    return REFRESH.record(row, kind="refresh", state=TokenState.ROTATED)
