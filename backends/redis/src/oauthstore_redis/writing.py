"""Saving and rotating: announce and look in one flight, write in the next.

The announcement and the look at the fences of one range are one step, and so
are the fence and the first look of a sweep, on the same slot: whichever comes
second sees the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from oauthstore_core.errors import DuplicateError, GrantRevokedError
from oauthstore_core.judgement import judge_rotation, surplus_tokens
from oauthstore_core.records import (
    Grant,
    RefreshFamily,
    Rotation,
    RotationOutcome,
    Token,
    TokenState,
)

from .handles import Handles, direct, via_family
from .ranges import announcements, stops
from .records import packed, packed_token, unpacked_grant, unpacked_token
from .store import Command, Store, call, new_owner

__all__ = ["GrantWriter", "family_of"]


class GrantWriter:
    """The two writes that issue tokens."""

    def __init__(self, store: Store, handles: Handles) -> None:
        self._store = store
        self._handles = handles

    # --- saving ---

    def save(self, grant: Grant, tokens: Sequence[Token]) -> None:
        """Store the tokens under the grant; see the hook."""
        now = max((token.issued_at for token in tokens), default=grant.granted_at)
        added, room = self._kept(tokens)
        first = announcements(self._store, grant, now)
        reservations = self._reservations(grant, added, now)
        answers = self._store.run(*first, *reservations.values())
        fences = [fence for answer in answers[: len(first)] for fence in answer]
        before = dict(zip(reservations, answers[len(first) :], strict=True))
        goal = direct(grant.grant_id)
        fresh = [key for key, found in before.items() if found is None]
        taken = {key for key, found in before.items() if found not in {None, goal.encode()}}
        fenced = grant.revoked_at is not None or any(stops(fence, grant) for fence in fences)
        call_ = self._write(grant, tokens, added, now, fenced=fenced, taken=taken, room=room)
        self._conclude(self._store.run(call_)[0], grant, fresh)

    def _kept(self, tokens: Sequence[Token]) -> tuple[list[Token], int]:
        """Return the access tokens to store, and for how many stored ones there is room."""
        limit = self._store.options.access_tokens_per_grant
        left_out = surplus_tokens((), tokens, limit)
        added = [t for t in tokens if t.kind != "refresh" and t not in left_out]
        counted = [t for t in added if t.kind == "access" and t.expires_at is not None]
        return added, limit - len(counted)

    def _reservations(self, grant: Grant, added: Sequence[Token], now: int) -> dict[str, Command]:
        handles, goal = self._handles, direct(grant.grant_id)
        ends = {handles.token(token.digest): _end(token, grant.keep_until) for token in added}
        if grant.family is not None:
            ends[handles.family(grant.family)] = grant.keep_until
        return {key: handles.reserve(key, goal, end, now) for key, end in ends.items()}

    def _write(
        self,
        grant: Grant,
        tokens: Sequence[Token],
        added: Sequence[Token],
        now: int,
        *,
        fenced: bool,
        taken: set[str],
        room: int,
    ) -> Command:
        owner = new_owner()
        refresh = next((token for token in tokens if token.kind == "refresh"), None)
        family_taken = grant.family is not None and self._handles.family(grant.family) in taken
        token_taken = len(taken) > family_taken or _repeated(added)
        about = packed(grant.subject, grant.granted_at, grant.payload)
        return call(
            "save",
            self._store.keys.record("grant", grant.grant_id),
            *(grant.grant_id, about, grant.client_id, grant.keep_until, grant.family),
            *(int(fenced), now, self._store.options.slack, room),
            *(int(token_taken), int(family_taken), owner, grant.granted_at),
            *_refresh_words(refresh, owner),
            *_pairs(added, owner),
        )

    def _conclude(self, answer: bytes, grant: Grant, fresh: Sequence[str]) -> None:
        if answer == b"saved":
            return
        goal = direct(grant.grant_id)
        if answer == b"nameless":
            # The grant has another family: the name of this one stays free.
            named = self._handles.family(grant.family) if grant.family is not None else ""
            self._handles.release([key for key in fresh if key == named], goal)
            return
        self._handles.release(fresh, goal)
        if answer == b"revoked":
            raise GrantRevokedError("The grant is revoked: nothing was saved.")
        raise DuplicateError("A token or the refresh family exists: nothing was saved.")

    # --- rotating ---

    def rotate(
        self,
        family: str,
        digest: str,
        client_id: str,
        successors: Sequence[Token],
        sealed_response: bytes | None,
        now: int,
        grace: int,
    ) -> Rotation:
        """Exchange the refresh token for its successors; see the hook."""
        handles, goal = self._handles, via_family(family)
        added, room = self._kept(successors)
        keys = [handles.token(token.digest) for token in added]
        own = handles.family(family)
        found, *before = self._store.run(
            Command(("GET", own), own),
            *(
                handles.reserve(key, goal, token.expires_at, now)
                for key, token in zip(keys, added, strict=True)
            ),
        )
        fresh = [key for key, known in zip(keys, before, strict=True) if known is None]
        if found is None:
            handles.release(fresh, goal)
            return Rotation(RotationOutcome.MISSING)
        taken = _repeated(added) or any(k not in {None, found, goal.encode()} for k in before)
        successor = next(token for token in successors if token.kind == "refresh")
        grant_id, owner = found.decode()[1:], new_owner()
        what, stored = self._store.run(
            call(
                "rotate",
                self._store.keys.record("grant", grant_id)[:1],
                *(family, digest, client_id, now, grace, room, int(taken)),
                *(successor.digest, successor.expires_at, packed_token(successor, "-")),
                *(b"" if sealed_response is None else b"s" + sealed_response, owner),
                *_pairs(added, "-"),
            ),
            *(call("swap", [key], goal, found) for key in keys),
        )[0]
        if what == b"duplicate":
            handles.release(fresh, found.decode())
            raise DuplicateError("A successor's digest exists: nothing was written.")
        read = family_of(grant_id, family, stored[:8])
        rotation = judge_rotation(read, digest, client_id, successor.digest, stored[8], now, grace)
        if rotation.outcome is RotationOutcome.REVOKED and stored[9] == owner.encode():
            # This very call revoked it, and was delivered again.
            return replace(rotation, outcome=RotationOutcome.REUSED)
        ends = read.grant.keep_until if read else None
        if what == b"won" and ends is not None:
            endless = [handles.token(t.digest) for t in added if t.expires_at is None]
            self._store.run(*handles.end(endless, ends, now))
        return rotation


def family_of(grant_id: str, family: str, stored: Sequence[bytes | None]) -> RefreshFamily | None:
    """Return the family of which these are the fields g, c, r, k, f, cur, prev and pr."""
    *about, current, previous, rotated_at = stored
    grant = unpacked_grant(grant_id, about)
    if grant is None or grant.family != family or current is None:
        return None
    former = None
    if previous is not None and rotated_at is not None:
        former = unpacked_token(previous)
        former = replace(former, state=TokenState.ROTATED, rotated_at=int(rotated_at))
    return RefreshFamily(grant, unpacked_token(current), former)


def _end(token: Token, keep_until: int | None) -> int | None:
    ends = [end for end in (token.expires_at, keep_until) if end is not None]
    return min(ends, default=None)


def _repeated(tokens: Sequence[Token]) -> bool:
    return len({token.digest for token in tokens}) < len(tokens)


def _pairs(tokens: Sequence[Token], owner: str) -> list[Any]:
    return [part for token in tokens for part in (token.digest, packed_token(token, owner))]


def _refresh_words(refresh: Token | None, owner: str) -> tuple[Any, ...]:
    if refresh is None:
        return ("", "", "")
    return (refresh.digest, refresh.expires_at, packed_token(refresh, owner))
