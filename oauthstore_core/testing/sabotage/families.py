"""Mistakes in refresh families."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...judgement import judge_rotation
from ...memory.credentials import MemoryCredentials
from ...memory.tokens import MemoryTokens, _Row
from ...records import Grant, IssuedToken, Rotation, RotationOutcome, Token, TokenState
from .broken import SabotagedBackend, let_others_go_first

__all__ = ["FAMILY_SABOTAGE", "Presented", "SteppedTokens"]


class Presented:
    """The arguments of a rotation, with the row that it is about."""

    def __init__(
        self, row: _Row, digest: str, client_id: str, successors: Sequence[Token], now: int
    ) -> None:
        self.row = row
        self.grant = row.grant
        self.digest = digest
        self.client_id = client_id
        self.successors = successors
        self.successor = next(token for token in successors if token.kind == "refresh")
        self.now = now


class SteppedTokens(MemoryTokens):
    """A rotation in two steps, each of which a sabotaged store can get wrong."""

    def rotate_refresh_token(
        self,
        family: str,
        digest: str,
        client_id: str,
        successors: Sequence[Token],
        sealed_response: bytes | None,
        now: int,
        grace: int,
    ) -> Rotation:
        """Rotate as the memory backend does, but let go of the lock in between."""
        with self._lock:
            row = self._row_of_family(family)
            if row is None:
                return Rotation(RotationOutcome.MISSING)
            presented = Presented(row, digest, client_id, successors, now)
            rotation = self.judge(presented, grace)
        self.between()
        with self._lock:
            self.write(presented, rotation, sealed_response)
        return rotation

    def judge(self, presented: Presented, grace: int) -> Rotation:
        """Return the outcome."""
        return judge_rotation(
            presented.row.family(),
            presented.digest,
            presented.client_id,
            presented.successor.digest,
            presented.row.sealed_response,
            presented.now,
            grace,
        )

    def between(self) -> None:
        """Do what happens between the look and the write."""

    def write(self, presented: Presented, rotation: Rotation, sealed: bytes | None) -> None:
        """Write what the outcome asks for."""
        row = presented.row
        if rotation.outcome is RotationOutcome.REUSED:
            row.grant = replace(row.grant, revoked_at=presented.now)
        won = rotation.outcome is RotationOutcome.WON
        if won and row.current is not None and row.current.digest != presented.successor.digest:
            self._refuse_duplicates(replace(row.grant, family=None), row, presented.successors)
            row.previous = replace(row.current, state=TokenState.ROTATED, rotated_at=presented.now)
            row.current = presented.successor
            row.sealed_response = sealed
            self._add_access(row, presented.successors)


class RotationInTwoSteps(SabotagedBackend):
    """Looks at the current token, then writes its successor: two callers win."""

    caught_by = "FAM-01b"

    class Tokens(SteppedTokens):
        def between(self) -> None:
            let_others_go_first()


class ReuseWithoutRevocation(SabotagedBackend):
    """Refuses the old token, but leaves the family alive."""

    caught_by = "FAM-02a"

    class Tokens(SteppedTokens):
        def write(self, presented: Presented, rotation: Rotation, sealed: bytes | None) -> None:
            if rotation.outcome is not RotationOutcome.REUSED:
                super().write(presented, rotation, sealed)


class UnknownSecretsAreMissing(SabotagedBackend):
    """Keeps no more than it can find: a secret that it does not know is not reuse."""

    caught_by = "FAM-11"

    class Tokens(SteppedTokens):
        def judge(self, presented: Presented, grace: int) -> Rotation:
            known = (presented.row.current, presented.row.previous)
            if all(token is None or token.digest != presented.digest for token in known):
                return Rotation(RotationOutcome.MISSING)
            return super().judge(presented, grace)


class PredecessorForgotten(SabotagedBackend):
    """Keeps the current token only, so that nobody has a grace."""

    caught_by = "FAM-03a"

    class Tokens(SteppedTokens):
        def write(self, presented: Presented, rotation: Rotation, sealed: bytes | None) -> None:
            super().write(presented, rotation, sealed)
            presented.row.previous = None


class GraceForGrandparents(SabotagedBackend):
    """Gives the grace to every old token of the family."""

    caught_by = "FAM-03b"

    class Tokens(SteppedTokens):
        def __init__(
            self, lock: threading.Lock, credentials: MemoryCredentials, limit: int
        ) -> None:
            super().__init__(lock, credentials, limit)
            self._old: set[str] = set()

        def judge(self, presented: Presented, grace: int) -> Rotation:
            if grace and presented.digest in self._old:
                response = presented.row.sealed_response
                return Rotation(RotationOutcome.GRACE, presented.row.previous, response)
            self._old.add(presented.digest)
            return super().judge(presented, grace)


class GraceOneSecondLong(SabotagedBackend):
    """Counts the last second of the grace in."""

    caught_by = "FAM-03c"

    class Tokens(SteppedTokens):
        def judge(self, presented: Presented, grace: int) -> Rotation:
            return super().judge(presented, grace + 1)


class GraceForRevoked(SabotagedBackend):
    """Looks for the predecessor before it looks whether the grant is revoked."""

    caught_by = "FAM-04"

    class Tokens(SteppedTokens):
        def judge(self, presented: Presented, grace: int) -> Rotation:
            row, previous = presented.row, presented.row.previous
            if previous is not None and previous.digest == presented.digest and grace:
                return Rotation(RotationOutcome.GRACE, previous, row.sealed_response)
            return super().judge(presented, grace)


class OldResponseKept(SabotagedBackend):
    """Keeps the first sealed response of a family for ever."""

    caught_by = "FAM-05b"

    class Tokens(SteppedTokens):
        def write(self, presented: Presented, rotation: Rotation, sealed: bytes | None) -> None:
            super().write(presented, rotation, presented.row.sealed_response or sealed)


class GraceProlongsItself(SabotagedBackend):
    """Notes each use of the grace as the time of the rotation."""

    caught_by = "FAM-08"

    class Tokens(SteppedTokens):
        def write(self, presented: Presented, rotation: Rotation, sealed: bytes | None) -> None:
            super().write(presented, rotation, sealed)
            previous = presented.row.previous
            if rotation.outcome is RotationOutcome.GRACE and previous is not None:
                presented.row.previous = replace(previous, rotated_at=presented.now)


class EndOfGrantIgnored(SabotagedBackend):
    """Rotates for as long as the client likes."""

    caught_by = "FAM-10a"

    class Tokens(SteppedTokens):
        def judge(self, presented: Presented, grace: int) -> Rotation:
            family = presented.row.family()
            assert family is not None
            return judge_rotation(
                replace(family, grant=replace(family.grant, keep_until=None)),
                presented.digest,
                presented.client_id,
                presented.successor.digest,
                presented.row.sealed_response,
                presented.now,
                grace,
            )


class ClientIgnoredByRotation(SabotagedBackend):
    """Takes a `client_id` and does not compare it."""

    caught_by = "FAM-14"

    class Tokens(SteppedTokens):
        def judge(self, presented: Presented, grace: int) -> Rotation:
            presented.client_id = presented.row.grant.client_id
            return super().judge(presented, grace)


class RepeatedDeliveryTakenForReuse(SabotagedBackend):
    """Does not recognise its own call when the driver sends it again."""

    caught_by = "FAM-13b"

    class Tokens(SteppedTokens):
        def judge(self, presented: Presented, grace: int) -> Rotation:
            return judge_rotation(
                presented.row.family(),
                presented.digest,
                presented.client_id,
                "",
                presented.row.sealed_response,
                presented.now,
                grace,
            )


class WholeGrantWrittenBack(SabotagedBackend):
    """Writes the grant back as it read it, over a revocation that came in between."""

    caught_by = "FAM-06a"

    class Tokens(SteppedTokens):
        def between(self) -> None:
            let_others_go_first()

        def write(self, presented: Presented, rotation: Rotation, sealed: bytes | None) -> None:
            if rotation.outcome is RotationOutcome.WON:
                presented.row.grant = presented.grant
            super().write(presented, rotation, sealed)


class TokenRowsSwept(SabotagedBackend):
    """Sweeps the tokens that are there and not their grants: one in flight escapes."""

    caught_by = "FAM-06b"

    class Tokens(SteppedTokens):
        def judge(self, presented: Presented, grace: int) -> Rotation:
            current = presented.row.current
            if current is not None and current.state is TokenState.REVOKED:
                return Rotation(RotationOutcome.REVOKED, current)
            return super().judge(presented, grace)

        def between(self) -> None:
            let_others_go_first()

        def _revoke(self, row: _Row, now: int, keep_until: int) -> bool:
            for digest, token in row.access.items():
                row.access[digest] = replace(token, state=TokenState.REVOKED)
            if row.current is not None:
                row.current = replace(row.current, state=TokenState.REVOKED)
            return True


class RefreshTokensAmongTheOthers(SabotagedBackend):
    """Keeps all tokens in one table, and answers refresh tokens to whom asks for access tokens."""

    caught_by = "REV-05"

    class Tokens(MemoryTokens):
        def query_token(self, digest: str) -> IssuedToken | None:
            rows: Iterable[tuple[Grant, Token | None]] = (
                (row.grant, row.current) for row in self._rows.values()
            )
            for grant, current in rows:
                if current is not None and current.digest == digest:
                    return IssuedToken(grant, current)
            return super().query_token(digest)


FAMILY_SABOTAGE: tuple[type[SabotagedBackend], ...] = (
    RotationInTwoSteps,
    ReuseWithoutRevocation,
    UnknownSecretsAreMissing,
    PredecessorForgotten,
    GraceForGrandparents,
    GraceOneSecondLong,
    GraceForRevoked,
    OldResponseKept,
    GraceProlongsItself,
    EndOfGrantIgnored,
    ClientIgnoredByRotation,
    RepeatedDeliveryTakenForReuse,
    WholeGrantWrittenBack,
    TokenRowsSwept,
    RefreshTokensAmongTheOthers,
)
