"""Races that threads and processes run alike: each function is one, the arena runs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from ...errors import ConflictError, DuplicateError
from ...judgement import SLOW_DOWN_STEP
from ...records import (
    Account,
    Claim,
    ClaimOutcome,
    Client,
    Credential,
    CredentialState,
    Decision,
    DecisionOutcome,
    Grant,
    IssuedToken,
    Poll,
    PollOutcome,
)
from .. import deeds
from ..kit import Handle, Kit
from ..processes import Arena
from ..races import RACERS
from ..samples import KINDS, access_token, account, client, credential, fresh, grant, pending

__all__ = [
    "each_attempt_counts",
    "each_poll_counts",
    "each_writer_counts",
    "one_account_replacement_wins",
    "one_claim_wins",
    "one_client_creation_wins",
    "one_credential_wins",
    "one_decision_wins",
    "one_nonce_is_first",
    "one_token_wins",
]

T = TypeVar("T")

DUPLICATE = (DuplicateError,)


def one_claim_wins(kit: Kit, arena: Arena) -> None:
    """One of many claims is WON, the rest ALREADY_USED with the record."""
    for turn in kit.rounds:
        given = credential(kit.now, kind=KINDS[turn % len(KINDS)])
        kit.first.credentials.save_credential(given, kit.now)

        answers = arena(kit, [deeds.claim(given, kit.now)] * RACERS, ())

        assert answers.count(Claim(ClaimOutcome.WON, given)) == 1
        used = Claim(ClaimOutcome.ALREADY_USED, replace(given, state=CredentialState.USED))
        assert answers.count(used) == RACERS - 1


def one_decision_wins(kit: Kit, arena: Arena) -> None:
    """One of many decisions is WON, and the others are shown it."""
    states = (CredentialState.APPROVED, CredentialState.DENIED)
    for turn in kit.rounds:
        given = pending(kit.now, kind=KINDS[turn % len(KINDS)])
        kit.first.credentials.save_credential(given, kit.now)
        calls = [
            deeds.decide(given, states[i % 2], f"s-{i}", f'"{i}"', kit.now) for i in range(RACERS)
        ]

        answers = arena(kit, calls, ())

        decisions = [answer for answer in answers if isinstance(answer, Decision)]
        stored = kit.first.credentials.query_credential(given.kind, given.digest)
        assert all(decision.credential == stored for decision in decisions)
        assert Counter(decision.outcome for decision in decisions) == {
            DecisionOutcome.WON: 1,
            DecisionOutcome.ALREADY_DECIDED: RACERS - 1,
        }


def each_poll_counts(kit: Kit, arena: Arena) -> None:
    """One of many polls is PENDING, each other adds its 5 seconds."""
    for _ in kit.rounds:
        given = pending(kit.now, interval=5)
        kit.first.credentials.save_credential(given, kit.now)

        answers = arena(kit, [deeds.poll(given, kit.now)] * RACERS, ())

        outcomes = Counter(answer.outcome for answer in answers if isinstance(answer, Poll))
        assert outcomes == {PollOutcome.PENDING: 1, PollOutcome.SLOW_DOWN: RACERS - 1}
        interval = 5 + SLOW_DOWN_STEP * (RACERS - 1)
        stored = kit.first.credentials.query_credential(given.kind, given.digest)
        assert stored == replace(given, polled_at=kit.now, interval=interval)


def one_credential_wins(kit: Kit, arena: Arena) -> None:
    """One of many who save a digest succeeds, and its record is the stored one."""
    for _ in kit.rounds:
        wanted = credential(kit.now)
        rivals = [replace(wanted, client_id=f"client-{index}") for index in range(RACERS)]

        answers = arena(kit, [deeds.save_credential(rival, kit.now) for rival in rivals], DUPLICATE)

        winner: Credential = _only_winner(rivals, answers)
        found = kit.first.credentials.query_credential(wanted.kind, wanted.digest)
        assert found == winner


def one_client_creation_wins(kit: Kit, arena: Arena) -> None:
    """One of many who create a client succeeds, the rest get DuplicateError."""
    for _ in kit.rounds:
        wanted = client()
        rivals = [replace(wanted, owner=f"owner-{index}") for index in range(RACERS)]

        answers = arena(kit, [deeds.save_client(rival) for rival in rivals], DUPLICATE)

        winners = [answer for answer in answers if isinstance(answer, Client)]
        assert len(winners) == 1
        assert kit.first.clients.query_client(wanted.client_id) == winners[0]


def one_token_wins(kit: Kit, arena: Arena) -> None:
    """One of many who save a token's digest succeeds, and its grant is the token's."""
    for _ in kit.rounds:
        token = access_token(kit.now)
        rivals = [grant(kit.now) for _ in range(RACERS)]
        calls = [deeds.save_token(rival, [access_token(kit.now), token]) for rival in rivals]

        answers = arena(kit, calls, DUPLICATE)

        winner: Grant = _only_winner(rivals, answers)
        assert kit.first.tokens.query_token(token.digest) == IssuedToken(winner, token)


def one_account_replacement_wins(kit: Kit, arena: Arena) -> None:
    """One of many who replace a version succeeds, and versions are contiguous."""
    saved = kit.first.accounts.save_account(account())
    for version in range(1, len(kit.rounds) + 1):
        rivals = [replace(saved, version=version, payload=str(i)) for i in range(RACERS)]

        answers = arena(kit, [deeds.save_account(rival) for rival in rivals], (ConflictError,))

        winners = [answer for answer in answers if isinstance(answer, Account)]
        assert [winner.version for winner in winners] == [version + 1]
        assert kit.first.accounts.query_account(saved.name) == winners[0]


def each_attempt_counts(kit: Kit, arena: Arena) -> None:
    """Many attempts are told 1 to N, each number once."""
    for _ in kit.rounds:
        attempt = deeds.count_attempt(fresh(), 60, kit.now)

        answers = arena(kit, [attempt] * RACERS, ())

        assert Counter(answers) == Counter(range(1, RACERS + 1))


def one_nonce_is_first(kit: Kit, arena: Arena, ages: Sequence[int]) -> None:
    """One of many uses is the first; of age 0 the nonce is new, else it expired at that age."""
    for turn in kit.rounds:
        digest, later = fresh(), kit.now + ages[turn % len(ages)]
        assert later == kit.now or kit.first.nonces.claim_nonce(digest, later, kit.now)

        answers = arena(kit, [deeds.claim_nonce(digest, later + 300, later)] * RACERS, ())

        assert Counter(answers) == {True: 1, False: RACERS - 1}


def each_writer_counts(kit: Kit, arena: Arena) -> None:
    """Each of 100 writers' increments arrives, and versions are contiguous."""
    for _ in range(max(1, len(kit.rounds) // 20)):
        start = kit.first.clients.save_client(client(payload="0"))

        answers = arena(kit, [partial(_increment, start.client_id)] * 100, ())

        assert sorted(map(str, answers)) == sorted(map(str, range(2, 102)))
        end = kit.first.clients.query_client(start.client_id)
        assert end is not None
        assert end.payload == "100"


def _only_winner(rivals: Sequence[T], answers: Sequence[object]) -> T:
    """Return whose call succeeded; an answer of None is success, the others are errors."""
    winners = [rival for rival, answer in zip(rivals, answers, strict=True) if answer is None]
    assert len(winners) == 1
    return winners[0]


def _increment(client_id: str, handle: Handle) -> int:
    while True:
        found = handle.clients.query_client(client_id)
        assert found is not None
        try:
            added = replace(found, payload=str(int(found.payload) + 1))
            return handle.clients.save_client(added).version
        except ConflictError:
            continue
