"""The role `tokens`: revoked is final."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ...errors import GrantRevokedError
from ...records import ClaimOutcome, Grant, Token, TokenState
from ..flows import Family, alive, alive_anywhere, saved_grant
from ..kit import Kit
from ..processes import in_threads
from ..races import RACERS, race, race_amid
from ..samples import DAY, access_token, credential, fresh, grant, oauth1_token, refresh_token
from .contract import Contract
from .token_contests import nothing_is_left_of_a_code

__all__ = ["Fences", "RevocationRaces", "Revocations"]


class Revocations(Contract):
    """By token, by grant, by range: exact, and at once on all handles."""

    def test_a_revoked_grant_is_dead_everywhere(self, kit: Kit) -> None:
        """REV-01a: nothing of a revoked grant is valid through any handle; others are untouched."""
        family, (other, kept) = Family(kit), saved_grant(kit)
        second = family.rotated(family.first)
        kit.handle(1).tokens.revoke_grant(family.grant.grant_id, kit.now + 3, kit.now + DAY)

        issued = [family.first, second, family.access]
        assert alive_anywhere(kit, family.grant, issued, kit.now) == []
        for handle in kit.handles:
            found = handle.tokens.query_token(family.access.digest)
            assert found is not None
            assert found.grant == replace(family.grant, revoked_at=kit.now + 3)
        assert alive(kit.first, other, [kept], kit.now) == [kept]

    def test_a_revoked_token_is_dead_alone(self, kit: Kit) -> None:
        """REV-01b: `revoke_token` kills one access token and leaves all else of its grant."""
        family, more = Family(kit), [access_token(kit.now), oauth1_token(kit.now)]
        kit.first.tokens.save_token(family.grant, more)
        kit.first.tokens.revoke_token(family.grant.grant_id, more[0].digest, kit.now)

        issued = [family.first, family.access, *more]
        for handle in kit.handles:
            living = alive(handle, family.grant, issued, kit.now)
            assert living == [family.first, family.access, more[1]]
        found = kit.first.tokens.query_token(more[0].digest)
        assert found is not None
        assert found.token == replace(more[0], state=TokenState.REVOKED)

    def test_revoking_again_changes_nothing(self, kit: Kit) -> None:
        """REV-02: a second revocation of any kind is quiet, and the first `revoked_at` stays."""
        family, store = Family(kit), kit.first.tokens
        store.revoke_grant(family.grant.grant_id, kit.now + 1, kit.now + DAY)
        before = family.snapshot()
        store.revoke_grant(family.grant.grant_id, kit.now + 2, kit.now + 2 * DAY)
        assert store.revoke_all(None, family.grant.subject, kit.now + 3, kit.now + DAY) == 0
        assert family.snapshot() == before

        store.revoke_token(family.grant.grant_id, family.access.digest, kit.now + 4)
        store.revoke_token(family.grant.grant_id, family.access.digest, kit.now + 5)
        assert family.revoked_at() == kit.now + 1

    def test_a_sweep_counts_and_covers_its_range(self, kit: Kit) -> None:
        """REV-03a: `revoke_all` revokes by client, by subject or by both, and counts exactly."""
        for client_id, subject, expected in (("a", None, 3), (None, "x", 2), ("a", "x", 1)):
            names = {name: f"{name}-{fresh()}" for name in ("a", "b", "x", "y")}
            saved = {
                (c, s): saved_grant(kit, client_id=names[c], subject=names.get(s))
                for c in ("a", "b")
                for s in ("x", "y", "nobody")
            }
            ranged = (names.get(client_id or ""), names.get(subject or ""))
            count = kit.first.tokens.revoke_all(*ranged, kit.now, kit.now + DAY)

            assert count == expected
            for (c, s), (given, token) in saved.items():
                hit = client_id in {None, c} and subject in {None, s}
                expectation = [] if hit else [token] * 3
                assert alive_anywhere(kit, given, [token], kit.now) == expectation
            assert kit.first.tokens.revoke_all(*ranged, kit.now, kit.now + DAY) == 0

    def test_a_sweep_counts_what_it_revokes(self, kit: Kit) -> None:
        """REV-03b: the count leaves out what was revoked before, and counts what has no tokens."""
        store, client_id = kit.first.tokens, f"client-{fresh()}"
        saved = [saved_grant(kit, client_id=client_id)[0] for _ in range(4)]
        store.revoke_grant(saved[0].grant_id, kit.now, kit.now + DAY)
        store.save_token(grant(kit.now, client_id=client_id), [])

        assert store.revoke_all(client_id, None, kit.now, kit.now + DAY) == 4

    def test_a_sweep_of_everything_is_refused(self, kit: Kit) -> None:
        """REV-03c: both None is a ValueError, and nothing is revoked."""
        given, token = saved_grant(kit)
        with pytest.raises(ValueError, match=r"."):
            kit.first.tokens.revoke_all(None, None, kit.now, kit.now + DAY)

        assert alive(kit.first, given, [token], kit.now) == [token]

    def test_each_of_many_sweeps_counts_a_grant_once(self, kit: Kit) -> None:
        """REV-03d: of concurrent sweeps of one range, each grant is counted by exactly one."""
        for _ in kit.rounds:
            client_id = f"client-{fresh()}"
            for _ in range(5):
                saved_grant(kit, client_id=client_id)

            def sweep(index: int, client_id: str = client_id) -> int:
                end = kit.now + DAY
                return kit.handle(index).tokens.revoke_all(client_id, None, kit.now, end)

            answers = race([partial(sweep, i) for i in range(6)])

            assert sum(count for count in answers if isinstance(count, int)) == 5

    def test_a_token_is_revoked_under_its_own_grant_only(self, kit: Kit) -> None:
        """REV-04: `revoke_token` with another's grant, or of what is not there, does nothing."""
        given, token = saved_grant(kit)
        other, _ = saved_grant(kit)
        kit.first.tokens.revoke_token(other.grant_id, token.digest, kit.now)
        kit.first.tokens.revoke_token("nowhere", token.digest, kit.now)
        kit.first.tokens.revoke_token(given.grant_id, fresh(), kit.now)

        assert alive_anywhere(kit, given, [token], kit.now) == [token] * 3

    def test_a_sweep_takes_all_that_it_finds(self, kit: Kit) -> None:
        """REV-06: a sweep takes grants given after its `now` too, and what they save later."""
        given, token = saved_grant(kit, granted_at=kit.now + 3600)
        bare = grant(kit.now, client_id=given.client_id, granted_at=kit.now + 3600)
        kit.first.tokens.save_token(bare, [])
        assert kit.first.tokens.revoke_all(given.client_id, None, kit.now, kit.now + DAY) == 2

        assert alive_anywhere(kit, given, [token], kit.now) == []
        for taken in (given, bare):
            with pytest.raises(GrantRevokedError):
                kit.first.tokens.save_token(taken, [access_token(kit.now)])

    def test_a_stale_writer_does_not_revive(self, kit: Kit) -> None:
        """FAM-07: who read a grant before its revocation saves and rotates nothing after it."""
        for by_range in (False, True):
            family = Family(kit)
            if by_range:
                kit.first.tokens.revoke_all(family.grant.client_id, None, kit.now, kit.now + DAY)
            else:
                kit.first.tokens.revoke_grant(family.grant.grant_id, kit.now, kit.now + DAY)
            late = replace(family.grant, granted_at=kit.now + 9, keep_until=kit.now + 99 * DAY)
            for stale in (family.grant, late):
                new = access_token(kit.now)
                with pytest.raises(GrantRevokedError):
                    kit.handle(1).tokens.save_token(stale, [new])
                assert kit.first.tokens.query_token(new.digest) is None
            attempt = family.rotate(family.first, index=2)

            issued = [family.first, family.access, *attempt.issued]
            assert alive_anywhere(kit, family.grant, issued, kit.now) == []


