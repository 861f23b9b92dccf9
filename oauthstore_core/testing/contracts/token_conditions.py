"""The role `tokens`: conditions of its verbs that only unlikely records decide."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

from ...errors import DuplicateError, GrantRevokedError
from ...judgement import ACCESS_TOKENS_PER_GRANT
from ...records import IssuedToken, RefreshFamily, RotationOutcome, Token
from .. import deeds
from ..flows import Family, saved_grant
from ..kit import Kit
from ..samples import DAY, access_token, credential, fresh, grant, oauth1_token, refresh_token
from .contract import Contract, all_pages, purge_all

__all__ = ["FamilyConditions", "PurgeConditions", "SurplusConditions"]


class FamilyConditions(Contract):
    """Families without ends, without tokens, and under somebody else's name."""

    def test_what_has_no_end_is_rotated(self, kit: Kit) -> None:
        """FAM-10e: without `keep_until` and `expires_at` a family is rotated again and again."""
        store, far = kit.first.tokens, kit.now + 10_000 * DAY
        given = grant(kit.now, family=fresh(), keep_until=None)
        tokens = [replace(refresh_token(kit.now), expires_at=None) for _ in range(4)]
        store.save_token(given, tokens[:1])
        for presented, successor in pairwise(tokens):
            rotation = store.rotate_refresh_token(
                str(given.family), presented.digest, given.client_id, [successor], b"", far, 0
            )

            assert rotation.outcome is RotationOutcome.WON
            found = store.query_refresh_token(str(given.family))
            assert found is not None
            assert found.current == successor

    def test_a_family_without_a_token_is_none(self, kit: Kit) -> None:
        """FAM-17: a family that was saved without a refresh token is not found, nor rotated."""
        store, family = kit.first.tokens, fresh()
        store.save_token(grant(kit.now, client_id="c", family=family), [access_token(kit.now)])
        new = refresh_token(kit.now)

        assert store.query_refresh_token(family) is None
        for digest in (new.digest, fresh()):
            rotation = store.rotate_refresh_token(family, digest, "c", [new], None, kit.now, 60)
            assert rotation.outcome is RotationOutcome.MISSING
        assert store.query_refresh_token(family) is None

    def test_a_grant_keeps_its_family(self, kit: Kit) -> None:
        """RT-06h: a later save that names another family changes nothing of the first."""
        family, other = Family(kit), fresh()
        before = family.snapshot()
        more = access_token(kit.now)
        kit.first.tokens.save_token(replace(family.grant, family=other), [more])

        assert family.snapshot() == before
        assert kit.first.tokens.query_refresh_token(other) is None
        assert kit.first.tokens.query_token(more.digest) == IssuedToken(family.grant, more)

    def test_a_family_gets_no_second_token_from_a_save_that_names_none(self, kit: Kit) -> None:
        """RT-02s: a second refresh token is refused also where the save names no family."""
        family, new = Family(kit), access_token(kit.now)
        before, nameless = family.snapshot(), replace(family.grant, family=None)
        with pytest.raises(DuplicateError):
            kit.first.tokens.save_token(nameless, [new, refresh_token(kit.now)])

        assert kit.first.tokens.query_token(new.digest) is None
        assert family.snapshot() == before

    def test_a_refused_save_takes_no_grant_away(self, kit: Kit) -> None:
        """RT-06j: a refused save leaves each grant whose tokens were purged, its own and others."""
        store, given, taken = kit.first.tokens, grant(kit.now), saved_grant(kit)[1]
        store.save_token(given, [access_token(kit.now, expires_at=kit.now + 9)])
        store.purge_tokens(kit.now + 9, 9)
        for other in (given, grant(kit.now)):
            with pytest.raises(DuplicateError):
                store.save_token(other, [taken])

        assert list(store.list_grants(given.client_id, None, None, 5).items) == [given]

    def test_the_saved_grant_decides(self, kit: Kit) -> None:
        """RT-06i: a fence stops a grant by its stored `granted_at`, not by a later save's."""
        store, given, token = kit.first.tokens, grant(kit.now + 10), access_token(kit.now)
        store.revoke_all(given.client_id, None, kit.now, kit.now + DAY)
        store.save_token(given, [])
        store.save_token(replace(given, granted_at=kit.now), [token])

        assert store.query_token(token.digest) == IssuedToken(given, token)

    def test_a_revoked_presentation_comes_with_its_token(self, kit: Kit) -> None:
        """FAM-04c: REVOKED brings the presented token, the current one and its predecessor."""
        family = Family(kit)
        second = family.rotated(family.first)
        kit.first.tokens.revoke_grant(family.grant.grant_id, kit.now, kit.now + DAY)
        current, previous = family.stored()

        assert current == second
        for presented, stored in ((second, current), (family.first, previous)):
            rotation = family.rotate(presented).rotation
            assert rotation.outcome is RotationOutcome.REVOKED
            assert rotation.token == stored
        assert family.rotate(refresh_token(kit.now)).rotation.token is None

    def test_a_grant_that_is_saved_revoked_is_refused(self, kit: Kit) -> None:
        """REV-07m: a new grant with `revoked_at` is refused, and nothing of it is stored."""
        given, token = grant(kit.now, revoked_at=kit.now), access_token(kit.now)
        with pytest.raises(GrantRevokedError):
            kit.first.tokens.save_token(given, [token])

        assert kit.first.tokens.query_token(token.digest) is None
        live = replace(given, revoked_at=None)
        kit.first.tokens.save_token(live, [token])
        assert kit.first.tokens.query_token(token.digest) == IssuedToken(live, token)

    def test_a_sweep_leaves_no_mark_on_what_was_refused(self, kit: Kit) -> None:
        """REV-07q: a sweep amid a refused save and a later grant of its id stops only the first."""
        store, taken = kit.first.tokens, saved_grant(kit)[1]
        given, token = grant(kit.now), access_token(kit.now)
        later = replace(given, granted_at=kit.now + 2)
        with pytest.raises(DuplicateError):
            store.save_token(given, [taken])
        store.revoke_all(given.client_id, None, kit.now + 1, kit.now + DAY)

        with pytest.raises(GrantRevokedError):
            store.save_token(given, [token])
        store.save_token(later, [token])
        assert store.query_token(token.digest) == IssuedToken(later, token)

    def test_a_fence_stands_until_the_latest_of_its_ends(self, kit: Kit) -> None:
        """REV-07n: a later sweep with a later end keeps the fence until then, and not longer."""
        store, given = kit.first.tokens, grant(kit.now)
        for end in (kit.now + DAY, kit.now + 2 * DAY):
            store.revoke_all(given.client_id, None, kit.now, end)
        purge_all(store.purge_tokens, kit.now + 2 * DAY - 1, 3)

        with pytest.raises(GrantRevokedError):
            store.save_token(given, [])
        purge_all(store.purge_tokens, kit.now + 2 * DAY, 3)
        if not kit.capabilities.native_ttl:
            store.save_token(given, [])

    def test_a_revocation_is_told_before_a_family(self, kit: Kit) -> None:
        """REV-07p: a second family is refused by GrantRevokedError where the grant is revoked."""
        families = [Family(kit, grant_id=f"{place}{fresh()[1:]}") for place in "048c"]
        revoked = families.pop(1)
        kit.first.tokens.revoke_grant(revoked.grant.grant_id, kit.now, kit.now + DAY)
        with pytest.raises(GrantRevokedError):
            kit.first.tokens.save_token(revoked.grant, [refresh_token(kit.now)])

        for family in families:
            with pytest.raises(DuplicateError):
                kit.first.tokens.save_token(family.grant, [refresh_token(kit.now)])

    def test_what_reuse_revoked_gets_an_end(self, kit: Kit) -> None:
        """REV-02b: revoking a grant that reuse has revoked gives it an end, and no new mark."""
        family = Family(kit, keep_until=None)
        family.rotate(refresh_token(kit.now))
        assert family.revoked_at() == kit.now
        kit.first.tokens.revoke_grant(family.grant.grant_id, kit.now + 5, kit.now + DAY)

        ended = replace(family.grant, revoked_at=kit.now, keep_until=kit.now + DAY)
        found = kit.first.tokens.query_refresh_token(family.digest)
        assert found == RefreshFamily(ended, family.first, None)


