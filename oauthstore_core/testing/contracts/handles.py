"""One handle, used by many: by threads at once, and on both sides of a fork."""

from __future__ import annotations

import os
from collections import Counter
from functools import partial

import pytest

from ...records import Claim, ClaimOutcome, RotationOutcome
from .. import deeds
from ..crashes import nursery, use_across_a_fork
from ..deeds import Deed
from ..flows import Family, alive
from ..kit import Kit
from ..races import RACERS, race
from ..samples import access_token, credential, fresh, grant, refresh_token
from .contract import Contract

__all__ = ["CredentialHandles", "NonceHandles", "TokenHandles"]

#: How many calls both sides of a fork make.
_CALLS = 12


class TokenHandles(Contract):
    """Grants and families, through one handle."""

    def test_threads_share_a_handle(self, kit: Kit) -> None:
        """CON-07a: threads that share one handle each get the answers to their own calls."""

        def live(_: int) -> bool:
            given = grant(kit.now, family=fresh())
            access, refresh = access_token(kit.now), refresh_token(kit.now)
            deeds.save_token(given, [access, refresh])(kit.first)
            brought = [access_token(kit.now), refresh_token(kit.now, generation=1)]
            rotation = deeds.rotate(given, refresh, brought, kit.now)(kit.first)
            assert getattr(rotation, "outcome", None) is RotationOutcome.WON
            assert alive(kit.first, given, [access, *brought], kit.now) == [access, *brought]
            deeds.revoke_grant(given, kit.now)(kit.first)
            return alive(kit.first, given, [access, *brought], kit.now) == []

        for _ in range(max(1, len(kit.rounds) // 10)):
            assert race([partial(live, i) for i in range(RACERS)]) == [True] * RACERS

    def test_a_fork_shares_a_handle(self, kit: Kit) -> None:
        """CON-07b: parent and child of a fork that use one handle agree on who rotates."""
        families = [Family(kit) for _ in range(_CALLS)]
        rotations = [
            deeds.rotate(f.grant, f.first, f.successors(f.first, kit.now), kit.now, 60)
            for f in families
        ]
        first = deeds.save_token(grant(kit.now), [access_token(kit.now)])

        # Both deliver the same rotation: each is told WON, and it is stored once.
        for told in _across_a_fork(kit, first, rotations):
            assert {getattr(answer, "outcome", None) for answer in told} == {RotationOutcome.WON}
        for family in families:
            assert family.stored()[0].generation == 1


class CredentialHandles(Contract):
    """Credentials, through one handle."""

    def test_a_fork_shares_a_handle(self, kit: Kit) -> None:
        """CON-07c: of the claims of parent and child of a fork, on one handle, one is WON."""
        codes = [credential(kit.now) for _ in range(_CALLS)]
        for code in codes:
            kit.first.credentials.save_credential(code, kit.now)
        first = deeds.save_credential(credential(kit.now), kit.now)

        claims = [deeds.claim(code, kit.now) for code in codes]
        for pair in zip(*_across_a_fork(kit, first, claims), strict=True):
            outcomes = Counter(claim.outcome for claim in pair if isinstance(claim, Claim))
            assert outcomes == {ClaimOutcome.WON: 1, ClaimOutcome.ALREADY_USED: 1}


class NonceHandles(Contract):
    """Nonces, through one handle."""

    def test_a_fork_shares_a_handle(self, kit: Kit) -> None:
        """CON-07d: of the uses of a nonce by parent and child of a fork one is the first."""
        uses = [deeds.claim_nonce(fresh(), kit.now + 300, kit.now) for _ in range(_CALLS)]
        first = deeds.claim_nonce(fresh(), kit.now + 300, kit.now)

        for pair in zip(*_across_a_fork(kit, first, uses), strict=True):
            assert Counter(pair) == {True: 1, False: 1}


def _across_a_fork(
    kit: Kit, first: Deed, calls: list[deeds.Call]
) -> tuple[list[object], list[object]]:
    """Return what the parent was told, and what the child."""
    if not hasattr(os, "fork"):
        pytest.skip("this platform has no fork")
    told = nursery().run(kit, use_across_a_fork, first, calls)
    assert told is not None, "the parent of a fork was killed"
    both = told.heard()
    assert isinstance(both, tuple)
    ours, theirs = ([each.heard() for each in side] for side in both)
    return ours, theirs
