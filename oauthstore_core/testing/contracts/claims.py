"""The role `credentials`: used once."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ...records import Claim, ClaimOutcome, Credential, CredentialState
from ..kit import Kit
from ..processes import in_threads
from ..races import race
from ..samples import DAY, KINDS, credential, fresh
from .contests import one_claim_wins
from .contract import Contract

__all__ = ["CredentialClaims"]

MISSING, WON = ClaimOutcome.MISSING, ClaimOutcome.WON
USED, APPROVED = CredentialState.USED, CredentialState.APPROVED


class CredentialClaims(Contract):
    """Every outcome of a claim, in its order, and one winner."""

    def test_one_of_many_claims_wins(self, kit: Kit) -> None:
        """ONE-01a: of many concurrent claims one is WON, the rest ALREADY_USED with the record."""
        one_claim_wins(kit, in_threads)

    def test_a_second_claim_learns_of_the_first(self, kit: Kit) -> None:
        """ONE-02: the only claimer is told WON, the next one ALREADY_USED with the whole record."""
        for kind in KINDS:
            given = credential(kit.now, kind=kind, alias=fresh())
            kit.first.credentials.save_credential(given, kit.now)

            assert _claim(kit, 0, given) == Claim(WON, given)
            for index, _ in enumerate(kit.handles):
                again = _claim(kit, index, given)
                used = replace(given, state=USED)
                assert again == Claim(ClaimOutcome.ALREADY_USED, used)

    def test_a_claim_outlives_its_handle(self, kit: Kit) -> None:
        """ONE-03: a claim that was answered is known to a handle that is opened afterwards."""
        given = credential(kit.now)
        kit.first.credentials.save_credential(given, kit.now)
        assert _claim(kit, 0, given).outcome is WON

        store = kit.reopen().credentials
        again = store.claim_credential(given.kind, given.digest, given.client_id, kit.now)
        assert again.outcome is ClaimOutcome.ALREADY_USED

    def test_another_client_learns_and_takes_nothing(self, kit: Kit) -> None:
        """ONE-04: another client is told MISSING in every state, and nothing is used up."""
        store = kit.first.credentials
        for state in CredentialState:
            given = credential(kit.now, state=state, client_id="Client-1")
            store.save_credential(given, kit.now)
            for thief in ("client-1", "Client-1 ", "Client-", "", "other"):
                claim = store.claim_credential(given.kind, given.digest, thief, kit.now)
                assert claim == Claim(MISSING)

            assert store.query_credential(given.kind, given.digest) == given

    def test_the_first_reason_decides_a_claim(self, kit: Kit) -> None:
        """ONE-05a: used comes before denied, denied before expired, expired before pending."""
        expired: dict[str, object] = {"expires_at": kit.now}
        expectations: tuple[tuple[CredentialState, dict[str, object], ClaimOutcome], ...] = (
            (USED, {}, ClaimOutcome.ALREADY_USED),
            (USED, expired, ClaimOutcome.ALREADY_USED),
            (CredentialState.DENIED, {}, ClaimOutcome.DENIED),
            (CredentialState.DENIED, expired, ClaimOutcome.DENIED),
            (APPROVED, expired, ClaimOutcome.EXPIRED),
            (CredentialState.PENDING, expired, ClaimOutcome.EXPIRED),
            (CredentialState.PENDING, {}, ClaimOutcome.PENDING),
            (APPROVED, {}, WON),
        )
        for state, changes, outcome in expectations:
            for kind in KINDS:
                given = credential(kit.now, kind=kind, state=state, **changes)
                kit.first.credentials.save_credential(given, kit.now)

                assert _claim(kit, 0, given) == Claim(outcome, given), (state, changes)

    def test_a_refused_claim_writes_nothing(self, kit: Kit) -> None:
        """ONE-05b: a claim that is not WON leaves the record as it was."""
        store = kit.first.credentials
        for state in CredentialState:
            given = credential(kit.now, state=state)
            store.save_credential(given, kit.now)
            for now in (given.expires_at, given.keep_until):
                store.claim_credential(given.kind, given.digest, given.client_id, now)
            if state is not APPROVED:
                _claim(kit, 0, given)

            assert store.query_credential(given.kind, given.digest) == given

    def test_a_claim_amid_purges_is_won_once(self, kit: Kit) -> None:
        """ONE-05c: claims racing purges at the record's end are never WON twice."""
        for _ in kit.rounds:
            given = credential(kit.now, expires_at=kit.now + 60, keep_until=kit.now + 60)
            kit.first.credentials.save_credential(given, kit.now)
            end = given.keep_until

            def purge(index: int, end: int = end) -> Claim:
                kit.handle(index).credentials.purge_credentials(end, 5)
                return Claim(MISSING)

            claims = [partial(_claim, kit, i, given) for i in range(6)]
            purges = [partial(purge, i) for i in range(2)]
            late = [partial(_claim, kit, i, given, end) for i in range(4)]
            answers = race([*claims, *purges, *late])

            won = [answer for answer in answers if answer == Claim(WON, given)]
            assert len(won) <= 1
            assert all(
                isinstance(answer, Claim) and answer.outcome is MISSING for answer in answers[6:]
            )

    def test_looking_does_not_use(self, kit: Kit) -> None:
        """ONE-06: any number of queries, also by alias, leave the credential to be claimed."""
        for kind in KINDS:
            given = credential(kit.now, kind=kind, alias=fresh())
            kit.first.credentials.save_credential(given, kit.now)
            for handle in kit.handles:
                for _ in range(3):
                    store = handle.credentials
                    assert store.query_credential(kind, given.digest) == given
                    assert store.query_credential_by_alias(kind, given.alias or "") == given

            assert _claim(kit, 1, given) == Claim(WON, given)

    def test_a_tombstone_stands_until_its_end(self, kit: Kit) -> None:
        """ONE-07: a used credential answers ALREADY_USED until `keep_until`, then MISSING."""
        given = credential(kit.now)
        kit.first.credentials.save_credential(given, kit.now)
        assert _claim(kit, 0, given).outcome is WON

        for moment in (given.expires_at, given.keep_until - 1):
            again = _claim(kit, 0, given, moment)
            assert again.outcome is ClaimOutcome.ALREADY_USED
        assert _claim(kit, 0, given, given.keep_until) == Claim(MISSING)

    def test_a_claim_does_not_change_the_deadlines(self, kit: Kit) -> None:
        """IDX-04: a claim leaves `expires_at` and `keep_until` of the record as they were."""
        given = credential(kit.now, expires_at=kit.now + 61, keep_until=kit.now + DAY + 61)
        kit.first.credentials.save_credential(given, kit.now)
        _claim(kit, 0, given, kit.now + 60)

        found = kit.first.credentials.query_credential(given.kind, given.digest)
        assert found == replace(given, state=USED)


def _claim(kit: Kit, index: int, given: Credential, now: int | None = None) -> Claim:
    return kit.handle(index).credentials.claim_credential(
        given.kind, given.digest, given.client_id, kit.now if now is None else now
    )
