"""The role `tokens`: refresh families, one call after another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ...errors import DuplicateError
from ...records import Rotation, RotationOutcome, Token, TokenState
from ...sealing import open_with_handle, seal_with_handle
from ..flows import Family, alive, alive_anywhere, rotated_record
from ..kit import Kit
from ..races import generations
from ..samples import DAY, access_token, fresh, refresh_token
from .contract import Contract

__all__ = ["FamilyEvidence", "FamilyGrace", "FamilyRotation"]

MISSING, REVOKED = RotationOutcome.MISSING, RotationOutcome.REVOKED
GRACE, REUSED = RotationOutcome.GRACE, RotationOutcome.REUSED
EXPIRED, WON = RotationOutcome.EXPIRED, RotationOutcome.WON


class FamilyEvidence(Contract):
    """Reuse is recognised, whichever old secret is presented."""

    def test_reuse_outside_the_grace_revokes_everything(self, kit: Kit) -> None:
        """FAM-02a: the predecessor presented without grace is REUSED, and all tokens are dead."""
        family = Family(kit)
        won = family.rotate(family.first, kit.now + 1)
        reuse = family.rotate(family.first, kit.now + 2)

        assert reuse.outcome is REUSED
        assert reuse.rotation.token == rotated_record(family.first, kit.now + 1)
        assert reuse.rotation.sealed_response is None
        assert family.revoked_at() == kit.now + 2
        issued = [family.first, family.access, *won.issued, *reuse.issued]
        assert alive_anywhere(kit, family.grant, issued, kit.now + 2) == []
        for token in reuse.issued:
            assert kit.first.tokens.query_token(token.digest) is None

    def test_a_secret_that_was_never_issued_is_reuse(self, kit: Kit) -> None:
        """FAM-02b: a known family with any other secret is REUSED, and revoked."""
        family = Family(kit)
        guess = family.rotate(refresh_token(kit.now), kit.now + 1)

        assert guess.outcome is REUSED
        assert guess.rotation.token is None
        assert alive_anywhere(kit, family.grant, [family.first, family.access], kit.now) == []
        assert family.rotate(family.first, kit.now + 2).outcome is REVOKED

    def test_a_revoked_familys_first_end_stays(self, kit: Kit) -> None:
        """FAM-02c: after reuse every secret is REVOKED, and the first `revoked_at` stays."""
        family = Family(kit)
        second = family.rotated(family.first)
        family.rotate(family.first, kit.now + 1)

        for presented in (second, family.first, refresh_token(kit.now)):
            attempt = family.rotate(presented, kit.now + 9, grace=3600)
            assert attempt.outcome is REVOKED
            assert attempt.rotation.sealed_response is None
        assert family.revoked_at() == kit.now + 1

    def test_a_family_stays_as_small_as_it_was(self, kit: Kit) -> None:
        """FAM-11: after 1,000 generations two refresh tokens are known, and the third is reuse."""
        family, store = Family(kit), kit.first.tokens
        tokens, access = [family.first], [family.access]
        for _ in range(generations()):
            attempt = family.rotate(tokens[-1])
            assert attempt.outcome is WON
            tokens.append(attempt.successor)
            access.extend(attempt.access)

        assert family.stored() == (tokens[-1], rotated_record(tokens[-2], kit.now))
        assert tokens[-1].generation == generations()
        kept = [token for token in access if store.query_token(token.digest) is not None]
        assert len(kept) <= 32
        assert family.rotate(tokens[2], grace=3600).outcome is REUSED
        assert alive(kit.first, family.grant, [tokens[-1], *kept], kit.now) == []

    def test_two_families_of_one_consent_are_independent(self, kit: Kit) -> None:
        """FAM-12: reuse in one family leaves another of the same client and subject alive."""
        one = Family(kit, client_id="client", subject="subject")
        two = Family(kit, client_id="client", subject="subject")
        one.rotated(one.first)
        assert one.rotate(one.first).outcome is REUSED

        assert alive_anywhere(kit, two.grant, [two.access], kit.now) == [two.access] * 3
        foreign = two.rotate(one.first)
        assert foreign.outcome is REUSED

    def test_another_client_learns_and_changes_nothing(self, kit: Kit) -> None:
        """FAM-14: another client is told MISSING whatever it presents, and nothing is revoked."""
        family = Family(kit, client_id="Client-1")
        second = family.rotated(family.first)
        before = family.snapshot()
        for thief in ("client-1", "Client-1 ", "Client", "", "other"):
            for presented in (second, family.first, refresh_token(kit.now)):
                attempt = family.rotate(presented, grace=60, client_id=thief)
                assert attempt.outcome is MISSING
                assert attempt.rotation.token is None
                assert attempt.rotation.sealed_response is None

        assert family.snapshot() == before
        assert family.rotate(second).outcome is WON

    def test_past_its_end_a_family_is_missing(self, kit: Kit) -> None:
        """FAM-10a: from the grant's `keep_until` on every secret is MISSING; nothing is written."""
        end = kit.now + 100
        for revoked in (False, True):
            family = Family(kit, keep_until=end)
            second = family.rotated(family.first)
            if revoked:
                kit.first.tokens.revoke_grant(family.grant.grant_id, kit.now, end)
            before = family.snapshot()
            for presented in (second, family.first, refresh_token(kit.now)):
                assert family.rotate(presented, end, grace=3600).outcome is MISSING
            assert family.snapshot() == before

            last = family.rotate(second, end - 1)
            assert last.outcome is (REVOKED if revoked else WON)

    def test_the_absolute_end_is_fixed(self, kit: Kit) -> None:
        """FAM-10b: neither a rotation nor a later save moves the grant's `keep_until`."""
        family = Family(kit, keep_until=kit.now + DAY)
        second = family.rotated(family.first)
        later = replace(family.grant, keep_until=kit.now + 9 * DAY)
        kit.first.tokens.save_token(later, [access_token(kit.now)])
        family.rotated(second)

        found = kit.first.tokens.query_refresh_token(family.digest)
        assert found is not None
        assert found.grant == family.grant