class Fences(Contract):
    """What is saved after a revocation."""

    def test_a_revoked_grant_is_not_saved(self, kit: Kit) -> None:
        """REV-07a: a grant that was revoked before it was saved is refused, whatever it brings."""
        store, given = kit.first.tokens, grant(kit.now, family=fresh())
        store.revoke_grant(given.grant_id, kit.now, kit.now + DAY)

        for late in (given, replace(given, granted_at=kit.now + 3600)):
            for tokens in ([], [access_token(kit.now)], [refresh_token(kit.now)]):
                with pytest.raises(GrantRevokedError):
                    kit.handle(1).tokens.save_token(late, tokens)
                for token in tokens:
                    assert store.query_token(token.digest) is None
        assert store.query_refresh_token(given.family or "") is None
        assert list(store.list_grants(given.client_id, None, None, 5).items) == []

    def test_a_fence_stops_what_was_granted_before(self, kit: Kit) -> None:
        """REV-07b: after a sweep, grants given up to its `now` are refused, later ones not."""
        for by_client, by_subject in ((True, False), (False, True), (True, True)):
            names = grant(kit.now)
            client_id = names.client_id if by_client else None
            subject = names.subject if by_subject else None
            at = kit.now + 10
            assert kit.first.tokens.revoke_all(client_id, subject, at, kit.now + DAY) == 0
            for granted_at in (0, kit.now, at - 1, at):
                old, token = _renamed(names, granted_at), access_token(kit.now)
                with pytest.raises(GrantRevokedError):
                    kit.handle(1).tokens.save_token(old, [token])
                assert kit.first.tokens.query_token(token.digest) is None

            new, token = _renamed(names, at + 1), access_token(kit.now)
            kit.handle(2).tokens.save_token(new, [token])
            assert alive(kit.first, new, [token], kit.now) == [token]

    def test_a_fence_stops_its_range_only(self, kit: Kit) -> None:
        """REV-07c: a fence leaves other clients, other subjects, and other pairs of both alone."""
        store, end = kit.first.tokens, kit.now + DAY
        names = grant(kit.now)
        store.revoke_all(names.client_id, names.subject, kit.now, end)
        store.revoke_all("client-b", None, kit.now, end)
        store.revoke_all(None, "subject-b", kit.now, end)

        outside = (
            replace(_renamed(names), subject="subject-c"),
            replace(_renamed(names), client_id="client-c"),
            replace(_renamed(names), subject=None),
            replace(_renamed(names), client_id="subject-b", subject="client-b"),
        )
        for given in outside:
            token = access_token(kit.now)
            store.save_token(given, [token])
            assert alive(kit.handle(1), given, [token], kit.now) == [token]

    def test_nobodys_grant_meets_client_fences_only(self, kit: Kit) -> None:
        """REV-07d: a grant without subject is stopped by its client's fence and by no other."""
        store, end = kit.first.tokens, kit.now + DAY
        given = grant(kit.now, subject=None)
        for subject in ("", "None", "null", "subject-1"):
            store.revoke_all(None, subject, kit.now, end)
            store.revoke_all(given.client_id, subject, kit.now, end)
        store.save_token(given, [access_token(kit.now)])

        assert store.revoke_all(given.client_id, None, kit.now, end) == 1
        with pytest.raises(GrantRevokedError):
            store.save_token(_renamed(given), [access_token(kit.now)])

    def test_a_fence_only_rises(self, kit: Kit) -> None:
        """REV-07e: a later sweep with an earlier `now` or end lowers and shortens no fence."""
        store, names = kit.first.tokens, grant(kit.now)
        store.revoke_all(names.client_id, None, kit.now + 100, kit.now + 2 * DAY)
        store.revoke_all(names.client_id, None, kit.now + 50, kit.now + DAY)
        store.purge_tokens(kit.now + DAY, 100)

        with pytest.raises(GrantRevokedError):
            store.save_token(_renamed(names, kit.now + 100), [access_token(kit.now)])
        store.save_token(_renamed(names, kit.now + 101), [access_token(kit.now)])
        store.revoke_all(names.client_id, None, kit.now + 200, kit.now + 2 * DAY)
        with pytest.raises(GrantRevokedError):
            store.save_token(_renamed(names, kit.now + 200), [access_token(kit.now)])

    def test_a_fence_and_a_mark_stop_later_saves_of_old_grants(self, kit: Kit) -> None:
        """REV-07f: a refused save may be tried again and again: it is refused each time."""
        store, given = kit.first.tokens, grant(kit.now)
        store.revoke_all(None, given.subject, kit.now, kit.now + DAY)
        token = access_token(kit.now)
        for _ in range(3):
            with pytest.raises(GrantRevokedError):
                store.save_token(given, [token])

        assert store.query_token(token.digest) is None
        assert list(store.list_grants(None, given.subject, None, 5).items) == []

    def test_a_withdrawn_consent_stops_what_it_allowed(self, kit: Kit) -> None:
        """REV-08: a code claimed before its consent was withdrawn brings no tokens after it."""
        kit.require("credentials")
        code = credential(kit.now)
        kit.first.credentials.save_credential(code, kit.now)
        claim = kit.first.credentials.claim_credential(
            code.kind, code.digest, code.client_id, kit.now
        )
        assert claim.outcome is ClaimOutcome.WON
        kit.first.tokens.revoke_all(code.client_id, code.subject, kit.now, kit.now + DAY)

        given = grant(kit.now, client_id=code.client_id, subject=code.subject)
        with pytest.raises(GrantRevokedError):
            kit.first.tokens.save_token(given, [access_token(kit.now), oauth1_token(kit.now)])


