"""The role `tokens`: what is stored is what was given."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ...errors import DuplicateError
from ...records import Grant, IssuedToken, RefreshFamily, RotationOutcome, Token, TokenState
from ..flows import Family, alive, saved_grant
from ..kit import Kit
from ..processes import in_threads
from ..races import RACERS, race
from ..samples import (
    DAY,
    HOSTILE,
    LONG_PAYLOAD,
    NUL,
    ODD_PAYLOAD,
    access_token,
    fresh,
    grant,
    oauth1_token,
    refresh_token,
)
from .contests import one_token_wins
from .contract import Contract, finds

__all__ = ["GrantIdentity", "TokenFidelity"]


class TokenFidelity(Contract):
    """What is saved is found, exactly and alone."""

    def test_every_field_of_a_token_comes_back(self, kit: Kit) -> None:
        """RT-01f: every field of a token and its grant comes back, in every state and kind."""
        given = Grant("grant-1", "client-1", "subject-1", None, 7, kit.now + DAY, None, ODD_PAYLOAD)
        tokens = [
            Token(fresh(), kind, kit.now + i, kit.now + DAY + i, state, i, kit.now + 2 + i, "[1]")
            for i, kind in enumerate(("access", "oauth1", "x-voucher"))
            for state in TokenState
        ]
        kit.first.tokens.save_token(given, tokens)

        for handle in kit.handles:
            for token in tokens:
                found = handle.tokens.query_token(token.digest)
                assert found == IssuedToken(given, token)

    def test_every_field_of_a_family_comes_back(self, kit: Kit) -> None:
        """RT-01g: every field of a refresh family comes back, before and after a rotation."""
        family = Family(kit)
        given = replace(family.grant)
        first = RefreshFamily(given, family.first, None)
        assert kit.handle(1).tokens.query_refresh_token(family.digest) == first

        successor = Token(
            fresh(), "refresh", kit.now + 5, kit.now + DAY, generation=1, payload=ODD_PAYLOAD
        )
        family.rotate(family.first, kit.now + 5, successors=[successor])
        old = replace(family.first, state=TokenState.ROTATED, rotated_at=kit.now + 5)
        for handle in kit.handles:
            found = handle.tokens.query_refresh_token(family.digest)
            assert found == RefreshFamily(given, successor, old)

    def test_a_successors_tokens_come_back(self, kit: Kit) -> None:
        """RT-01h: every token that a rotation brings is found, under the same grant."""
        family = Family(kit)
        brought = [
            access_token(kit.now, payload=ODD_PAYLOAD),
            refresh_token(kit.now, generation=1),
            access_token(kit.now, expires_at=kit.now + 61),
        ]
        family.rotate(family.first, successors=brought)

        for token in (brought[0], brought[2]):
            found = kit.handle(2).tokens.query_token(token.digest)
            assert found == IssuedToken(family.grant, token)

    def test_a_grant_without_tokens_is_saved(self, kit: Kit) -> None:
        """RT-01i: saving no tokens creates the grant all the same."""
        given = grant(kit.now)
        kit.first.tokens.save_token(given, [])

        page = kit.handle(1).tokens.list_grants(given.client_id, given.subject, None, 5)
        assert list(page.items) == [given]

    def test_nothing_zero_or_empty_turns_into_nothing(self, kit: Kit) -> None:
        """RT-03e: None, 0 and the empty string come back as what they were."""
        for given in (
            Grant(fresh(), "client-1"),
            grant(kit.now, subject="", granted_at=0, payload='""'),
            grant(kit.now, subject=None, keep_until=None, payload="null"),
        ):
            for token in (
                Token(fresh(), "oauth1", 0),
                access_token(kit.now, expires_at=None, rotated_at=0, payload="false"),
                access_token(kit.now, payload='{"a":null,"b":false,"c":0,"d":"","e":[],"f":{}}'),
            ):
                kit.first.tokens.save_token(given, [token])

                found = kit.first.tokens.query_token(token.digest)
                assert found == IssuedToken(given, token)

    def test_hostile_strings_are_data(self, kit: Kit) -> None:
        """RT-04g: whatever ids and subjects contain is data, and names one grant."""
        store = kit.first.tokens
        for text in HOSTILE:
            given = grant(kit.now, grant_id=text, client_id=text, subject=text)
            token = access_token(kit.now)
            store.save_token(given, [token])
            assert store.query_token(token.digest) == IssuedToken(given, token)

        for text in HOSTILE:
            assert [g.grant_id for g in store.list_grants(text, text, None, 9).items] == [text]
            assert [g.grant_id for g in store.list_grants(None, text, None, 9).items] == [text]
            assert store.revoke_all(text, text, kit.now, kit.now + DAY) == 1

    def test_hostile_ids_are_revoked_one_by_one(self, kit: Kit) -> None:
        """RT-04h: revoking the grant of a hostile id revokes that grant and no other."""
        store, tokens = kit.first.tokens, {}
        for text in HOSTILE:
            tokens[text] = access_token(kit.now)
            store.save_token(grant(kit.now, grant_id=text), [tokens[text]])
        for count, text in enumerate(HOSTILE, start=1):
            store.revoke_grant(text, kit.now, kit.now + DAY)

            live = alive(kit.first, grant(kit.now), tokens.values(), kit.now)
            assert len(live) == len(HOSTILE) - count

    def test_a_nul_is_data(self, kit: Kit) -> None:
        """RT-04i: a NUL in ids and subjects neither ends them nor is lost."""
        given = grant(kit.now, grant_id=NUL, client_id=NUL, subject=NUL)
        token = access_token(kit.now)
        kit.first.tokens.save_token(given, [token])

        assert kit.first.tokens.query_token(token.digest) == IssuedToken(given, token)
        assert kit.first.tokens.revoke_all("nul", None, kit.now, kit.now + DAY) == 0
        assert kit.first.tokens.revoke_all(NUL, NUL, kit.now, kit.now + DAY) == 1

    def test_long_payloads_come_back(self, kit: Kit) -> None:
        """RT-05c: payloads and sealed responses of more than 64 KB come back whole."""
        family = Family(kit, payload=LONG_PAYLOAD)
        sealed = bytes(range(256)) * 257
        successors = [refresh_token(kit.now, generation=1, payload=LONG_PAYLOAD)]
        call = partial(kit.first.tokens.rotate_refresh_token, family.digest, family.first.digest)
        client_id = family.grant.client_id
        assert call(client_id, successors, sealed, kit.now, 60).outcome is RotationOutcome.WON

        again = call(client_id, [refresh_token(kit.now, generation=1)], None, kit.now, 60)
        assert again.sealed_response == sealed
        found = kit.first.tokens.query_refresh_token(family.digest)
        assert found is not None
        assert (found.grant.payload, found.current) == (LONG_PAYLOAD, successors[0])

    def test_neighbours_are_left_alone(self, kit: Kit) -> None:
        """RT-06d: saving, rotating and revoking one grant leaves the others as they were."""
        others = [Family(kit), Family(kit, client_id="same", subject="same")]
        before = [other.snapshot() for other in others]
        mine = Family(kit, client_id="same", subject="same")
        kit.first.tokens.save_token(mine.grant, [access_token(kit.now)])
        mine.rotated(mine.first)
        kit.first.tokens.revoke_token(mine.grant.grant_id, mine.access.digest, kit.now)
        kit.first.tokens.revoke_grant(mine.grant.grant_id, kit.now, kit.now + DAY)

        assert [other.snapshot() for other in others] == before

    def test_payloads_are_kept_to_the_byte(self, kit: Kit) -> None:
        """RT-07c: the payloads of grant and token come back byte for byte."""
        given = grant(kit.now, payload=ODD_PAYLOAD)
        token = access_token(kit.now, payload=ODD_PAYLOAD + " ")
        kit.first.tokens.save_token(given, [token])

        found = kit.first.tokens.query_token(token.digest)
        assert found is not None
        assert (found.grant.payload, found.token.payload) == (ODD_PAYLOAD, ODD_PAYLOAD + " ")

    def test_what_was_returned_or_given_is_detached(self, kit: Kit) -> None:
        """RT-08c: neither a record that was returned nor a list that was given stays connected."""
        given, tokens = grant(kit.now), [access_token(kit.now), access_token(kit.now)]
        kept = list(tokens)
        kit.first.tokens.save_token(given, tokens)
        tokens.clear()
        found = kit.first.tokens.query_token(kept[0].digest)
        kit.first.tokens.revoke_grant(given.grant_id, kit.now, kit.now + DAY)

        assert found == IssuedToken(given, kept[0])
        assert kit.first.tokens.query_token(kept[1].digest) is not None

    def test_not_found_is_a_value(self, kit: Kit) -> None:
        """RT-09e: what is unknown is None, MISSING, 0 or nothing at all; never an exception."""
        saved_grant(kit, subject=None)
        store, nowhere = kit.first.tokens, fresh()

        assert store.query_token(nowhere) is None
        assert store.query_refresh_token(nowhere) is None
        store.revoke_token("nowhere", nowhere, kit.now)
        rotation = store.rotate_refresh_token(
            nowhere, fresh(), "client-1", [refresh_token(kit.now)], None, kit.now, 0
        )
        assert (rotation.outcome, rotation.token) == (RotationOutcome.MISSING, None)
        assert store.revoke_all("nowhere", "nobody", kit.now, kit.now + DAY) == 0
        assert list(store.list_grants("nowhere", None, None, 5).items) == []
        assert list(store.list_grants(None, "", None, 5).items) == []

    def test_digests_are_compared_exactly(self, kit: Kit) -> None:
        """SEC-03d: a digest in capitals, cut or changed finds no token and no family."""
        store = kit.first.tokens
        given = grant(kit.now, family="cd" * 32)
        store.save_token(given, [access_token(kit.now, digest="ab" * 32), refresh_token(kit.now)])

        for digest in ("AB" * 32, "ab" * 31, "ab" * 31 + "ac", "cd" * 32):
            assert not finds(partial(store.query_token, digest))
        for family in ("CD" * 32, "cd" * 31, "cd" * 31 + "ce", "ab" * 32):
            assert not finds(partial(store.query_refresh_token, family))

    def test_ids_are_compared_exactly(self, kit: Kit) -> None:
        """SEC-03e: case, accents and spaces tell grants, clients and subjects apart."""
        given, token = saved_grant(kit, grant_id="Gr\u00e9-A", client_id="Cl-A", subject="Su-A")
        end = kit.now + DAY
        for other in ("gr\u00e9-a", "GR\u00c9-A", "Gre-A", "Gr\u00e9-A "):
            kit.first.tokens.revoke_grant(other, kit.now, end)
        for client_id, subject in (
            ("cl-a", None),
            (None, "SU-A"),
            ("Cl-A ", "Su-A"),
            ("Su-A", None),
        ):
            assert kit.first.tokens.revoke_all(client_id, subject, kit.now, end) == 0

        assert alive(kit.first, given, [token], kit.now) == [token]


class GrantIdentity(Contract):
    """All or none, and nothing that is there is replaced."""

    def test_a_digest_that_exists_is_refused(self, kit: Kit) -> None:
        """RT-02g: a known token digest raises DuplicateError, and none of the call is stored."""
        given, token = saved_grant(kit)
        for other in (grant(kit.now), given):
            new = access_token(kit.now)
            with pytest.raises(DuplicateError):
                kit.first.tokens.save_token(other, [new, replace(token, payload="stolen")])

            assert kit.first.tokens.query_token(new.digest) is None
            assert kit.first.tokens.query_token(token.digest) == IssuedToken(given, token)
            if other is not given:
                page = kit.first.tokens.list_grants(other.client_id, None, None, 5)
                assert list(page.items) == []

    def test_a_digest_that_the_write_would_drop_is_refused(self, kit: Kit) -> None:
        """RT-02r: a digest is known until the write is through, even where its token is dropped."""
        given, token = saved_grant(kit)
        later = token.expires_at or 0
        again = replace(token, issued_at=later, expires_at=later + 60)
        with pytest.raises(DuplicateError):
            kit.first.tokens.save_token(given, [again])

        assert kit.first.tokens.query_token(token.digest) == IssuedToken(given, token)

    def test_a_digest_twice_in_one_call_is_refused(self, kit: Kit) -> None:
        """RT-02h: the same digest twice in one save raises DuplicateError, and none is stored."""
        token = access_token(kit.now)
        for given in (grant(kit.now), saved_grant(kit)[0]):
            with pytest.raises(DuplicateError):
                kit.first.tokens.save_token(given, [token, replace(token, payload="[]")])

            assert kit.first.tokens.query_token(token.digest) is None

    def test_a_family_that_exists_is_refused(self, kit: Kit) -> None:
        """RT-02i: another grant, or a second refresh token, of a known family is refused."""
        family = Family(kit)
        before = family.snapshot()
        for given in (family.grant, grant(kit.now, family=family.digest)):
            new = access_token(kit.now)
            with pytest.raises(DuplicateError):
                kit.first.tokens.save_token(given, [new, refresh_token(kit.now)])
            assert kit.first.tokens.query_token(new.digest) is None

        assert family.snapshot() == before

    def test_one_of_many_saves_of_a_digest_wins(self, kit: Kit) -> None:
        """RT-02j: of many who save one digest one succeeds, and its grant is the token's."""
        one_token_wins(kit, in_threads)

    def test_a_family_is_not_taken_from_its_grant(self, kit: Kit) -> None:
        """RT-02k: a saved grant is not given the family of another, with or without a token."""
        family, other = Family(kit), saved_grant(kit)[0]
        before = family.snapshot()
        thief = replace(other, family=family.digest)
        for tokens in ([access_token(kit.now)], [refresh_token(kit.now)], []):
            with pytest.raises(DuplicateError):
                kit.first.tokens.save_token(thief, tokens)

        assert family.snapshot() == before

    def test_a_later_save_adds_and_changes_nothing_else(self, kit: Kit) -> None:
        """RT-06e: saving more tokens under a grant leaves every field of the grant as it was."""
        given, token = saved_grant(kit)
        other = Grant(given.grant_id, "other", "other", None, kit.now + 9, kit.now + 9, None, "9")
        more = [access_token(kit.now), oauth1_token(kit.now)]
        kit.first.tokens.save_token(other, more)

        for each in (token, *more):
            assert kit.handle(1).tokens.query_token(each.digest) == IssuedToken(given, each)
        assert list(kit.first.tokens.list_grants("other", None, None, 5).items) == []

    def test_a_grant_gets_its_family_once(self, kit: Kit) -> None:
        """RT-06f: a grant without family takes the one that a later save brings, and keeps it."""
        given, token = saved_grant(kit)
        family, refresh = fresh(), refresh_token(kit.now)
        kit.first.tokens.save_token(replace(given, family=family), [refresh])
        taken = replace(given, family=family)

        found = kit.handle(1).tokens.query_refresh_token(family)
        assert found == RefreshFamily(taken, refresh, None)
        assert kit.first.tokens.query_token(token.digest) == IssuedToken(taken, token)
        kit.first.tokens.save_token(given, [access_token(kit.now)])
        assert kit.first.tokens.query_refresh_token(family) == found

    def test_concurrent_saves_under_one_grant_all_arrive(self, kit: Kit) -> None:
        """RT-06g: of many tokens saved under one grant at once, none is lost."""
        for _ in range(max(1, len(kit.rounds) // 2)):
            given, tokens = grant(kit.now), [access_token(kit.now) for _ in range(RACERS)]

            def save(index: int, given: Grant = given, tokens: list[Token] = tokens) -> None:
                kit.handle(index).tokens.save_token(given, [tokens[index]])

            race([partial(save, i) for i in range(RACERS)])

            assert alive(kit.first, given, tokens, kit.now) == tokens

    def test_saves_amid_refused_ones_all_arrive(self, kit: Kit) -> None:
        """RT-06l: of a new grant's saves at once, of which some are refused, no other is lost."""
        for _ in kit.rounds:
            given, taken = grant(kit.now), saved_grant(kit)[1]
            tokens = [access_token(kit.now) for _ in range(4)]

            def save(index: int, token: Token, given: Grant = given) -> None:
                kit.handle(index).tokens.save_token(given, [token])

            brought = [taken, *tokens, taken, taken]
            answers = race([partial(save, *each) for each in enumerate(brought)], (DuplicateError,))

            assert alive(kit.first, given, tokens, kit.now) == tokens
            refused = [isinstance(answer, DuplicateError) for answer in answers]
            assert refused == [token is taken for token in brought]

    def test_a_refresh_token_is_no_access_token(self, kit: Kit) -> None:
        """REV-05: `query_token` answers no refresh token, `query_refresh_token` no other."""
        family = Family(kit)
        second = family.rotated(family.first)

        for refresh in (family.first, second):
            assert kit.first.tokens.query_token(refresh.digest) is None
            assert kit.first.tokens.query_refresh_token(refresh.digest) is None
        assert kit.first.tokens.query_token(family.digest) is None
        assert kit.first.tokens.query_refresh_token(family.access.digest) is None
