"""The role `tokens`: what ends when, what a write drops, what is listed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ...judgement import ACCESS_TOKENS_PER_GRANT
from ...records import IssuedToken, RotationOutcome
from ..flows import Family, alive, saved_grant
from ..kit import Kit
from ..samples import DAY, access_token, fresh, grant, oauth1_token
from .contract import Contract, all_pages

__all__ = ["GrantPages", "TokenExpiry"]


class TokenExpiry(Contract):
    """Expired at read; a write drops what nobody can use."""

    def test_an_expired_token_is_answered_as_it_is(self, kit: Kit) -> None:
        """EXP-03d: a token that has expired is answered as it was stored."""
        given, token = saved_grant(kit)
        ended, old = saved_grant(kit, keep_until=kit.now + 1)
        for found in (kit.first.tokens.query_token(t.digest) for t in (token, old)):
            assert found in {IssuedToken(given, token), IssuedToken(ended, old)}

        assert alive(kit.first, given, [token], kit.now + 3599) == [token]
        assert alive(kit.first, given, [token], kit.now + 3600) == []
        assert alive(kit.first, ended, [old], kit.now) == [old]
        assert alive(kit.first, ended, [old], kit.now + 1) == []

    def test_a_write_revives_nothing(self, kit: Kit) -> None:
        """EXP-04b: saves, rotations and revocations prolong neither a token nor its grant."""
        family = Family(kit, keep_until=kit.now + DAY)
        later = replace(family.grant, keep_until=kit.now + 9 * DAY)
        kit.first.tokens.save_token(later, [access_token(kit.now)])
        family.rotate(family.first, family.first.expires_at, grace=60)
        kit.first.tokens.revoke_grant(family.grant.grant_id, kit.now + 1, kit.now + 9 * DAY)

        found = kit.first.tokens.query_token(family.access.digest)
        revoked = replace(family.grant, revoked_at=kit.now + 1)
        assert found == IssuedToken(revoked, family.access)

    def test_a_grant_keeps_its_newest_access_tokens(self, kit: Kit) -> None:
        """IDX-06a: of a grant's live access tokens the newest 32 are kept, and only its own go."""
        store, given = kit.first.tokens, grant(kit.now)
        other, kept = saved_grant(kit, client_id=given.client_id, subject=given.subject)
        tokens = [access_token(kit.now + i) for i in range(ACCESS_TOKENS_PER_GRANT + 8)]
        for token in tokens:
            store.save_token(given, [token])

        found = [token for token in tokens if store.query_token(token.digest) is not None]
        assert found == tokens[8:]
        assert alive(kit.first, other, [kept], kit.now) == [kept]

    def test_one_large_save_obeys_the_limit(self, kit: Kit) -> None:
        """IDX-06b: of more than 32 access tokens in one save the newest 32 are kept."""
        store, given = kit.first.tokens, grant(kit.now)
        tokens = [access_token(kit.now + i) for i in range(ACCESS_TOKENS_PER_GRANT + 3)]
        store.save_token(given, tokens)

        found = [token for token in tokens if store.query_token(token.digest) is not None]
        assert found == tokens[3:]

    def test_a_save_drops_the_grants_expired_tokens(self, kit: Kit) -> None:
        """IDX-06c: a save drops the grant's access tokens that have expired, to the second."""
        store, given = kit.first.tokens, grant(kit.now)
        ends = (kit.now + 9, kit.now + 10, kit.now + 11)
        tokens = [access_token(kit.now, expires_at=end) for end in ends]
        store.save_token(given, tokens)
        other, kept = saved_grant(kit)
        store.save_token(given, [access_token(kit.now + 10), access_token(kit.now + 4)])

        found = [token for token in tokens if store.query_token(token.digest) is not None]
        assert found == tokens[2:]
        assert alive(kit.first, other, [kept], kit.now) == [kept]

    def test_a_rotation_drops_as_a_save_does(self, kit: Kit) -> None:
        """IDX-06d: a rotation drops the grant's expired access tokens and those beyond 32."""
        family, store = Family(kit), kit.first.tokens
        presented, issued = family.first, [family.access]
        for turn in range(1, ACCESS_TOKENS_PER_GRANT + 6):
            attempt = family.rotate(presented, kit.now + turn)
            presented = attempt.successor
            issued.extend(attempt.access)

        found = [token for token in issued if store.query_token(token.digest) is not None]
        assert found == issued[-ACCESS_TOKENS_PER_GRANT:]
        last = family.rotate(presented, kit.now + 2 * 3600)
        assert last.outcome is RotationOutcome.WON
        found = [token for token in issued if store.query_token(token.digest) is not None]
        assert found == []
        assert store.query_token(last.access[0].digest) is not None

    def test_what_has_no_expiry_is_never_dropped(self, kit: Kit) -> None:
        """IDX-06e: tokens without expiry and refresh tokens are neither counted nor dropped."""
        store, family = kit.first.tokens, Family(kit)
        endless = [oauth1_token(kit.now) for _ in range(ACCESS_TOKENS_PER_GRANT + 4)]
        endless += [access_token(kit.now, expires_at=None) for _ in range(4)]
        store.save_token(family.grant, endless)
        tokens = [access_token(kit.now + 1) for _ in range(ACCESS_TOKENS_PER_GRANT)]
        for token in tokens:
            store.save_token(family.grant, [token])

        living = alive(kit.first, family.grant, [*endless, *tokens, family.first], kit.now)
        assert living == [*endless, *tokens, family.first]