class SurplusConditions(Contract):
    """Which tokens a write drops, where the order of the writes and of time differ."""

    def test_what_is_added_late_counts_as_the_newest(self, kit: Kit) -> None:
        """IDX-06f: beyond 32 the stored token of the oldest `issued_at` goes, not the added one."""
        store, given, start = kit.first.tokens, grant(kit.now), kit.now + 100
        tokens = [access_token(start - i) for i in range(ACCESS_TOKENS_PER_GRANT)]
        for token in tokens:
            store.save_token(given, [token])
        late = access_token(kit.now)
        store.save_token(given, [late])

        assert self.kept(kit, [*tokens, late]) == [*tokens[:-1], late]

    def test_others_of_a_grant_take_no_room(self, kit: Kit) -> None:
        """IDX-06g: what is no access token, or never expires, is no reason to drop one."""
        store, given = kit.first.tokens, grant(kit.now)
        tokens = [access_token(kit.now) for _ in range(ACCESS_TOKENS_PER_GRANT)]
        store.save_token(given, tokens)
        others = [
            oauth1_token(kit.now),
            access_token(kit.now, expires_at=None),
            Token(fresh(), "x-ticket", kit.now, kit.now + 5),
        ]
        for other in others:
            store.save_token(given, [other])
        store.save_token(given, [])

        assert self.kept(kit, [*tokens, *others]) == [*tokens, *others]
        store.save_token(given, [oauth1_token(kit.now + 60)])
        assert self.kept(kit, others) == others

    def test_the_tokens_of_other_grants_take_no_room(self, kit: Kit) -> None:
        """IDX-06h: newer tokens of another grant are no reason to drop those of this one."""
        store, given, other = kit.first.tokens, grant(kit.now), grant(kit.now)
        tokens = [access_token(kit.now + i) for i in range(ACCESS_TOKENS_PER_GRANT)]
        store.save_token(given, tokens)
        store.save_token(other, [access_token(kit.now + 99) for _ in tokens])
        new = access_token(kit.now + 50)
        store.save_token(given, [new])

        assert self.kept(kit, [*tokens, new]) == [*tokens[1:], new]

    def test_expired_tokens_take_no_room(self, kit: Kit) -> None:
        """IDX-06i: what has expired, to the second, goes itself, and drives no live token out."""
        store, later = kit.first.tokens, kit.now + 60
        for expired in (4, 1):
            given = grant(kit.now)
            living = [access_token(kit.now) for _ in range(ACCESS_TOKENS_PER_GRANT - expired)]
            brief = [access_token(kit.now + 1, expires_at=later - i % 2) for i in range(expired)]
            store.save_token(given, [*living, *brief])
            new = access_token(later)
            store.save_token(given, [new])

            assert self.kept(kit, [*living, *brief, new]) == [*living, new]

    def test_a_full_save_drops_all_before_it(self, kit: Kit) -> None:
        """IDX-06j: 32 access tokens in one save leave none of those before; an end goes, too."""
        store, given = kit.first.tokens, grant(kit.now)
        old = [access_token(kit.now) for _ in range(3)]
        new = [access_token(kit.now) for _ in range(ACCESS_TOKENS_PER_GRANT)]
        store.save_token(given, old)
        store.save_token(given, new)
        assert self.kept(kit, [*old, *new]) == new

        edge = access_token(kit.now, expires_at=kit.now + 9)
        store.save_token(given := grant(kit.now), [edge])
        store.save_token(given, [access_token(kit.now + 9)])
        assert self.kept(kit, [edge]) == []

    def test_a_redemption_drops_as_a_save_does(self, kit: Kit) -> None:
        """IDX-06k: a redemption drops the expired access tokens of a grant that was there."""
        kit.require_redeeming()
        code, new = credential(kit.now), access_token(kit.now)
        given = grant(kit.now, grant_id=code.grant_id, client_id=code.client_id)
        expired = access_token(kit.now - 99, expires_at=kit.now)
        kit.first.credentials.save_credential(code, kit.now)
        kit.first.tokens.save_token(given, [expired])
        deeds.redeem(code, given, [new], kit.now)(kit.first)

        assert self.kept(kit, [expired, new]) == [new]

    @staticmethod
    def kept(kit: Kit, tokens: list[Token]) -> list[Token]:
        """Return which of the tokens are still there."""
        return [t for t in tokens if kit.first.tokens.query_token(t.digest) is not None]