class FamilyGrace(Contract):
    """What the immediate predecessor gets, for a while."""

    def test_the_predecessor_gets_the_winners_response(self, kit: Kit) -> None:
        """FAM-03a: within the grace the predecessor gets the winner's response; no write."""
        family = Family(kit)
        won = family.rotate(family.first, kit.now + 1, grace=10)
        before = family.snapshot()
        for index, _ in enumerate(kit.handles):
            again = family.rotate(family.first, kit.now + 2, grace=10, index=index)

            assert again.outcome is GRACE
            assert again.rotation.sealed_response == won.sealed
            assert again.rotation.token == rotated_record(family.first, kit.now + 1)
            for token in again.access:
                assert kit.first.tokens.query_token(token.digest) is None
        assert family.snapshot() == before

    def test_the_grace_is_for_the_immediate_predecessor_only(self, kit: Kit) -> None:
        """FAM-03b: a grandparent is REUSED, however long the grace."""
        family = Family(kit)
        second = family.rotated(family.first, grace=3600)
        third = family.rotated(second, grace=3600)
        attempt = family.rotate(family.first, grace=3600)

        assert attempt.outcome is REUSED
        assert attempt.rotation.token is None
        assert alive_anywhere(kit, family.grant, [third, family.access], kit.now) == []

    def test_the_grace_ends_to_the_second(self, kit: Kit) -> None:
        """FAM-03c: grace while `now < rotated_at + grace`, then reuse; none with grace 0."""
        for grace, late, outcome in (
            (10, 9, GRACE),
            (10, 10, REUSED),
            (1, 0, GRACE),
            (0, 0, REUSED),
        ):
            family = Family(kit)
            family.rotated(family.first, kit.now + 5, grace)

            attempt = family.rotate(family.first, kit.now + 5 + late, grace)
            assert attempt.outcome is outcome, (grace, late)
            assert (family.revoked_at() is None) is (outcome is GRACE), (grace, late)

    def test_there_is_no_grace_for_the_revoked(self, kit: Kit) -> None:
        """FAM-04: in a revoked family the predecessor is REVOKED, and its response is gone."""
        for sweep in (False, True):
            family = Family(kit)
            family.rotated(family.first, grace=60)
            if sweep:
                kit.first.tokens.revoke_all(None, family.grant.subject, kit.now, kit.now + DAY)
            else:
                kit.first.tokens.revoke_grant(family.grant.grant_id, kit.now, kit.now + DAY)
            attempt = family.rotate(family.first, grace=60)

            assert attempt.outcome is REVOKED
            assert attempt.rotation.sealed_response is None

    def test_the_response_opens_for_its_holder_only(self, kit: Kit) -> None:
        """FAM-05a: the sealed response comes back to the byte and opens under the old handle."""
        family, store = Family(kit), kit.first.tokens
        sealed = seal_with_handle("rt_old", b'{"access_token":"at_1"}', family.digest)
        call = (family.digest, family.first.digest, family.grant.client_id)
        store.rotate_refresh_token(
            *call, [refresh_token(kit.now, generation=1)], sealed, kit.now, 60
        )
        again = store.rotate_refresh_token(
            *call, [refresh_token(kit.now, generation=1)], b"other", kit.now, 60
        )

        assert again.sealed_response is not None
        opened = open_with_handle("rt_old", again.sealed_response, family.digest)
        assert opened == b'{"access_token":"at_1"}'

    def test_each_rotation_keeps_its_own_response(self, kit: Kit) -> None:
        """FAM-05b: a rotation replaces the older sealed response, also by none."""
        family, store = Family(kit), kit.first.tokens
        second = family.rotate(family.first, grace=60)
        third = family.rotate(second.successor, grace=60)
        again = family.rotate(second.successor, grace=60)
        assert again.rotation.sealed_response == third.sealed

        call = (family.digest, third.successor.digest, family.grant.client_id)
        for outcome in (WON, GRACE):
            rotation = store.rotate_refresh_token(
                *call, [refresh_token(kit.now, generation=3)], None, kit.now, 60
            )
            assert rotation.outcome is outcome
            assert rotation.sealed_response is None

    def test_a_grace_does_not_prolong_itself(self, kit: Kit) -> None:
        """FAM-08: using the grace neither extends it nor ends it."""
        family = Family(kit)
        family.rotated(family.first, grace=10)
        for late in (1, 5, 9):
            assert family.rotate(family.first, kit.now + late, grace=10).outcome is GRACE

        assert family.rotate(family.first, kit.now + 10, grace=10).outcome is REUSED


