"""Two calls on grants and families, interleaved at every I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ...errors import DuplicateError, GrantRevokedError
from ...records import (
    Claim,
    ClaimOutcome,
    Credential,
    CredentialState,
    Grant,
    Purged,
    Rotation,
    RotationOutcome,
    Token,
)
from .. import deeds
from ..deeds import Call, Deed
from ..flows import Family, alive, alive_anywhere, saved_grant
from ..kit import Handle, Kit, not_proved
from ..samples import access_token, credential, fresh, grant, oauth1_token, refresh_token
from ..schedules import Schedule, interleave
from .contract import Contract, purge_all
from .schedules import both_ways, outcomes
from .token_contests import revocations

__all__ = ["TokenSchedules"]

REFUSED = (GrantRevokedError,)
Pair = tuple[Deed, Deed, Callable[..., None]]


class TokenSchedules(Contract):
    """Whatever is cut off at whichever I/O: revoked is final, one wins, both or neither."""

    def test_a_save_and_a_revocation_whatever_the_schedule(self, kit: Kit) -> None:
        """REV-07j: a first save and `revoke_grant`, cut at each I/O of either, leave it dead."""
        both_ways(kit, partial(_save_and_revoke, kit, "grant"), REFUSED)

    def test_a_save_and_a_sweep_whatever_the_schedule(self, kit: Kit) -> None:
        """REV-07k: a first save and `revoke_all`, cut at each I/O of either, leave it dead."""
        for way in ("client", "subject", "both"):
            both_ways(kit, partial(_save_and_revoke, kit, way), REFUSED)

    def test_a_token_added_and_a_revocation_whatever_the_schedule(self, kit: Kit) -> None:
        """REV-07l: a token added to a grant and its revocation, cut at each I/O, leave it dead."""
        for way in ("grant", "client", "reuse"):
            both_ways(kit, partial(_add_and_revoke, kit, way), REFUSED)

    def test_a_rotation_and_a_revocation_whatever_the_schedule(self, kit: Kit) -> None:
        """FAM-06g: a rotation and `revoke_grant`, cut at each I/O of either, leave it dead."""
        both_ways(kit, partial(_rotate_and_revoke, kit, "grant"))

    def test_a_rotation_and_a_sweep_whatever_the_schedule(self, kit: Kit) -> None:
        """FAM-06h: a rotation and `revoke_all`, cut at each I/O of either, leave it dead."""
        for way in ("client", "subject", "both"):
            both_ways(kit, partial(_rotate_and_revoke, kit, way))

    def test_one_of_two_rotations_wins_whatever_the_schedule(self, kit: Kit) -> None:
        """FAM-01e: of two rotations without grace, cut at each I/O, one is WON, none is alive."""
        interleave(kit, partial(_rotate_twice, kit, 0))

    def test_two_rotations_get_one_response_whatever_the_schedule(self, kit: Kit) -> None:
        """FAM-01f: of two rotations with grace, cut at each I/O, one is WON, one gets its own."""
        interleave(kit, partial(_rotate_twice, kit, 60))

    def test_one_of_two_redemptions_wins_whatever_the_schedule(self, kit: Kit) -> None:
        """ONE-08i: of two redemptions, cut at each I/O, one is WON, and its tokens exist alone."""
        kit.require_redeeming()

        def prepare() -> Schedule:
            code, given = _code(kit)
            brought = [[access_token(kit.now)] for _ in range(2)]
            rivals = [deeds.redeem(code, given, each, kit.now) for each in brought]

            def check(*answers: object) -> None:
                expected = {ClaimOutcome.WON: 1, ClaimOutcome.ALREADY_USED: 1}
                assert outcomes(answers) == expected
                winner = [getattr(a, "outcome", None) for a in answers].index(ClaimOutcome.WON)
                every = [token for each in brought for token in each]
                assert alive(kit.first, given, every, kit.now) == brought[winner]

            return Schedule(rivals[0], rivals[1], check)

        interleave(kit, prepare)

    def test_a_redemption_and_a_sweep_whatever_the_schedule(self, kit: Kit) -> None:
        """ONE-08j: a redemption and `revoke_all`, cut at each I/O: refused and unused, or dead."""
        kit.require_redeeming()
        for way in ("client", "subject", "both"):
            both_ways(kit, partial(_redeem_and_sweep, kit, way), REFUSED)

    def test_a_redemption_and_a_claim_whatever_the_schedule(self, kit: Kit) -> None:
        """ONE-08k: of a redemption and a claim, cut at each I/O of either, one is WON."""
        kit.require_redeeming()

        def prepare() -> Pair:
            code, given = _code(kit)
            token = access_token(kit.now)

            def check(redeemed: object, claimed: object) -> None:
                assert outcomes([redeemed, claimed])[ClaimOutcome.WON] == 1
                won = isinstance(redeemed, Claim) and redeemed.outcome is ClaimOutcome.WON
                assert alive(kit.first, given, [token], kit.now) == ([token] if won else [])

            redeem = deeds.redeem(code, given, [token], kit.now)
            return redeem, deeds.claim(code, kit.now), check

        both_ways(kit, prepare)

    def test_a_save_and_a_purge_whatever_the_schedule(self, kit: Kit) -> None:
        """CON-08e: a save and a purge of others, cut at each I/O of either, both do their work."""

        def prepare() -> Pair:
            given = grant(kit.now, family=fresh())
            tokens = [access_token(kit.now), refresh_token(kit.now)]

            def check(*_: object) -> None:
                assert alive(kit.first, given, tokens, kit.now) == tokens

            return deeds.save_token(given, tokens), *_purge_amid(kit, check)

        both_ways(kit, prepare)

    def test_two_purges_of_grants_whatever_the_schedule(self, kit: Kit) -> None:
        """CON-08k: of grants that two purges end, cut at each I/O, no token's digest is left."""
        if kit.capabilities.native_ttl:
            not_proved("`native_ttl` is declared: it is left open when a token's digest is free")

        def prepare() -> Schedule:
            tokens = [oauth1_token(kit.now) for _ in range(3)]
            for token in tokens:
                kit.first.tokens.save_token(grant(kit.now - 99, keep_until=kit.now), [token])

            def check(*_: object) -> None:
                purge_all(kit.first.tokens.purge_tokens, kit.now, 5)
                again = grant(kit.now)
                kit.first.tokens.save_token(again, tokens)
                assert alive(kit.first, again, tokens, kit.now) == tokens

            purge = deeds.purge("tokens", kit.now, 1)
            return Schedule(purge, purge, check)

        interleave(kit, prepare)

    def test_a_save_and_the_purge_of_its_grant_whatever_the_schedule(self, kit: Kit) -> None:
        """CON-08m: a save amid the purge of its ended grant, cut at each I/O, leaves no digest."""
        if kit.capabilities.native_ttl:
            not_proved("`native_ttl` is declared: it is left open when a token's digest is free")

        def prepare() -> Pair:
            ended, token = grant(kit.now - 99, keep_until=kit.now), oauth1_token(kit.now)
            kit.first.tokens.save_token(ended, [])

            def check(saved: object, _: object) -> None:
                assert saved is None
                purge_all(kit.first.tokens.purge_tokens, kit.now, 5)
                again = grant(kit.now)
                kit.first.tokens.save_token(again, [token])
                assert alive(kit.first, again, [token], kit.now) == [token]

            return deeds.save_token(ended, [token]), deeds.purge("tokens", kit.now), check

        both_ways(kit, prepare)

    def test_a_save_and_a_refused_save_whatever_the_schedule(self, kit: Kit) -> None:
        """RT-06k: a save amid a refused one of its grant, cut at each I/O of either, stays."""
        for brought in ((), ("access",), ("access", "refresh")):
            both_ways(kit, partial(_save_amid_a_refusal, kit, brought), (DuplicateError,))

    def test_a_rotation_and_a_purge_whatever_the_schedule(self, kit: Kit) -> None:
        """CON-08f: a rotation and a purge, also of its own grant, cut at each I/O, both succeed."""

        def prepare() -> Pair:
            family = Family(kit)
            expired = access_token(kit.now - 9000, expires_at=kit.now - 9)
            kit.first.tokens.save_token(family.grant, [expired])
            brought = family.successors(family.first, kit.now)

            def check(rotated: object, _: object) -> None:
                assert outcomes([rotated]) == {RotationOutcome.WON: 1}
                every = [family.first, family.access, *brought]
                living = alive(kit.first, family.grant, every, kit.now)
                assert living == [family.access, *brought]
                kit.assert_gone(kit.first.tokens.query_token(expired.digest))

            rotate = deeds.rotate(family.grant, family.first, brought, kit.now)
            return rotate, *_purge_amid(kit, check)

        both_ways(kit, prepare)