class PurgeConditions(Contract):
    """Purges of several kinds of records at once, and what they leave."""

    def test_one_limit_holds_for_all_kinds_of_records(self, kit: Kit) -> None:
        """EXP-05i: tokens, grants and fences count together: a purge obeys one limit."""
        store, end = kit.first.tokens, kit.now + DAY
        for turn in range(1, 5):
            self.fill(kit, end)
            total = purge_all(store.purge_tokens, end, turn)

            # Some stores remove a grant's access tokens with it, others before it.
            assert total in {12, 16} or kit.capabilities.native_ttl

    def fill(self, kit: Kit, end: int) -> None:
        """Save tokens, grants and fences that are due at `end`, four of each."""
        store, living = kit.first.tokens, grant(kit.now)
        store.save_token(living, [access_token(kit.now, expires_at=end) for _ in range(4)])
        for _ in range(4):
            store.save_token(
                grant(kit.now, keep_until=end), [access_token(kit.now, expires_at=end + 9)]
            )
            store.revoke_all(None, f"subject-{fresh()}", kit.now, end)

    def test_a_purged_grant_leaves_nothing(self, kit: Kit) -> None:
        """EXP-05j: no verb finds a purged grant, and all of its names may be used anew."""
        store, end = kit.first.tokens, kit.now + DAY
        names = grant(kit.now, keep_until=end)
        kept = replace(names, grant_id=fresh(), keep_until=end + DAY)
        nobody = grant(kit.now, subject=None, keep_until=end)
        long = [access_token(kit.now, expires_at=end + 9), oauth1_token(kit.now)]
        store.save_token(kept, [])
        store.save_token(nobody, [])
        store.save_token(names, long)
        store.purge_tokens(end, 100)

        for client_id, subject in (
            (names.client_id, None),
            (None, names.subject),
            (names.client_id, names.subject),
        ):
            ask = partial(store.list_grants, client_id, subject)
            assert kit.capabilities.native_ttl or all_pages(ask, 5) == [kept]
        purge_all(store.purge_tokens, end + 9, 3)
        if not kit.capabilities.native_ttl:
            store.save_token(replace(names, grant_id=fresh(), keep_until=end + DAY), long)
            assert store.revoke_all(names.client_id, None, end, end + DAY) == 2
            assert store.revoke_all(nobody.client_id, None, end, end + DAY) == 0

    def test_a_dropped_token_is_not_purged_again(self, kit: Kit) -> None:
        """EXP-05k: what a write has dropped is passed over by the purge that finds its time."""
        store, given = kit.first.tokens, grant(kit.now)
        store.save_token(given, [access_token(kit.now, expires_at=kit.now + 9)])
        store.save_token(given, [access_token(kit.now + 9)])

        assert store.purge_tokens(kit.now + 9, 5).count == 0