class GrantPages(Contract):
    """The connected applications of a subject, and the users of a client."""

    def test_pages_are_complete_and_stable(self, kit: Kit) -> None:
        """IDX-08a: the pages hold each grant of the range once, while others come and go."""
        names = grant(kit.now)
        mine = [replace(names, grant_id=fresh()) for _ in range(11)]
        for given in mine:
            kit.first.tokens.save_token(given, [access_token(kit.now), oauth1_token(kit.now)])
        wanted = sorted(given.grant_id for given in mine)

        for client_id, subject in (
            (names.client_id, None),
            (None, names.subject),
            (names.client_id, names.subject),
        ):
            for limit in (1, 4, 11, 50):
                ask = partial(kit.handle(1).tokens.list_grants, client_id, subject)
                listed = all_pages(ask, limit)
                assert sorted(given.grant_id for given in listed) == wanted
                assert sorted(listed, key=repr) == sorted(mine, key=repr)
                assert listed == all_pages(ask, 3)
                saved_grant(kit, client_id=names.client_id, subject="other")
                saved = [given for given in all_pages(ask, 50) if given.subject == "other"]
                for given in saved:
                    kit.first.tokens.revoke_grant(given.grant_id, kit.now, kit.now + DAY)

    def test_the_range_is_exact_and_revoked_grants_are_left_out(self, kit: Kit) -> None:
        """IDX-08b: only grants of the range are listed, None means any, revoked ones never."""
        store = kit.first.tokens
        a, x = f"a-{fresh()}", f"x-{fresh()}"
        ax = saved_grant(kit, client_id=a, subject=x)[0]
        ay = saved_grant(kit, client_id=a)[0]
        bx = saved_grant(kit, subject=x)[0]
        nobody = saved_grant(kit, client_id=a, subject=None)[0]
        gone = saved_grant(kit, client_id=a, subject=x)[0]
        store.revoke_grant(gone.grant_id, kit.now, kit.now + DAY)

        def listed(client_id: str | None, subject: str | None) -> set[str]:
            return {g.grant_id for g in store.list_grants(client_id, subject, None, 50).items}

        assert listed(a, None) == {ax.grant_id, ay.grant_id, nobody.grant_id}
        assert listed(None, x) == {ax.grant_id, bx.grant_id}
        assert listed(a, x) == {ax.grant_id}
        everything = {given.grant_id for given in (ax, ay, bx, nobody)}
        assert listed(None, None) == everything

    def test_a_listed_grant_is_complete(self, kit: Kit) -> None:
        """IDX-08c: a listed grant has all its fields, before and after more was saved under it."""
        family = Family(kit, payload='{"scope": "a b"}')
        kit.first.tokens.save_token(family.grant, [access_token(kit.now)])

        page = kit.handle(2).tokens.list_grants(family.grant.client_id, None, None, 5)
        assert list(page.items) == [family.grant]
        assert page.cursor is None