def _save_and_revoke(kit: Kit, way: str) -> Pair:
    given = grant(kit.now, family=fresh())
    tokens = [access_token(kit.now), refresh_token(kit.now)]

    def check(saved: object, seen: object) -> None:
        assert seen == [], "alive although the revocation had returned"
        assert alive_anywhere(kit, given, tokens, kit.now) == []
        if isinstance(saved, GrantRevokedError):
            _assert_nothing_is_left(kit, given, tokens)

    ways = {
        "grant": deeds.revoke_grant(given, kit.now),
        "client": deeds.revoke_all(given.client_id, None, kit.now),
        "subject": deeds.revoke_all(None, given.subject, kit.now),
        "both": deeds.revoke_all(given.client_id, given.subject, kit.now),
    }
    revoke = partial(_revoke, ways[way], given, tokens, kit.now)
    return deeds.save_token(given, tokens), revoke, check


def _add_and_revoke(kit: Kit, way: str) -> Pair:
    family = Family(kit)
    more = access_token(kit.now)
    issued = [family.first, family.access, more]

    def check(_: object, seen: object) -> None:
        assert seen == [], "alive although the revocation had returned"
        assert alive_anywhere(kit, family.grant, issued, kit.now) == []

    revoke = partial(_revoke, revocations(family, kit.now)[way], family.grant, issued, kit.now)
    return deeds.save_token(family.grant, [more]), revoke, check