class FamilyRotation(Contract):
    """Every outcome of a rotation, in its order."""

    def test_a_rotation_replaces_the_token(self, kit: Kit) -> None:
        """FAM-09a: rotations within one second are ordered by generation, each WON in its turn."""
        family = Family(kit)
        presented = family.first
        for generation in range(1, 6):
            attempt = family.rotate(presented, index=generation)
            assert attempt.rotation == Rotation(WON, presented)
            for handle in kit.handles:
                assert family.stored(handle) == (
                    attempt.successor,
                    rotated_record(presented, kit.now),
                )
            presented = attempt.successor

        assert presented.generation == 5
        assert alive(kit.first, family.grant, [presented], kit.now) == [presented]

    def test_a_clock_that_steps_back_changes_nothing(self, kit: Kit) -> None:
        """FAM-09b: a rotation at an earlier time than the one before is WON as any other."""
        family = Family(kit)
        second = family.rotated(family.first, kit.now + 50, grace=10)
        third = family.rotated(second, kit.now - 50, grace=10)

        assert family.stored() == (third, rotated_record(second, kit.now - 50))
        assert family.rotate(second, kit.now - 41, grace=10).outcome is GRACE
        assert family.rotate(family.first, kit.now + 51, grace=10).outcome is REUSED

    def test_a_refresh_token_expires_to_the_second(self, kit: Kit) -> None:
        """FAM-10c: EXPIRED from `expires_at` on, and nothing is written; WON one second before."""
        family = Family(kit)
        end = family.first.expires_at or 0
        before = family.snapshot()
        for moment in (end, end + DAY):
            attempt = family.rotate(family.first, moment)
            assert attempt.rotation == Rotation(EXPIRED, family.first)
            assert kit.first.tokens.query_token(attempt.access[0].digest) is None

        assert family.snapshot() == before
        assert family.rotate(family.first, end - 1).outcome is WON

    def test_a_refresh_token_without_expiry_never_expires(self, kit: Kit) -> None:
        """FAM-10d: a refresh token without expiry rotates until the grant ends."""
        family = Family(kit)
        endless = refresh_token(kit.now, generation=1, expires_at=None)
        family.rotate(family.first, successors=[endless])

        assert family.rotate(endless, kit.now + 89 * DAY).outcome is WON

    def test_reuse_comes_before_expiry(self, kit: Kit) -> None:
        """FAM-15a: an old or unknown secret is REUSED also when the current token has expired."""
        for unknown in (False, True):
            family = Family(kit)
            second = family.rotated(family.first)
            presented = refresh_token(kit.now) if unknown else family.first
            attempt = family.rotate(presented, second.expires_at, grace=60)

            assert attempt.outcome is REUSED
            assert family.revoked_at() == second.expires_at

    def test_revoked_comes_before_everything_but_missing(self, kit: Kit) -> None:
        """FAM-15b: in a revoked family each secret is REVOKED, expired or not."""
        family = Family(kit)
        won = family.rotate(family.first)
        kit.first.tokens.revoke_grant(family.grant.grant_id, kit.now, kit.now + DAY)
        late = won.successor.expires_at
        before = family.snapshot()

        assert family.rotate(won.successor).outcome is REVOKED
        assert family.rotate(won.successor, late).outcome is REVOKED
        assert family.rotate(refresh_token(kit.now)).outcome is REVOKED
        repeated = family.rotate(family.first, successors=[*won.issued])
        assert repeated.outcome is REVOKED
        assert family.rotate(won.successor, client_id="other").outcome is MISSING
        assert family.snapshot() == before

    def test_a_refused_rotation_leaves_the_token_usable(self, kit: Kit) -> None:
        """FAM-13a: a successor whose digest exists raises DuplicateError; nothing is written."""
        family, other = Family(kit), Family(kit)
        before, neighbour = family.snapshot(), other.snapshot()
        new = access_token(kit.now)
        for taken in (family.access, other.access):
            stolen = replace(taken, payload="stolen")
            with pytest.raises(DuplicateError):
                family.rotate(
                    family.first, successors=[new, stolen, refresh_token(kit.now, generation=1)]
                )

        assert family.snapshot() == before
        assert other.snapshot() == neighbour
        assert kit.first.tokens.query_token(new.digest) is None
        assert family.rotate(family.first).outcome is WON

    def test_a_repeated_delivery_is_no_reuse(self, kit: Kit) -> None:
        """FAM-13b: the winner's own call, delivered again, is WON again, and nothing is written."""
        family = Family(kit)
        successors: list[Token] = family.successors(family.first, kit.now)
        won = family.rotate(family.first, kit.now, successors=successors)
        before = family.snapshot()
        for index, _ in enumerate(kit.handles):
            again = family.rotate(family.first, kit.now + 1, successors=successors, index=index)

            assert again.outcome is WON
            assert again.rotation.token == replace(family.first, state=TokenState.ACTIVE)
        assert family.snapshot() == before
        assert alive(kit.first, family.grant, won.issued, kit.now) == list(won.issued)

    def test_only_refresh_tokens_are_required_of_successors(self, kit: Kit) -> None:
        """FAM-16: a rotation may bring no access token at all, or several."""
        family = Family(kit)
        second = family.rotate(family.first, successors=[refresh_token(kit.now, generation=1)])
        several = [access_token(kit.now) for _ in range(3)]
        third = family.rotate(
            second.successor, successors=[*several, refresh_token(kit.now, generation=2)]
        )

        assert third.outcome is WON
        assert alive(kit.first, family.grant, several, kit.now) == several
        assert kit.first.tokens.query_token(fresh()) is None
