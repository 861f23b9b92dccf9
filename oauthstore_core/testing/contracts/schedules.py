"""Two calls interleaved at every I/O: what a race meets once in a thousand rounds, each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from ...errors import ConflictError, StoreError
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
    Poll,
    PollOutcome,
    Purged,
)
from .. import deeds
from ..deeds import Deed
from ..kit import Handle, Kit
from ..samples import account, client, credential, fresh, pending
from ..schedules import Schedule, interleave
from .contract import Contract

__all__ = [
    "AccountSchedules",
    "ClientSchedules",
    "CredentialSchedules",
    "NonceSchedules",
    "both_ways",
    "outcomes",
]

WON, USED = ClaimOutcome.WON, ClaimOutcome.ALREADY_USED
APPROVED, DENIED = CredentialState.APPROVED, CredentialState.DENIED


class ClientSchedules(Contract):
    """Two writers of one client."""

    def test_one_of_two_writers_wins_whatever_the_schedule(self, kit: Kit) -> None:
        """CON-01e: of two who replace a client, cut at each I/O, one wins, one conflicts."""

        def prepare() -> Schedule:
            saved = kit.first.clients.save_client(client())
            rivals = [replace(saved, owner=owner) for owner in ("a", "b")]

            def check(*answers: object) -> None:
                winners = [answer for answer in answers if isinstance(answer, Client)]
                assert [winner.version for winner in winners] == [2]
                assert kit.first.clients.query_client(saved.client_id) == winners[0]

            first, second = map(deeds.save_client, rivals)
            return Schedule(first, second, check, (ConflictError,))

        interleave(kit, prepare)


class AccountSchedules(Contract):
    """Two writers of one account."""

    def test_one_of_two_writers_wins_whatever_the_schedule(self, kit: Kit) -> None:
        """CON-01f: of two who replace an account, cut at each I/O, one wins, one conflicts."""

        def prepare() -> Schedule:
            saved = kit.first.accounts.save_account(account())
            rivals = [replace(saved, payload=payload) for payload in ("1", "2")]

            def check(*answers: object) -> None:
                winners = [answer for answer in answers if isinstance(answer, Account)]
                assert [winner.version for winner in winners] == [2]
                assert kit.first.accounts.query_account(saved.name) == winners[0]

            first, second = map(deeds.save_account, rivals)
            return Schedule(first, second, check, (ConflictError,))

        interleave(kit, prepare)

    def test_two_attempts_are_two_whatever_the_schedule(self, kit: Kit) -> None:
        """ACC-04c: two attempts, cut at each I/O, are told 1 and 2."""

        def prepare() -> Schedule:
            attempt = deeds.count_attempt(fresh(), 60, kit.now)

            def check(*answers: object) -> None:
                assert Counter(answers) == {1: 1, 2: 1}

            return Schedule(attempt, attempt, check)

        interleave(kit, prepare)


class NonceSchedules(Contract):
    """Two uses of one nonce."""

    def test_one_of_two_uses_is_first_whatever_the_schedule(self, kit: Kit) -> None:
        """RPL-01e: of two uses of a nonce, new or expired, cut at each I/O, one is the first."""
        for age in (0, 300):

            def prepare(age: int = age) -> Schedule:
                digest, later = fresh(), kit.now + age
                assert not age or kit.first.nonces.claim_nonce(digest, later, kit.now)
                use = deeds.claim_nonce(digest, later + 300, later)

                def check(*answers: object) -> None:
                    assert Counter(answers) == {True: 1, False: 1}

                return Schedule(use, use, check)

            interleave(kit, prepare)


class CredentialSchedules(Contract):
    """Two calls on one credential."""

    def test_one_of_two_claims_wins_whatever_the_schedule(self, kit: Kit) -> None:
        """ONE-01c: of two claims, cut at each I/O, one is WON and one ALREADY_USED."""

        def prepare() -> Schedule:
            given = _stored(kit, credential(kit.now))
            claim = deeds.claim(given, kit.now)

            def check(*answers: object) -> None:
                assert outcomes(answers) == {WON: 1, USED: 1}

            return Schedule(claim, claim, check)

        interleave(kit, prepare)

    def test_one_of_two_decisions_wins_whatever_the_schedule(self, kit: Kit) -> None:
        """DEV-01g: of an approval and a denial, cut at each I/O, one is WON and shown to both."""

        def prepare() -> Schedule:
            given = _stored(kit, pending(kit.now))
            rivals = [
                deeds.decide(given, state, state.value, f'"{state.value}"', kit.now)
                for state in (APPROVED, DENIED)
            ]

            def check(*answers: object) -> None:
                assert outcomes(answers) == {
                    DecisionOutcome.WON: 1,
                    DecisionOutcome.ALREADY_DECIDED: 1,
                }
                stored = kit.first.credentials.query_credential(given.kind, given.digest)
                shown = [a.credential for a in answers if isinstance(a, Decision)]
                assert shown == [stored, stored]

            return Schedule(rivals[0], rivals[1], check)

        interleave(kit, prepare)

    def test_a_poll_undoes_no_decision_whatever_the_schedule(self, kit: Kit) -> None:
        """DEV-03c: a poll and a denial, cut at each I/O of either, leave the denial."""

        def prepare() -> tuple[Deed, Deed, Callable[..., None]]:
            given = _stored(kit, pending(kit.now))
            denial = deeds.decide(given, DENIED, None, '"no"', kit.now)

            def check(*answers: object) -> None:
                told = {a.outcome for a in answers if isinstance(a, Poll)}
                assert told <= {PollOutcome.PENDING, PollOutcome.DENIED}
                assert DecisionOutcome.WON in outcomes(answers)
                stored = kit.first.credentials.query_credential(given.kind, given.digest)
                assert stored is not None
                assert (stored.state, stored.payload) == (DENIED, '"no"')

            return deeds.poll(given, kit.now), denial, check

        both_ways(kit, prepare)

    def test_two_polls_are_two_whatever_the_schedule(self, kit: Kit) -> None:
        """DEV-02h: of two polls, cut at each I/O, one is PENDING and one is slowed."""

        def prepare() -> Schedule:
            given = _stored(kit, pending(kit.now))
            poll = deeds.poll(given, kit.now)

            def check(*answers: object) -> None:
                expected = {PollOutcome.PENDING: 1, PollOutcome.SLOW_DOWN: 1}
                assert outcomes(answers) == expected

            return Schedule(poll, poll, check)

        interleave(kit, prepare)

    def test_a_claim_that_an_approval_overtakes_uses_it_up(self, kit: Kit) -> None:
        """ONE-01d: a claim and an approval, cut at each I/O of either: PENDING, or WON for good."""

        def prepare() -> tuple[Deed, Deed, Callable[..., None]]:
            given = _stored(kit, pending(kit.now))
            claim = deeds.claim(given, kit.now)

            def check(claimed: object, _: object) -> None:
                (told,) = outcomes([claimed])
                assert told in {WON, ClaimOutcome.PENDING}
                assert outcomes([claim(kit.first)]) == {USED if told is WON else WON: 1}

            return claim, deeds.decide(given, APPROVED, "s", "{}", kit.now), check

        both_ways(kit, prepare)

    def test_a_decision_that_is_won_is_stored_whatever_the_schedule(self, kit: Kit) -> None:
        """DEV-01h: a decision and the save of what it decides, cut at each I/O: MISSING, or WON."""

        def prepare() -> tuple[Deed, Deed, Callable[..., None]]:
            given = pending(kit.now)

            def check(decided: object, _: object) -> None:
                (told,) = outcomes([decided])
                assert told in {DecisionOutcome.WON, DecisionOutcome.MISSING}
                stored = kit.first.credentials.query_credential(given.kind, given.digest)
                assert stored is not None
                assert (stored.state is APPROVED) == (told is DecisionOutcome.WON)

            approval = deeds.decide(given, APPROVED, "s", "{}", kit.now)
            return approval, deeds.save_credential(given, kit.now), check

        both_ways(kit, prepare)

    def test_a_poll_that_is_slowed_is_stored_whatever_the_schedule(self, kit: Kit) -> None:
        """DEV-02i: a poll, and a save with a poll, cut at each I/O: each slowed one counts."""

        def prepare() -> tuple[Deed, Deed, Callable[..., None]]:
            given = pending(kit.now, interval=5)

            def check(*answers: object) -> None:
                told = outcomes(answers)
                assert told[PollOutcome.PENDING] == 1
                slowed = told[PollOutcome.SLOW_DOWN]
                assert slowed + told[PollOutcome.MISSING] == 1
                interval = 5 + SLOW_DOWN_STEP * slowed
                stored = kit.first.credentials.query_credential(given.kind, given.digest)
                assert stored == replace(given, polled_at=kit.now, interval=interval)

            return deeds.poll(given, kit.now), partial(_save_and_poll, given, kit.now), check

        both_ways(kit, prepare)

    def test_a_purge_makes_no_second_winner_whatever_the_schedule(self, kit: Kit) -> None:
        """CON-08d: a claim and a purge of others, cut at each I/O of either, both do their work."""

        def prepare() -> tuple[Deed, Deed, Callable[..., None]]:
            given = _stored(kit, credential(kit.now))
            end = _stored(kit, credential(kit.now, expires_at=kit.now - 9, keep_until=kit.now))
            purge = deeds.purge("credentials", kit.now)

            def check(*answers: object) -> None:
                assert Claim(WON, given) in answers
                removed = [a.count for a in answers if isinstance(a, Purged)]
                assert removed == [1] or kit.capabilities.native_ttl
                store = kit.first.credentials
                kit.assert_gone(store.query_credential(end.kind, end.digest))
                assert deeds.claim(given, kit.now)(kit.first) == Claim(
                    USED, replace(given, state=CredentialState.USED)
                )

            return deeds.claim(given, kit.now), purge, check

        both_ways(kit, prepare)


def both_ways(
    kit: Kit,
    prepare: Callable[[], tuple[Deed, Deed, Callable[..., None]]],
    tolerated: tuple[type[StoreError], ...] = (),
) -> None:
    """Cut the first call at each I/O for the second, then the second for the first."""

    def schedule(*, turned: bool) -> Schedule:
        first, second, check = prepare()
        if turned:
            return Schedule(second, first, lambda b, a: check(a, b), tolerated)
        return Schedule(first, second, check, tolerated)

    interleave(kit, partial(schedule, turned=False))
    interleave(kit, partial(schedule, turned=True))


def outcomes(answers: Iterable[object]) -> Counter[object]:
    """Count the outcomes among the answers."""
    return Counter(getattr(answer, "outcome", None) for answer in answers)


def _stored(kit: Kit, given: Credential) -> Credential:
    kit.first.credentials.save_credential(given, kit.now)
    return given


def _save_and_poll(given: Credential, now: int, handle: Handle) -> object:
    handle.credentials.save_credential(given, now)
    return deeds.poll(given, now)(handle)
