"""The role `credentials`: decided once, polled at a pace."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ...judgement import SLOW_DOWN_STEP
from ...records import (
    Claim,
    ClaimOutcome,
    Credential,
    CredentialState,
    Decision,
    DecisionOutcome,
    Poll,
    PollOutcome,
)
from ..kit import Kit
from ..processes import in_threads
from ..races import RACERS, race
from ..samples import KINDS, credential, pending
from .contests import each_poll_counts, one_decision_wins
from .contract import Contract

__all__ = ["CredentialDecisions", "DevicePolls"]

APPROVED, DENIED = CredentialState.APPROVED, CredentialState.DENIED
USED, PENDING = CredentialState.USED, CredentialState.PENDING


class CredentialDecisions(Contract):
    """Every outcome of a decision, in its order, and one winner."""

    def test_a_decision_replaces_what_it_names(self, kit: Kit) -> None:
        """DEV-01a: a decision sets state, subject, payload and `granted_at`, and nothing else."""
        store = kit.first.credentials
        for kind in KINDS:
            for state, subject in ((APPROVED, "subject-9"), (DENIED, None), (DENIED, "subject-9")):
                given = pending(kit.now, kind=kind, subject="early")
                store.save_credential(given, kit.now)
                moment = kit.now + 7
                decision = store.decide_credential(
                    kind, given.digest, state, subject, '{"a": 1}', moment
                )

                decided = replace(
                    given, state=state, subject=subject, payload='{"a": 1}', granted_at=moment
                )
                assert decision == Decision(DecisionOutcome.WON, decided)
                for handle in kit.handles:
                    assert handle.credentials.query_credential(kind, given.digest) == decided

    def test_the_first_reason_decides_a_decision(self, kit: Kit) -> None:
        """DEV-01b: already decided comes before expired; neither writes anything."""
        store = kit.first.credentials
        expectations = (
            (APPROVED, DecisionOutcome.ALREADY_DECIDED, DecisionOutcome.ALREADY_DECIDED),
            (DENIED, DecisionOutcome.ALREADY_DECIDED, DecisionOutcome.ALREADY_DECIDED),
            (USED, DecisionOutcome.ALREADY_DECIDED, DecisionOutcome.ALREADY_DECIDED),
            (PENDING, DecisionOutcome.WON, DecisionOutcome.EXPIRED),
        )
        for state, before, at_expiry in expectations:
            given = pending(kit.now, state=state)
            store.save_credential(given, kit.now)
            late = store.decide_credential(
                given.kind, given.digest, DENIED, "x", "x", given.expires_at
            )
            assert late == Decision(at_expiry, given)
            if before is not DecisionOutcome.WON:
                early = store.decide_credential(
                    given.kind, given.digest, APPROVED, "x", "x", kit.now
                )
                assert early == Decision(before, given)
            assert store.query_credential(given.kind, given.digest) == given

    def test_a_second_decision_changes_nothing(self, kit: Kit) -> None:
        """DEV-01c: a denial is not turned into an approval, nor an approval into a denial."""
        store = kit.first.credentials
        for first, second in ((APPROVED, DENIED), (DENIED, APPROVED), (APPROVED, APPROVED)):
            given = pending(kit.now)
            store.save_credential(given, kit.now)
            key = (given.kind, given.digest)
            won = store.decide_credential(*key, first, "s-1", '{"n":1}', kit.now + 1)
            lost = store.decide_credential(*key, second, "s-2", '{"n":2}', kit.now + 2)

            assert lost == Decision(DecisionOutcome.ALREADY_DECIDED, won.credential)
            assert store.query_credential(*key) == won.credential

    def test_one_of_many_decisions_wins(self, kit: Kit) -> None:
        """DEV-01d: of many concurrent decisions one is WON, and the others are shown it."""
        one_decision_wins(kit, in_threads)

    def test_a_claim_sees_a_whole_decision_or_none(self, kit: Kit) -> None:
        """DEV-01e: a claim racing the approval is PENDING, or WON with all that was approved."""
        for _ in kit.rounds:
            given = pending(kit.now)
            kit.first.credentials.save_credential(given, kit.now)
            approved = replace(
                given, state=APPROVED, subject="s", payload='"p"', granted_at=kit.now
            )

            def decide(given: Credential = given) -> Claim:
                kit.first.credentials.decide_credential(
                    given.kind, given.digest, APPROVED, "s", '"p"', kit.now
                )
                return Claim(ClaimOutcome.PENDING, given)

            def claim(index: int, given: Credential = given) -> Claim:
                return kit.handle(index).credentials.claim_credential(
                    given.kind, given.digest, given.client_id, kit.now
                )

            answers = race([decide, *(partial(claim, i) for i in range(RACERS - 1))])
            answers.append(claim(0))

            legal = {
                Claim(ClaimOutcome.PENDING, given),
                Claim(ClaimOutcome.WON, approved),
                Claim(ClaimOutcome.ALREADY_USED, replace(approved, state=USED)),
            }
            assert set(answers) <= legal
            assert answers.count(Claim(ClaimOutcome.WON, approved)) == 1


class DevicePolls(Contract):
    """Every outcome of a poll, in its order (RFC 8628 section 3.5)."""

    def test_the_first_reason_decides_a_poll(self, kit: Kit) -> None:
        """DEV-02a: used, denied, expired, approved, too soon, pending: the first that holds."""
        soon: dict[str, object] = {"polled_at": kit.now}
        expired: dict[str, object] = {"expires_at": kit.now}
        expectations: tuple[tuple[CredentialState, dict[str, object], PollOutcome], ...] = (
            (USED, {**soon, **expired}, PollOutcome.USED),
            (DENIED, {**soon, **expired}, PollOutcome.DENIED),
            (APPROVED, {**soon, **expired}, PollOutcome.EXPIRED),
            (PENDING, {**soon, **expired}, PollOutcome.EXPIRED),
            (APPROVED, soon, PollOutcome.APPROVED),
            (APPROVED, {}, PollOutcome.APPROVED),
        )
        for state, changes, outcome in expectations:
            given = pending(kit.now, state=state, **changes)
            kit.first.credentials.save_credential(given, kit.now)

            assert _poll(kit, given) == Poll(outcome, given), (state, changes)
            assert _stored(kit, given) == given

    def test_a_poll_that_comes_too_soon_slows_down(self, kit: Kit) -> None:
        """DEV-02b: too soon is SLOW_DOWN, adds 5 seconds for good, and counts as a poll."""
        given = pending(kit.now, interval=5)
        kit.first.credentials.save_credential(given, kit.now)

        assert _poll(kit, given).outcome is PollOutcome.PENDING
        assert _stored(kit, given) == replace(given, polled_at=kit.now)
        assert _poll(kit, given, kit.now + 3).outcome is PollOutcome.SLOW_DOWN
        slowed = replace(given, polled_at=kit.now + 3, interval=5 + SLOW_DOWN_STEP)
        assert _stored(kit, given) == slowed
        assert _poll(kit, given, kit.now + 3 + 8).outcome is PollOutcome.SLOW_DOWN
        assert _poll(kit, given, kit.now + 11 + 15).outcome is PollOutcome.PENDING

    def test_a_steady_client_is_never_slowed(self, kit: Kit) -> None:
        """DEV-02c: a client that polls at its interval, or a second early, is never slowed."""
        given = pending(kit.now, interval=5)
        kit.first.credentials.save_credential(given, kit.now)
        for turn in range(12):
            moment = kit.now + 5 * turn - turn % 2
            assert _poll(kit, given, moment).outcome is PollOutcome.PENDING

        assert _stored(kit, given) == replace(given, polled_at=kit.now + 5 * 11 - 1)

    def test_without_interval_nobody_is_slowed(self, kit: Kit) -> None:
        """DEV-02d: a credential without interval is never slowed, and gets none."""
        given = pending(kit.now, interval=None)
        kit.first.credentials.save_credential(given, kit.now)
        outcomes = {_poll(kit, given).outcome for _ in range(4)}

        assert outcomes == {PollOutcome.PENDING}
        assert _stored(kit, given) == replace(given, polled_at=kit.now)

    def test_no_poll_is_lost(self, kit: Kit) -> None:
        """DEV-02e: of many polls at once one is PENDING, each other adds its 5 seconds."""
        each_poll_counts(kit, in_threads)

    def test_another_client_does_not_poll(self, kit: Kit) -> None:
        """DEV-02f: another client's poll is MISSING in every state and slows nobody down."""
        store = kit.first.credentials
        for state in CredentialState:
            given = pending(kit.now, state=state, client_id="Client-1")
            store.save_credential(given, kit.now)
            for thief in ("client-1", "Client-1 ", ""):
                poll = store.poll_credential(given.kind, given.digest, thief, kit.now)
                assert poll == Poll(PollOutcome.MISSING)

            assert _stored(kit, given) == given

    def test_an_approved_device_is_never_slowed(self, kit: Kit) -> None:
        """DEV-03a: once approved, every poll is APPROVED, however fast, and writes nothing."""
        given = pending(kit.now)
        store = kit.first.credentials
        store.save_credential(given, kit.now)
        _poll(kit, given)
        store.decide_credential(given.kind, given.digest, APPROVED, "s", "{}", kit.now)
        approved = _stored(kit, given)

        for _ in range(4):
            assert _poll(kit, given) == Poll(PollOutcome.APPROVED, approved)
        claim = store.claim_credential(given.kind, given.digest, given.client_id, kit.now)
        assert claim == Claim(ClaimOutcome.WON, approved)

    def test_a_poll_does_not_undo_a_decision(self, kit: Kit) -> None:
        """DEV-03b: a poll racing the decision never brings the pending state back."""
        for _ in kit.rounds:
            given = credential(kit.now, state=PENDING, kind="device_code", interval=1)
            kit.first.credentials.save_credential(given, kit.now)

            def decide(given: Credential = given) -> Poll:
                kit.first.credentials.decide_credential(
                    given.kind, given.digest, DENIED, None, '"no"', kit.now
                )
                return _poll(kit, given)

            answers = race([decide, *(partial(_poll, kit, given, None, i) for i in range(7))])

            assert isinstance(answers[0], Poll)
            assert answers[0].outcome is PollOutcome.DENIED
            stored = _stored(kit, given)
            assert stored is not None
            assert (stored.state, stored.payload) == (DENIED, '"no"')


def _poll(kit: Kit, given: Credential, now: int | None = None, index: int = 0) -> Poll:
    return kit.handle(index).credentials.poll_credential(
        given.kind, given.digest, given.client_id, kit.now if now is None else now
    )


def _stored(kit: Kit, given: Credential) -> Credential | None:
    return kit.first.credentials.query_credential(given.kind, given.digest)