class RevocationRaces(Contract):
    """Whatever is in flight while a revocation runs."""

    def test_a_grant_revoked_while_it_is_saved_is_dead(self, kit: Kit) -> None:
        """REV-07g: a first save racing `revoke_grant` is refused, or its tokens are dead."""
        for _ in kit.rounds:
            given = grant(kit.now, family=fresh())
            tokens = [access_token(kit.now) for _ in range(8)]

            def save(index: int, given: Grant = given, tokens: list[Token] = tokens) -> None:
                kit.handle(index).tokens.save_token(given, [tokens[index]])

            def revoke(given: Grant = given) -> None:
                kit.handle(1).tokens.revoke_grant(given.grant_id, kit.now, kit.now + DAY)

            race_amid(revoke, [partial(save, i) for i in range(8)], (GrantRevokedError,))

            assert alive_anywhere(kit, given, tokens, kit.now) == []

    def test_grants_saved_while_their_range_is_swept_are_dead(self, kit: Kit) -> None:
        """REV-07h: saves racing `revoke_all` are refused, or their tokens are dead."""
        for turn in kit.rounds:
            names = grant(kit.now)
            ranges = (
                (names.client_id, None),
                (None, names.subject),
                (names.client_id, names.subject),
            )
            grants = [_renamed(names) for _ in range(RACERS - 1)]
            tokens = [access_token(kit.now) for _ in grants]
            client_id, subject = ranges[turn % 3]

            def save(
                index: int, grants: list[Grant] = grants, tokens: list[Token] = tokens
            ) -> None:
                kit.handle(index).tokens.save_token(grants[index], [tokens[index]])

            def sweep(client_id: str | None = client_id, subject: str | None = subject) -> None:
                kit.handle(1).tokens.revoke_all(client_id, subject, kit.now, kit.now + DAY)

            calls = [partial(save, i) for i in range(RACERS - 1)]
            race_amid(sweep, calls, (GrantRevokedError,))

            assert alive_anywhere(kit, names, tokens, kit.now) == []

    def test_of_many_presentations_nothing_is_left(self, kit: Kit) -> None:
        """ONE-09a: of many presentations of a code at most one gets tokens, and they die."""
        kit.require("credentials")
        nothing_is_left_of_a_code(kit, in_threads)


def _renamed(given: Grant, granted_at: int | None = None) -> Grant:
    """Return another grant of the same client and subject."""
    moment = given.granted_at if granted_at is None else granted_at
    return replace(given, grant_id=fresh(), granted_at=moment)
