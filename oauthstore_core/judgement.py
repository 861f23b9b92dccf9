"""The precedence of outcomes, as pure functions.

Every backend calls these on what it read when its atomic step did not win, so
that all backends answer alike. The first condition that holds decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .records import (
    Claim,
    ClaimOutcome,
    Credential,
    CredentialState,
    Decision,
    DecisionOutcome,
    Grant,
    IssuedToken,
    Poll,
    PollOutcome,
    RefreshFamily,
    Rotation,
    RotationOutcome,
    Token,
    TokenState,
)

__all__ = [
    "ACCESS_TOKENS_PER_GRANT",
    "POLL_TOLERANCE",
    "SLOW_DOWN_STEP",
    "is_kept",
    "is_live_grant",
    "judge_claim",
    "judge_decision",
    "judge_poll",
    "judge_rotation",
    "judge_token",
    "surplus_tokens",
]

#: How many live access tokens a grant keeps unless a setting says otherwise.
ACCESS_TOKENS_PER_GRANT = 32
#: What `slow_down` adds to the interval, in seconds (RFC 8628 section 3.5).
SLOW_DOWN_STEP = 5
#: Whole seconds would punish a client that polls on time by up to one second.
POLL_TOLERANCE = 1


def is_kept(keep_until: int | None, now: int) -> bool:
    """Tell whether a record still answers: what is past its `keep_until` is missing."""
    return keep_until is None or now < keep_until


def is_live_grant(grant: Grant, now: int) -> bool:
    """Tell whether a grant is neither revoked nor past its end."""
    return grant.revoked_at is None and is_kept(grant.keep_until, now)


def judge_token(issued: IssuedToken, now: int) -> bool:
    """Tell whether a token is valid: active, not expired, and of a live grant."""
    token = issued.token
    return (
        is_live_grant(issued.grant, now)
        and token.state is TokenState.ACTIVE
        and (token.expires_at is None or now < token.expires_at)
    )


def judge_claim(credential: Credential | None, client_id: str, now: int) -> Claim:
    """Return what a claim of this credential, as read, is told."""
    if credential is None or credential.client_id != client_id:
        return Claim(ClaimOutcome.MISSING)
    if not is_kept(credential.keep_until, now):
        return Claim(ClaimOutcome.MISSING)
    if credential.state is CredentialState.USED:
        return Claim(ClaimOutcome.ALREADY_USED, credential)
    if credential.state is CredentialState.DENIED:
        return Claim(ClaimOutcome.DENIED, credential)
    if now >= credential.expires_at:
        return Claim(ClaimOutcome.EXPIRED, credential)
    if credential.state is CredentialState.PENDING:
        return Claim(ClaimOutcome.PENDING, credential)
    return Claim(ClaimOutcome.WON, credential)


def judge_decision(credential: Credential | None, now: int) -> Decision:
    """Return what an approval or denial of this credential, as read, is told."""
    if credential is None or not is_kept(credential.keep_until, now):
        return Decision(DecisionOutcome.MISSING)
    if credential.state is not CredentialState.PENDING:
        return Decision(DecisionOutcome.ALREADY_DECIDED, credential)
    if now >= credential.expires_at:
        return Decision(DecisionOutcome.EXPIRED, credential)
    return Decision(DecisionOutcome.WON, credential)


def judge_poll(credential: Credential | None, client_id: str, now: int) -> Poll:
    """Return what a poll of this credential, as read, is told."""
    if credential is None or credential.client_id != client_id:
        return Poll(PollOutcome.MISSING)
    if not is_kept(credential.keep_until, now):
        return Poll(PollOutcome.MISSING)
    if credential.state is CredentialState.USED:
        return Poll(PollOutcome.USED, credential)
    if credential.state is CredentialState.DENIED:
        return Poll(PollOutcome.DENIED, credential)
    if now >= credential.expires_at:
        return Poll(PollOutcome.EXPIRED, credential)
    if credential.state is CredentialState.APPROVED:
        return Poll(PollOutcome.APPROVED, credential)
    if _polled_too_soon(credential, now):
        return Poll(PollOutcome.SLOW_DOWN, credential)
    return Poll(PollOutcome.PENDING, credential)


def _polled_too_soon(credential: Credential, now: int) -> bool:
    if credential.polled_at is None or credential.interval is None:
        return False
    return now - credential.polled_at < credential.interval - POLL_TOLERANCE


def judge_rotation(
    family: RefreshFamily | None,
    digest: str,
    client_id: str,
    successor: str,
    sealed_response: bytes | None,
    now: int,
    grace: int,
) -> Rotation:
    """Return what a rotation of this family, as read, is told.

    `digest` is the presented token's, `successor` that of the refresh token to
    come, `sealed_response` what the store holds beside the predecessor. On
    REUSED the backend revokes the grant in the same step.
    """
    if family is None or family.grant.client_id != client_id:
        return Rotation(RotationOutcome.MISSING)
    if not is_kept(family.grant.keep_until, now):
        return Rotation(RotationOutcome.MISSING)
    current, previous = family.current, family.previous
    presented = next((t for t in (current, previous) if t and t.digest == digest), None)
    if family.grant.revoked_at is not None:
        return Rotation(RotationOutcome.REVOKED, presented)
    if previous is not None and previous.digest == digest:
        if current.digest == successor:
            before = replace(previous, state=TokenState.ACTIVE, rotated_at=None)
            return Rotation(RotationOutcome.WON, before)
        if _within_grace(current, previous, now, grace):
            return Rotation(RotationOutcome.GRACE, previous, sealed_response)
    if current.digest != digest:
        return Rotation(RotationOutcome.REUSED, presented)
    if current.expires_at is not None and now >= current.expires_at:
        return Rotation(RotationOutcome.EXPIRED, current)
    return Rotation(RotationOutcome.WON, current)


def _within_grace(current: Token, previous: Token, now: int, grace: int) -> bool:
    return (
        current.state is TokenState.ACTIVE
        and previous.rotated_at is not None
        and now < previous.rotated_at + grace
    )


def surplus_tokens(
    stored: Sequence[Token], added: Sequence[Token], limit: int = ACCESS_TOKENS_PER_GRANT
) -> Sequence[Token]:
    """Return the access tokens that a write of `added` to their grant drops or leaves out.

    These are the ones that have expired at the latest `issued_at` of `added`,
    and the oldest beyond `limit` live ones; what is added counts as the
    newest, for it is about to be answered. What has no expiry stays.
    """
    if not added:
        return ()
    now = max(token.issued_at for token in added)
    expired, live = [], []
    for is_new, tokens in ((False, stored), (True, added)):
        for token in tokens:
            if token.kind != "access" or token.expires_at is None:
                continue
            if now >= token.expires_at:
                expired.append(token)
            else:
                live.append((is_new, token.issued_at, token.digest, token))
    live.sort(key=lambda entry: entry[:3])
    return expired + [token for *_, token in live[: max(0, len(live) - limit)]]
