"""The role `credentials`: expired at read, and evidence until `keep_until`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ...errors import DuplicateError
from ...records import ClaimOutcome, Credential, CredentialState, DecisionOutcome, PollOutcome
from ..kit import Kit
from ..races import race
from ..samples import DAY, KINDS, credential, fresh, pending
from .contract import Contract, assert_purged

__all__ = ["CredentialExpiry"]

APPROVED = CredentialState.APPROVED


class CredentialExpiry(Contract):
    """Expired at read, and evidence until `keep_until`."""

    def test_a_credential_is_expired_from_that_second_on(self, kit: Kit) -> None:
        """EXP-03a: `now == expires_at` is expired for every verb, though nothing was purged."""
        store = kit.first.credentials
        for given in (credential(kit.now), pending(kit.now)):
            store.save_credential(given, kit.now)
            key, end = (given.kind, given.digest), given.expires_at

            claim = store.claim_credential(*key, given.client_id, end)
            assert claim.outcome is ClaimOutcome.EXPIRED
            assert claim.credential == given
            poll = store.poll_credential(*key, given.client_id, end)
            assert poll.outcome is PollOutcome.EXPIRED
            assert store.query_credential(*key) == given
        decision = store.decide_credential(*key, APPROVED, "s", "{}", end)
        assert decision.outcome is DecisionOutcome.EXPIRED
        assert store.query_credential(*key) == given

    def test_the_last_second_counts(self, kit: Kit) -> None:
        """EXP-03b: at `expires_at - 1` a credential can be decided, polled and claimed."""
        store, given = kit.first.credentials, pending(kit.now)
        store.save_credential(given, kit.now)
        key, end = (given.kind, given.digest), given.expires_at - 1

        assert store.poll_credential(*key, given.client_id, end).outcome is PollOutcome.PENDING
        decision = store.decide_credential(*key, APPROVED, "s", "{}", end)
        assert decision.outcome is DecisionOutcome.WON
        assert store.poll_credential(*key, given.client_id, end).outcome is PollOutcome.APPROVED
        claim = store.claim_credential(*key, given.client_id, end)
        assert claim.outcome is ClaimOutcome.WON

    def test_no_write_revives_an_expired_credential(self, kit: Kit) -> None:
        """EXP-04a: polls, decisions and claims of an expired credential leave it expired."""
        store, given = kit.first.credentials, pending(kit.now)
        store.save_credential(given, kit.now)
        key, late = (given.kind, given.digest), given.expires_at + 1
        store.poll_credential(*key, given.client_id, late)
        store.decide_credential(*key, APPROVED, "s", "{}", late)
        store.claim_credential(*key, given.client_id, late)

        assert store.query_credential(*key) == given
        claim = store.claim_credential(*key, given.client_id, late)
        assert claim.outcome is ClaimOutcome.EXPIRED

    def test_past_its_end_a_credential_is_missing(self, kit: Kit) -> None:
        """EXP-03c: from `keep_until` on every verb answers MISSING, though nothing was purged."""
        store = kit.first.credentials
        for state in CredentialState:
            given = credential(kit.now, kind="device_code", state=state)
            store.save_credential(given, kit.now)
            key, end = (given.kind, given.digest), given.keep_until

            assert store.claim_credential(*key, given.client_id, end - 1).credential == given
            assert (
                store.claim_credential(*key, given.client_id, end).outcome is ClaimOutcome.MISSING
            )
            assert store.poll_credential(*key, given.client_id, end).outcome is PollOutcome.MISSING
            decision = store.decide_credential(*key, APPROVED, "s", "{}", end)
            assert decision.outcome is DecisionOutcome.MISSING

    def test_an_end_before_its_expiry_is_an_end(self, kit: Kit) -> None:
        """EXP-03e: from `keep_until` on every verb answers MISSING, if it expires later, too."""
        store, end = kit.first.credentials, kit.now + 60
        for state in (CredentialState.PENDING, APPROVED):
            given = credential(kit.now, kind="device_code", state=state, keep_until=end)
            store.save_credential(given, kit.now)
            key = (given.kind, given.digest)

            poll = store.poll_credential(*key, given.client_id, end)
            assert poll.outcome is PollOutcome.MISSING
            decision = store.decide_credential(*key, APPROVED, "s", "{}", end)
            assert decision.outcome is DecisionOutcome.MISSING
            claim = store.claim_credential(*key, given.client_id, end)
            assert claim.outcome is ClaimOutcome.MISSING
            assert store.query_credential(*key) in {given, None}

    def test_a_refused_save_takes_no_alias(self, kit: Kit) -> None:
        """IDX-07f: a save that is refused for its digest leaves an expired holder its alias."""
        store, holder, other = kit.first.credentials, pending(kit.now), pending(kit.now)
        for each in (holder, other):
            store.save_credential(each, kit.now)
        with pytest.raises(DuplicateError):
            store.save_credential(replace(other, alias=holder.alias), holder.expires_at)

        for each in (holder, other):
            assert store.query_credential_by_alias(each.kind, each.alias or "") == each

    def test_an_alias_is_taken_from_its_holder_alone(self, kit: Kit) -> None:
        """IDX-07g: an alias that is taken anew leaves other expired credentials theirs."""
        store, holder, other = kit.first.credentials, pending(kit.now), pending(kit.now)
        elsewhere = pending(kit.now, kind="x-door_ticket", alias=holder.alias)
        for each in (holder, other, elsewhere):
            store.save_credential(each, kit.now)
        new = pending(holder.expires_at, alias=holder.alias)
        store.save_credential(new, holder.expires_at)

        for each in (new, other, elsewhere):
            assert store.query_credential_by_alias(each.kind, each.alias or "") == each

    def test_a_tombstone_is_purged_at_its_end_and_not_before(self, kit: Kit) -> None:
        """EXP-05c: a purge removes credentials from `keep_until` on, used or not; never earlier."""
        store = kit.first.credentials
        due = [credential(kit.now, kind=kind, alias=fresh()) for kind in KINDS]
        kept = credential(kit.now, keep_until=kit.now + DAY + 1)
        for each in (*due, kept):
            store.save_credential(each, kit.now)
            store.claim_credential(each.kind, each.digest, each.client_id, kit.now)

        assert_purged(kit, store.purge_credentials, kit.now + DAY - 1, removed=0)
        for each in due:
            claim = store.claim_credential(each.kind, each.digest, each.client_id, kit.now + 9)
            assert claim.outcome is ClaimOutcome.ALREADY_USED
        assert_purged(kit, store.purge_credentials, kit.now + DAY, removed=len(due))
        for each in due:
            kit.assert_gone(store.query_credential(each.kind, each.digest))
            kit.assert_gone(store.query_credential_by_alias(each.kind, each.alias or ""))
        claim = store.claim_credential(kept.kind, kept.digest, kept.client_id, kit.now + DAY)
        assert claim.outcome is ClaimOutcome.ALREADY_USED

    def test_purges_and_claims_do_not_disturb_each_other(self, kit: Kit) -> None:
        """CON-08b: several purges amid claims: counts add up, and live codes are claimed once."""
        for _ in range(max(1, len(kit.rounds) // 5)):
            later = kit.now + DAY
            old, new = (
                [credential(kit.now) for _ in range(20)],
                [credential(later) for _ in range(6)],
            )
            for each in (*old, *new):
                kit.first.credentials.save_credential(each, kit.now)

            def purge(index: int, later: int = later) -> int:
                return kit.handle(index).credentials.purge_credentials(later, 7).count

            def claim(index: int, new: list[Credential] = new, later: int = later) -> int:
                each = new[index // 2]
                store = kit.handle(index).credentials
                won = store.claim_credential(each.kind, each.digest, each.client_id, later)
                return 1000 if won.outcome is ClaimOutcome.WON else 0

            calls = [partial(purge, i) for i in range(4)] + [partial(claim, i) for i in range(12)]
            answers = [count for count in race(calls) if isinstance(count, int)]
            left = kit.first.credentials.purge_credentials(later, 100).count

            assert answers.count(1000) == len(new)
            removed = left + sum(count for count in answers if count < 1000)
            assert removed == len(old) or kit.capabilities.native_ttl

    def test_a_skewed_clock_decides_the_same(self, kit: Kit) -> None:
        """EXP-07: the given time decides, five minutes before or after the store's own clock."""
        store = kit.first.credentials
        for skew in (-300, 300):
            now = kit.now + skew
            given = credential(now, expires_at=now + 60)
            store.save_credential(given, now)
            late = store.claim_credential(given.kind, given.digest, given.client_id, now + 60)
            claim = store.claim_credential(given.kind, given.digest, given.client_id, now + 59)

            assert late.outcome is ClaimOutcome.EXPIRED
            assert claim.outcome is ClaimOutcome.WON
