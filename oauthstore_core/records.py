"""What crosses the border between the core and a store: frozen records of plain values.

Times are whole seconds since the epoch, given by the core's clock. Handles
(tokens, codes, verifiers, secrets) appear only as digests, see `digests`; what
must be read back appears sealed, see `sealing`. Each `payload` is JSON text
that a backend keeps as it is, with keys that it does not know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

__all__ = [
    "Account",
    "Claim",
    "ClaimOutcome",
    "Client",
    "Credential",
    "CredentialState",
    "Decision",
    "DecisionOutcome",
    "Grant",
    "IssuedToken",
    "Page",
    "Poll",
    "PollOutcome",
    "Purged",
    "RefreshFamily",
    "Rotation",
    "RotationOutcome",
    "Token",
    "TokenState",
]

T = TypeVar("T")


class TokenState(str, Enum):
    """What became of a token; whether it expired is judged by time, not stored."""

    ACTIVE = "active"
    ROTATED = "rotated"
    REVOKED = "revoked"


class CredentialState(str, Enum):
    """How far a credential has come; it only moves forward."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client (RFC 7591); the payload holds its metadata and secret digests."""

    client_id: str
    owner: str | None = None
    #: ``static``, ``dcr`` or ``cimd``; an open word.
    source: str = "static"
    created_at: int = 0
    expires_at: int | None = None
    #: 0 to create; else the version that was read, for compare-and-set.
    version: int = 0
    payload: str = field(default="{}", repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """One act of authorization: the code, tokens and refresh family that came of it share it."""

    grant_id: str
    client_id: str
    #: Whose consent it is; None where the client acts for itself.
    subject: str | None = None
    #: Digest of the refresh family's constant part.
    family: str | None = None
    granted_at: int = 0
    #: The absolute end, fixed when the grant is first saved; None: no end.
    keep_until: int | None = None
    revoked_at: int | None = None
    payload: str = field(default="{}", repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, a refresh token or an OAuth 1 token credential."""

    digest: str
    #: ``access``, ``refresh`` or ``oauth1``; an open word.
    kind: str
    issued_at: int
    expires_at: int | None = None
    state: TokenState = TokenState.ACTIVE
    #: Which refresh token of its family this is, from 0.
    generation: int = 0
    rotated_at: int | None = None
    payload: str = field(default="{}", repr=False)


@dataclass(frozen=True, slots=True)
class Credential:
    """Something that is claimed once: a code, a device code, a temporary credential ..."""

    digest: str
    #: ``authorization_code``, ``device_code``, ``temporary_credential`` ...; an open word.
    kind: str
    client_id: str
    expires_at: int
    #: Until when the record answers for its use, as a tombstone.
    keep_until: int
    #: Digest of a second, short name, such as a device flow's user code.
    alias: str | None = None
    grant_id: str | None = None
    subject: str | None = None
    state: CredentialState = CredentialState.PENDING
    granted_at: int | None = None
    #: Seconds between polls (RFC 8628 section 3.5).
    interval: int | None = None
    polled_at: int | None = None
    payload: str = field(default="{}", repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the standalone server; the payload holds the password's argon2 hash."""

    subject: str
    name: str
    created_at: int = 0
    #: 0 to create; else the version that was read, for compare-and-set.
    version: int = 0
    payload: str = field(default="{}", repr=False)


# --- what the verbs answer -------------------------------------------------


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token with the grant that it belongs to, both as stored."""

    grant: Grant
    token: Token


@dataclass(frozen=True, slots=True)
class RefreshFamily:
    """A refresh family: its grant, its current token and the immediate predecessor."""

    grant: Grant
    current: Token
    previous: Token | None = None


class ClaimOutcome(Enum):
    """How a claim ended; the first that holds, in this order."""

    MISSING = "missing"
    ALREADY_USED = "already_used"
    DENIED = "denied"
    EXPIRED = "expired"
    PENDING = "pending"
    WON = "won"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim's outcome and the credential; None when it is missing."""

    outcome: ClaimOutcome
    credential: Credential | None = None


class RotationOutcome(Enum):
    """How a rotation ended; see `judgement.judge_rotation` for the order."""

    MISSING = "missing"
    REVOKED = "revoked"
    GRACE = "grace"
    REUSED = "reused"
    EXPIRED = "expired"
    WON = "won"


@dataclass(frozen=True, slots=True)
class Rotation:
    """A rotation's outcome, the presented token as it was before, and for GRACE the response."""

    outcome: RotationOutcome
    token: Token | None = None
    #: What the winner sealed under a key derived from the presented token.
    sealed_response: bytes | None = field(default=None, repr=False)


class DecisionOutcome(Enum):
    """How an approval or a denial ended."""

    MISSING = "missing"
    ALREADY_DECIDED = "already_decided"
    EXPIRED = "expired"
    WON = "won"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision's outcome and the credential after it; None when it is missing."""

    outcome: DecisionOutcome
    credential: Credential | None = None


class PollOutcome(Enum):
    """What a device's poll is told; the first that holds, in this order."""

    MISSING = "missing"
    USED = "used"
    DENIED = "denied"
    EXPIRED = "expired"
    APPROVED = "approved"
    SLOW_DOWN = "slow_down"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll's outcome and the credential; None when it is missing."""

    outcome: PollOutcome
    credential: Credential | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of records, and an opaque cursor for the next one; None at the end."""

    items: Sequence[T]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Purged:
    """How many records a purge removed, and whether it left some for the next call."""

    count: int
    more: bool
