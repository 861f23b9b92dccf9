"""The role `tokens`: refresh families, many calls at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Event

from ...errors import GrantRevokedError
from ...records import RotationOutcome, Token
from ..flows import Family, alive, alive_anywhere
from ..kit import Kit
from ..processes import in_threads
from ..races import race, race_amid
from ..samples import DAY, access_token
from .contract import Contract
from .token_contests import (
    all_get_one_response_within_the_grace,
    one_call_delivered_often_wins_once,
    one_rotation_wins,
)

__all__ = ["FamilyRaces"]

REVOKED, WON = RotationOutcome.REVOKED, RotationOutcome.WON
GRACE, REUSED = RotationOutcome.GRACE, RotationOutcome.REUSED


class FamilyRaces(Contract):
    """One winner, and nothing survives a revocation."""

    def test_one_of_many_rotations_wins(self, kit: Kit) -> None:
        """FAM-01a: without grace one is WON, the rest REUSED or REVOKED, and nothing is alive."""
        one_rotation_wins(kit, in_threads)

    def test_within_the_grace_all_get_one_response(self, kit: Kit) -> None:
        """FAM-01b: with grace one is WON, all others get its response, and one token is alive."""
        all_get_one_response_within_the_grace(kit, in_threads)

    def test_a_call_that_is_delivered_many_times_wins_once(self, kit: Kit) -> None:
        """FAM-13c: one call delivered many times at once is WON each time, and stored once."""
        one_call_delivered_often_wins_once(kit, in_threads)

    def test_a_revoked_grant_stays_dead_whatever_was_in_flight(self, kit: Kit) -> None:
        """FAM-06a: once `revoke_grant` returned, nothing in flight is or gets valid."""
        for _ in kit.rounds:
            family = Family(kit)

            def revoke(family: Family = family) -> None:
                kit.handle(1).tokens.revoke_grant(family.grant.grant_id, kit.now, kit.now + DAY)

            _assert_dead_after(kit, family, revoke)

    def test_a_swept_grant_stays_dead_whatever_was_in_flight(self, kit: Kit) -> None:
        """FAM-06b: once `revoke_all` returned, nothing in flight is or gets valid."""
        for turn in kit.rounds:
            family = Family(kit)
            client_id = None if turn % 3 == 0 else family.grant.client_id
            subject = None if turn % 3 == 1 else family.grant.subject

            def sweep(client_id: str | None = client_id, subject: str | None = subject) -> None:
                counted = kit.handle(1).tokens.revoke_all(
                    client_id, subject, kit.now, kit.now + DAY
                )
                assert counted == 1

            _assert_dead_after(kit, family, sweep)

    def test_reuse_kills_what_is_being_saved(self, kit: Kit) -> None:
        """FAM-06c: reuse racing saves under the grant leaves none of their tokens alive."""
        for _ in kit.rounds:
            family = Family(kit)
            family.rotated(family.first)
            more = [access_token(kit.now) for _ in range(6)]

            def save(index: int, family: Family = family, more: list[Token] = more) -> None:
                kit.handle(index).tokens.save_token(family.grant, [more[index]])

            def reuse(family: Family = family) -> None:
                assert family.rotate(family.first, index=1).outcome is REUSED

            race_amid(reuse, [partial(save, i) for i in range(6)], (GrantRevokedError,))

            assert alive_anywhere(kit, family.grant, [*more, family.access], kit.now) == []


def _assert_dead_after(kit: Kit, family: Family, revoke: Callable[[], object]) -> None:
    """Revoke while one thread rotates along the family and others save; nothing may be alive."""
    #: Each token is noted before it is sent: also one whose call is cut short counts.
    issued: list[Token] = [family.first, family.access]
    moving = Event()

    def rotate_on() -> list[Token]:
        presented = family.first
        for _ in range(100):
            successors = family.successors(presented, kit.now)
            issued.extend(successors)
            outcome = family.rotate(presented, successors=successors).outcome
            if outcome is not WON:
                assert outcome is REVOKED
                break
            presented = successors[1]
            moving.set()
        return []

    def save_on(index: int) -> list[Token]:
        with suppress(GrantRevokedError):
            for _ in range(6):
                token = access_token(kit.now)
                issued.append(token)
                kit.handle(index).tokens.save_token(family.grant, [token])
                moving.set()
        return []

    def revoke_amid() -> list[Token]:
        moving.wait(1)
        revoke()
        return alive(kit.handle(1), family.grant, list(issued), kit.now)

    answers = race([revoke_amid, rotate_on, partial(save_on, 2)])

    assert answers[0] == [], "alive although the revocation had returned"
    assert alive_anywhere(kit, family.grant, issued, kit.now) == []
