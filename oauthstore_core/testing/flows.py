"""What the core does with the verbs of a token store, as far as the cases need it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..judgement import judge_token
from ..records import Grant, IssuedToken, Rotation, RotationOutcome, Token, TokenState
from .kit import Handle, Kit
from .samples import access_token, fresh, grant, refresh_token

__all__ = ["Attempt", "Family", "alive", "alive_anywhere", "rotated_record", "saved_grant"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call of `rotate_refresh_token`: what it brought, and what it was told."""

    rotation: Rotation
    successor: Token
    access: tuple[Token, ...]
    sealed: bytes | None

    @property
    def outcome(self) -> RotationOutcome:
        """What the call was told."""
        return self.rotation.outcome

    @property
    def issued(self) -> tuple[Token, ...]:
        """The tokens that the call would have stored."""
        return (self.successor, *self.access)


class Family:
    """A saved grant with one access token and a refresh family."""

    def __init__(self, kit: Kit, **changes: object) -> None:
        """Save it at the kit's time; `changes` are those of the grant."""
        self._kit = kit
        self.digest = fresh()
        self.grant = grant(kit.now, family=self.digest, **changes)
        self.first = refresh_token(kit.now)
        self.access = access_token(kit.now)
        kit.first.tokens.save_token(self.grant, [self.access, self.first])

    def rotate(
        self,
        presented: Token,
        now: int | None = None,
        grace: int = 0,
        *,
        index: int = 0,
        successors: Sequence[Token] | None = None,
        client_id: str | None = None,
    ) -> Attempt:
        """Present a refresh token to the index-th handle; bring new successors unless given."""
        moment = self._kit.now if now is None else now
        if successors is None:
            successors = self.successors(presented, moment)
        sealed = os.urandom(32)
        rotation = self._kit.handle(index).tokens.rotate_refresh_token(
            family=self.digest,
            digest=presented.digest,
            client_id=self.grant.client_id if client_id is None else client_id,
            successors=successors,
            sealed_response=sealed,
            now=moment,
            grace=grace,
        )
        refresh = next(token for token in successors if token.kind == "refresh")
        access = tuple(token for token in successors if token.kind != "refresh")
        return Attempt(rotation, refresh, access, sealed)

    def successors(self, presented: Token, now: int) -> list[Token]:
        """Return an access token and the refresh token of the next generation."""
        generation = presented.generation + 1
        return [access_token(now), refresh_token(now, generation=generation)]

    def rotated(self, presented: Token, now: int | None = None, grace: int = 0) -> Token:
        """Rotate, check that it was WON, and return the new refresh token."""
        attempt = self.rotate(presented, now, grace)
        assert attempt.outcome is RotationOutcome.WON
        return attempt.successor

    def stored(self, handle: Handle | None = None) -> tuple[Token, Token | None]:
        """Return the current refresh token and its predecessor, as stored."""
        found = (handle or self._kit.first).tokens.query_refresh_token(self.digest)
        assert found is not None, "the refresh family is not found"
        return found.current, found.previous

    def revoked_at(self) -> int | None:
        """Return when the grant was revoked, if it was."""
        found = self._kit.first.tokens.query_refresh_token(self.digest)
        assert found is not None, "the refresh family is not found"
        return found.grant.revoked_at

    def snapshot(self) -> object:
        """Return all that the store answers about the family, to compare before and after."""
        store = self._kit.first.tokens
        return store.query_refresh_token(self.digest), store.query_token(self.access.digest)


def saved_grant(kit: Kit, **changes: object) -> tuple[Grant, Token]:
    """Save a grant with one access token."""
    given, token = grant(kit.now, **changes), access_token(kit.now)
    kit.first.tokens.save_token(given, [token])
    return given, token


def alive(handle: Handle, given: Grant, issued: Iterable[Token], now: int) -> list[Token]:
    """Return which of the grant's issued tokens this handle would accept."""
    return [token for token in issued if _accepts(handle, given, token, now)]


def _accepts(handle: Handle, given: Grant, token: Token, now: int) -> bool:
    if token.kind != "refresh":
        found = handle.tokens.query_token(token.digest)
        return found is not None and judge_token(found, now)
    family = handle.tokens.query_refresh_token(given.family or "")
    if family is None or family.current.digest != token.digest:
        return False
    return judge_token(IssuedToken(family.grant, family.current), now)


def alive_anywhere(kit: Kit, given: Grant, issued: Iterable[Token], now: int) -> list[Token]:
    """Return which of the issued tokens any handle would accept."""
    wanted = list(issued)
    return [token for handle in kit.handles for token in alive(handle, given, wanted, now)]


def rotated_record(token: Token, now: int) -> Token:
    """Return the record that a rotation at `now` leaves of its predecessor."""
    return replace(token, state=TokenState.ROTATED, rotated_at=now)