def _save_amid_a_refusal(kit: Kit, brought: Sequence[str]) -> Pair:
    bare, taken = grant(kit.now), saved_grant(kit)[1]
    given = replace(bare, family=fresh()) if "refresh" in brought else bare
    makers = {"access": access_token, "refresh": refresh_token}
    tokens = [makers[kind](kit.now) for kind in brought]

    def check(saved: object, refused: object) -> None:
        assert saved is None
        assert isinstance(refused, DuplicateError)
        assert alive(kit.first, given, tokens, kit.now) == tokens
        left = kit.first.tokens.list_grants(given.client_id, None, None, 5)
        assert list(left.items) == [given]

    return deeds.save_token(given, tokens), deeds.save_token(bare, [taken]), check


def _rotate_and_revoke(kit: Kit, way: str) -> Pair:
    family = Family(kit)
    brought = family.successors(family.first, kit.now)
    issued = [family.first, family.access, *brought]

    def check(rotated: object, seen: object) -> None:
        assert isinstance(rotated, Rotation)
        assert rotated.outcome in {RotationOutcome.WON, RotationOutcome.REVOKED}
        assert seen == [], "alive although the revocation had returned"
        assert alive_anywhere(kit, family.grant, issued, kit.now) == []

    revoke = partial(_revoke, revocations(family, kit.now)[way], family.grant, issued, kit.now)
    return deeds.rotate(family.grant, family.first, brought, kit.now), revoke, check


def _rotate_twice(kit: Kit, grace: int) -> Schedule:
    family = Family(kit)
    brought = [family.successors(family.first, kit.now) for _ in range(2)]
    rivals = [deeds.rotate(family.grant, family.first, b, kit.now, grace) for b in brought]
    lost = RotationOutcome.GRACE if grace else RotationOutcome.REUSED

    def check(*answers: object) -> None:
        assert outcomes(answers) == {RotationOutcome.WON: 1, lost: 1}
        rotations = [answer for answer in answers if isinstance(answer, Rotation)]
        winner = [rotation.outcome for rotation in rotations].index(RotationOutcome.WON)
        every = [family.first, *(token for each in brought for token in each)]
        living = alive(kit.first, family.grant, every, kit.now)
        assert living == (brought[winner] if grace else [])
        if grace:
            assert rotations[1 - winner].sealed_response == rivals[winner].arguments[4]

    return Schedule(rivals[0], rivals[1], check)


def _redeem_and_sweep(kit: Kit, way: str) -> Pair:
    code, given = _code(kit)
    given = replace(given, family=fresh())
    tokens = [access_token(kit.now), refresh_token(kit.now)]
    client_id = None if way == "subject" else given.client_id
    subject = None if way == "client" else given.subject

    def check(redeemed: object, seen: object) -> None:
        assert seen == [], "alive although the revocation had returned"
        assert alive_anywhere(kit, given, tokens, kit.now) == []
        refused = isinstance(redeemed, GrantRevokedError)
        if refused:
            _assert_nothing_is_left(kit, given, tokens)
        state = CredentialState.APPROVED if refused else CredentialState.USED
        stored = kit.first.credentials.query_credential(code.kind, code.digest)
        assert stored == replace(code, state=state)

    sweep = partial(_revoke, deeds.revoke_all(client_id, subject, kit.now), given, tokens, kit.now)
    return deeds.redeem(code, given, tokens, kit.now), sweep, check


def _purge_amid(kit: Kit, check: Callable[..., None]) -> tuple[Deed, Callable[..., None]]:
    """Save what is to be purged, and return the purge with the check of both."""
    ended = grant(kit.now - 99, keep_until=kit.now)
    kit.first.tokens.save_token(ended, [access_token(kit.now - 99)])

    def check_both(other: object, purged: object) -> None:
        assert isinstance(purged, Purged)
        check(other, purged)
        left = kit.first.tokens.list_grants(ended.client_id, None, None, 5)
        assert list(left.items) == [] or kit.capabilities.native_ttl

    return deeds.purge("tokens", kit.now), check_both


def _revoke(
    revoke: Call, given: Grant, issued: Sequence[Token], now: int, handle: Handle
) -> list[Token]:
    """Revoke, and return what this handle would accept at once afterwards."""
    revoke(handle)
    return alive(handle, given, issued, now)


def _code(kit: Kit) -> tuple[Credential, Grant]:
    code = credential(kit.now, subject=f"subject-{fresh()}")
    kit.first.credentials.save_credential(code, kit.now)
    names = {"client_id": code.client_id, "subject": code.subject}
    return code, grant(kit.now, grant_id=code.grant_id, **names)


def _assert_nothing_is_left(kit: Kit, given: Grant, tokens: Sequence[Token]) -> None:
    """Check that a refused save has left nothing that anybody finds."""
    store = kit.first.tokens
    assert [store.query_token(token.digest) for token in tokens] == [None] * len(tokens)
    assert store.query_refresh_token(given.family or "") is None
    assert list(store.list_grants(given.client_id, None, None, 5).items) == []
