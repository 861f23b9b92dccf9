"""The role `tokens`: what a purge removes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ...errors import GrantRevokedError
from ...records import Grant, IssuedToken, RotationOutcome, Token
from ..flows import Family, alive
from ..kit import Kit
from ..races import race
from ..samples import DAY, access_token, grant, oauth1_token
from .contract import Contract, assert_purged, purge_all

__all__ = ["TokenPurge"]


class TokenPurge(Contract):
    """Never early, never what has no end, never more than asked."""

    def test_an_expired_access_token_is_purged(self, kit: Kit) -> None:
        """EXP-05d: a purge removes access tokens from `expires_at` on, and nothing else."""
        store, family = kit.first.tokens, Family(kit)
        due = [access_token(kit.now, expires_at=kit.now + 60) for _ in range(7)]
        store.save_token(family.grant, due)
        kept = access_token(kit.now, expires_at=kit.now + 61)
        store.save_token(family.grant, [kept])

        assert_purged(kit, store.purge_tokens, kit.now + 59, removed=0)
        for token in due:
            assert store.query_token(token.digest) == IssuedToken(family.grant, token)
        assert_purged(kit, store.purge_tokens, kit.now + 60, removed=7)
        for token in due:
            kit.assert_gone(store.query_token(token.digest))
        assert store.query_token(kept.digest) == IssuedToken(family.grant, kept)
        assert store.query_token(family.access.digest) is not None
        assert family.stored() == (family.first, None)

    def test_a_grant_is_purged_at_its_end_with_all_that_is_its(self, kit: Kit) -> None:
        """EXP-05e: a purge removes grants from `keep_until` on, with all their tokens."""
        store, end = kit.first.tokens, kit.now + DAY
        due = [Family(kit, keep_until=end) for _ in range(5)]
        for family in due:
            store.save_token(family.grant, [oauth1_token(kit.now)])
        kept = Family(kit, keep_until=end + 1)
        purge_all(store.purge_tokens, end - 1, 3)
        for family in due:
            assert family.stored() == (family.first, None)

        purge_all(store.purge_tokens, end, 3)
        for family in due:
            kit.assert_gone(store.query_refresh_token(family.digest))
            kit.assert_gone(store.query_token(family.access.digest))
            attempt = family.rotate(family.first, end)
            assert attempt.outcome is RotationOutcome.MISSING
        assert kept.stored() == (kept.first, None)

    def test_purged_grants_are_counted(self, kit: Kit) -> None:
        """EXP-05f: grants without tokens are counted one by one, live and revoked ones alike."""
        store, end = kit.first.tokens, kit.now + DAY
        for turn in range(7):
            given = grant(kit.now, keep_until=end)
            store.save_token(given, [])
            if turn % 2:
                store.revoke_grant(given.grant_id, kit.now, end)

        assert_purged(kit, store.purge_tokens, end - 1, removed=0)
        assert_purged(kit, store.purge_tokens, end, removed=7)

    def test_the_evidence_of_a_family_is_not_purged(self, kit: Kit) -> None:
        """EXP-05g: purges until a grant's end leave its reuse known, and its revocation."""
        store, end = kit.first.tokens, kit.now + 90 * DAY - 1
        family, revoked = Family(kit), Family(kit)
        second = family.rotated(family.first)
        third = family.rotated(second)
        store.revoke_grant(revoked.grant.grant_id, kit.now, kit.now + 99 * DAY)
        purge_all(store.purge_tokens, end, 3)

        assert family.stored()[0] == third
        assert family.rotate(family.first, end).outcome is RotationOutcome.REUSED
        assert revoked.rotate(revoked.first, end).outcome is RotationOutcome.REVOKED
        with pytest.raises(GrantRevokedError):
            store.save_token(revoked.grant, [access_token(kit.now)])

    def test_a_fence_stands_until_its_end(self, kit: Kit) -> None:
        """EXP-05h: no purge before `keep_until` removes a fence or an unsaved grant's mark."""
        store, end = kit.first.tokens, kit.now + DAY
        given, unsaved = grant(kit.now), grant(kit.now)
        store.revoke_all(None, given.subject, kit.now, end)
        store.revoke_grant(unsaved.grant_id, kit.now, end)
        assert_purged(kit, store.purge_tokens, end - 1, removed=0)

        for late in (given, unsaved):
            with pytest.raises(GrantRevokedError):
                store.save_token(late, [access_token(kit.now)])
        assert_purged(kit, store.purge_tokens, end, removed=2)

    def test_what_has_no_end_is_never_purged(self, kit: Kit) -> None:
        """EXP-06: no purge removes grants or tokens without end; OAuth 1 tokens stay (O1-03)."""
        store, far = kit.first.tokens, kit.now + 10_000 * DAY
        given, token = grant(kit.now, keep_until=None), oauth1_token(kit.now)
        store.save_token(given, [token, access_token(kit.now)])
        purge_all(store.purge_tokens, far, 3)

        assert store.query_token(token.digest) == IssuedToken(given, token)
        assert alive(kit.first, given, [token], far) == [token]

    def test_a_revoked_grant_without_end_gets_one(self, kit: Kit) -> None:
        """EXP-06b: a revocation gives an end to what had none, and moves no other end."""
        store, end = kit.first.tokens, kit.now + DAY
        for by_range in (False, True):
            given, token = grant(kit.now, keep_until=None), oauth1_token(kit.now)
            bounded, other = grant(kit.now, client_id=given.client_id), oauth1_token(kit.now)
            store.save_token(given, [token])
            store.save_token(bounded, [other])
            if by_range:
                store.revoke_all(given.client_id, None, kit.now, end)
            else:
                store.revoke_grant(given.grant_id, kit.now, end)
                store.revoke_grant(bounded.grant_id, kit.now, end)

            ended = replace(given, revoked_at=kit.now, keep_until=end)
            assert store.query_token(token.digest) == IssuedToken(ended, token)
            purge_all(store.purge_tokens, end, 3)
            kit.assert_gone(store.query_token(token.digest))
            kept = IssuedToken(replace(bounded, revoked_at=kit.now), other)
            assert store.query_token(other.digest) == kept

    def test_purges_and_traffic_do_not_disturb_each_other(self, kit: Kit) -> None:
        """CON-08c: several purges amid saves and rotations: counts add up, nothing live is lost."""
        for _ in range(max(1, len(kit.rounds) // 5)):
            later, family = kit.now + 3600, Family(kit)
            given, old = grant(kit.now), [access_token(kit.now) for _ in range(20)]
            kit.first.tokens.save_token(given, old)
            new = [(grant(later), access_token(later)) for _ in range(4)]

            def purge(index: int, later: int = later) -> int:
                return kit.handle(index).tokens.purge_tokens(later, 7).count

            def save(index: int, new: list[tuple[Grant, Token]] = new) -> int:
                kit.handle(index).tokens.save_token(new[index][0], [new[index][1]])
                return 0

            def rotate(family: Family = family, later: int = later) -> int:
                assert family.rotate(family.first, later).outcome is RotationOutcome.WON
                return 0

            calls = [partial(purge, i) for i in range(4)]
            answers = race([*calls, *(partial(save, i) for i in range(4)), rotate])
            removed = sum(count for count in answers if isinstance(count, int))
            removed += purge_all(kit.first.tokens.purge_tokens, later, 50)

            # The family's own expired token goes with the rotation, or with a purge before it.
            assert removed in {20, 21} or kit.capabilities.native_ttl
            for one, token in new:
                assert alive(kit.first, one, [token], later) == [token]
            assert family.stored()[1] is not None

    def test_purges_of_grants_at_once_count_each_grant_once(self, kit: Kit) -> None:
        """CON-08l: of grants that several purges find at once, each is removed and counted once."""
        for _ in range(max(1, len(kit.rounds) // 5)):
            for _ in range(12):
                kit.first.tokens.save_token(grant(kit.now, keep_until=kit.now + 9), [])
            counts = race(
                [
                    partial(lambda i: kit.handle(i).tokens.purge_tokens(kit.now + 9, 5).count, i)
                    for i in range(4)
                ]
            )
            removed = sum(count for count in counts if isinstance(count, int))
            removed += purge_all(kit.first.tokens.purge_tokens, kit.now + 9, 5)

            assert removed == 12 or kit.capabilities.native_ttl

    def test_far_times_are_safe(self, kit: Kit) -> None:
        """EXP-08b: times up to the year 9999, and from 1970, are times like any other."""
        store, end = kit.first.tokens, 253_402_300_799
        given, token = grant(kit.now, keep_until=end), access_token(kit.now, expires_at=end)
        store.save_token(given, [token])
        store.purge_tokens(end - 1, 10)
        assert alive(kit.first, given, [token], end - 1) == [token]
        if not kit.capabilities.native_ttl:
            early, old = grant(0, keep_until=10), access_token(0, expires_at=5)
            store.save_token(early, [old])
            assert store.query_token(old.digest) == IssuedToken(early, old)
            assert store.purge_tokens(4, 10).count == 0
            assert store.purge_tokens(5, 10).count == 1
