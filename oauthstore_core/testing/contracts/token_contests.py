"""Races over grants and families that threads and processes run alike."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import pytest

from ...errors import GrantRevokedError
from ...records import Claim, ClaimOutcome, Credential, Grant, Rotation, RotationOutcome, Token
from .. import deeds
from ..deeds import Call, Deed
from ..flows import Family, alive, alive_anywhere, rotated_record
from ..kit import Handle, Kit
from ..processes import Arena
from ..races import RACERS
from ..samples import DAY, access_token, credential, fresh, grant, refresh_token

__all__ = [
    "all_get_one_response_within_the_grace",
    "nothing_in_flight_survives",
    "nothing_is_left_of_a_code",
    "one_call_delivered_often_wins_once",
    "one_redemption_wins",
    "one_rotation_wins",
    "revocations",
    "saves_amid_a_sweep_are_dead",
]

#: How many generations those who rotate along a family come to, at most.
_CHAIN = 12
#: A revocation comes within this time after the start, in seconds.
_AMID = 0.01


def one_rotation_wins(kit: Kit, arena: Arena) -> None:
    """Without grace one of many rotations is WON, the rest REUSED or REVOKED, none alive."""
    for _ in kit.rounds:
        family = Family(kit)
        brought = [family.successors(family.first, kit.now) for _ in range(RACERS)]
        calls = [deeds.rotate(family.grant, family.first, each, kit.now) for each in brought]

        outcomes = Counter(_outcomes(arena(kit, calls, ())))

        assert outcomes[RotationOutcome.WON] == 1
        assert outcomes[RotationOutcome.REUSED] >= 1
        lost = outcomes[RotationOutcome.REUSED] + outcomes[RotationOutcome.REVOKED]
        assert lost == RACERS - 1
        issued = [family.first, family.access, *(token for each in brought for token in each)]
        assert alive_anywhere(kit, family.grant, issued, kit.now) == []


def all_get_one_response_within_the_grace(kit: Kit, arena: Arena) -> None:
    """With grace one of many rotations is WON, the others get its response, one token lives."""
    for _ in kit.rounds:
        family = Family(kit)
        brought = [family.successors(family.first, kit.now) for _ in range(RACERS)]
        calls = [deeds.rotate(family.grant, family.first, each, kit.now, 60) for each in brought]

        answers = arena(kit, calls, ())

        outcomes = _outcomes(answers)
        assert Counter(outcomes) == {RotationOutcome.WON: 1, RotationOutcome.GRACE: RACERS - 1}
        winner = outcomes.index(RotationOutcome.WON)
        sealed = {a.sealed_response for a in answers if isinstance(a, Rotation)} - {None}
        assert sealed == {calls[winner].arguments[4]}
        issued = [token for each in brought for token in each]
        assert alive(kit.first, family.grant, issued, kit.now) == brought[winner]


def one_call_delivered_often_wins_once(kit: Kit, arena: Arena) -> None:
    """One rotation that is delivered many times is WON each time, and stored once."""
    for _ in kit.rounds:
        family = Family(kit)
        successors = family.successors(family.first, kit.now)
        call = deeds.rotate(family.grant, family.first, successors, kit.now, 60)

        outcomes = _outcomes(arena(kit, [call] * RACERS, ()))

        assert outcomes == [RotationOutcome.WON] * RACERS
        assert family.stored() == (successors[1], rotated_record(family.first, kit.now))
        assert alive(kit.first, family.grant, successors, kit.now) == successors


def one_redemption_wins(kit: Kit, arena: Arena) -> None:
    """Of many redemptions one is WON, and only its tokens exist."""
    for _ in kit.rounds:
        code, given = _code(kit)
        brought = [access_token(kit.now) for _ in range(RACERS)]
        calls = [deeds.redeem(code, given, [token], kit.now) for token in brought]

        answers = arena(kit, calls, ())

        outcomes = [answer.outcome for answer in answers if isinstance(answer, Claim)]
        assert Counter(outcomes) == {
            ClaimOutcome.WON: 1,
            ClaimOutcome.ALREADY_USED: RACERS - 1,
        }
        winner = brought[outcomes.index(ClaimOutcome.WON)]
        assert alive(kit.first, given, brought, kit.now) == [winner]


def nothing_is_left_of_a_code(kit: Kit, arena: Arena) -> None:
    """Of many presentations of a code at most one gets tokens, and they die."""
    for _ in kit.rounds:
        code, given = _code(kit)
        brought = [access_token(kit.now) for _ in range(RACERS)]
        calls = [partial(_present, code, given, token, kit.now) for token in brought]

        answers = arena(kit, calls, (GrantRevokedError,))

        assert len([answer for answer in answers if isinstance(answer, Token)]) <= 1
        assert alive_anywhere(kit, given, brought, kit.now) == []
        with pytest.raises(GrantRevokedError):
            kit.first.tokens.save_token(given, [access_token(kit.now)])


def saves_amid_a_sweep_are_dead(kit: Kit, arena: Arena) -> None:
    """Let saves race `revoke_all`: they are refused, or their tokens are dead."""
    for turn in kit.rounds:
        names = grant(kit.now)
        grants = [replace(names, grant_id=fresh()) for _ in range(RACERS - 1)]
        brought = [access_token(kit.now) for _ in grants]
        saves = [
            deeds.save_token(given, [token]) for given, token in zip(grants, brought, strict=True)
        ]
        ranges = ((names.client_id, None), (None, names.subject), (names.client_id, names.subject))
        client_id, subject = ranges[turn % 3]
        sweep = deeds.revoke_all(client_id, subject, kit.now)

        amid = partial(_revoke_and_look, sweep, names, [], kit.now, _AMID / 4)
        arena(kit, [*saves[:8], amid, *saves[8:]], (GrantRevokedError,))

        assert alive_anywhere(kit, names, brought, kit.now) == []


def nothing_in_flight_survives(kit: Kit, arena: Arena, ways: Sequence[str]) -> None:
    """Revoke while others rotate along the family and save: nothing is or becomes alive."""
    for turn in kit.rounds:
        family = Family(kit)
        revoke = revocations(family, kit.now)[ways[turn % len(ways)]]
        chain = _chain(family, kit.now)
        more = [[access_token(kit.now) for _ in range(3)] for _ in range(RACERS // 2)]
        issued = [family.first, family.access]
        issued += [token for each in (*chain, *more) for token in each]
        calls: list[Deed] = [
            partial(_revoke_and_look, revoke, family.grant, issued, kit.now, _AMID),
            partial(_rotate_along, family.grant, family.first, chain, kit.now),
            *(partial(_save_on, family.grant, each) for each in more),
        ]

        answers = arena(kit, calls, ())

        assert answers[0] == [], "alive although the revocation had returned"
        assert alive_anywhere(kit, family.grant, issued, kit.now) == []


def revocations(family: Family, now: int) -> dict[str, Call]:
    """Return every call that revokes the whole grant, by name."""
    given, brought = family.grant, family.successors(family.first, now)
    return {
        "grant": deeds.revoke_grant(given, now),
        "client": deeds.revoke_all(given.client_id, None, now),
        "subject": deeds.revoke_all(None, given.subject, now),
        "both": deeds.revoke_all(given.client_id, given.subject, now),
        "reuse": deeds.rotate(given, refresh_token(now), brought, now),
    }


def _outcomes(answers: Sequence[object]) -> list[RotationOutcome]:
    return [answer.outcome for answer in answers if isinstance(answer, Rotation)]


def _code(kit: Kit) -> tuple[Credential, Grant]:
    code = credential(kit.now, subject=f"subject-{fresh()}")
    kit.first.credentials.save_credential(code, kit.now)
    names = {"client_id": code.client_id, "subject": code.subject}
    return code, grant(kit.now, grant_id=code.grant_id, **names)


def _chain(family: Family, now: int) -> list[list[Token]]:
    """Return the successors of each generation to come: known before the first is sent."""
    chain: list[list[Token]] = []
    presented = family.first
    for _ in range(_CHAIN):
        chain.append(family.successors(presented, now))
        presented = chain[-1][1]
    return chain


# --- what runs in a thread or a process of its own ---


def _present(
    code: Credential, given: Grant, token: Token, now: int, handle: Handle
) -> Token | None:
    claim = handle.credentials.claim_credential(code.kind, code.digest, code.client_id, now)
    if claim.outcome is not ClaimOutcome.WON:
        handle.tokens.revoke_grant(given.grant_id, now, now + DAY)
        return None
    handle.tokens.save_token(given, [token])
    return token


def _revoke_and_look(
    revoke: Call, given: Grant, issued: Sequence[Token], now: int, within: float, handle: Handle
) -> list[Token]:
    """Revoke at some moment of the race, and return what is alive at once afterwards."""
    time.sleep(random.uniform(0, within))  # noqa: S311 - any moment will do
    revoke(handle)
    return alive(handle, given, issued, now)


def _rotate_along(
    given: Grant, presented: Token, chain: Sequence[Sequence[Token]], now: int, handle: Handle
) -> None:
    for successors in chain:
        rotation = deeds.rotate(given, presented, successors, now)(handle)
        assert isinstance(rotation, Rotation)
        if rotation.outcome is not RotationOutcome.WON:
            assert rotation.outcome is RotationOutcome.REVOKED
            return
        presented = successors[1]


def _save_on(given: Grant, brought: Sequence[Token], handle: Handle) -> None:
    for token in brought:
        try:
            handle.tokens.save_token(given, [token])
        except GrantRevokedError:
            return
