"""The role `credentials`: what is stored is what was given, and what has ended."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ...errors import DuplicateError
from ...records import ClaimOutcome, Credential, CredentialState, DecisionOutcome, PollOutcome
from ..kit import Kit
from ..processes import in_threads
from ..races import RACERS, race
from ..samples import (
    DAY,
    HOSTILE,
    KINDS,
    LONG_PAYLOAD,
    NUL,
    ODD_PAYLOAD,
    credential,
    fresh,
    pending,
)
from .claims import CredentialClaims
from .contests import one_credential_wins
from .contract import Contract, assert_purged, finds
from .credential_expiry import CredentialExpiry
from .decisions import CredentialDecisions, DevicePolls
from .faults import CredentialFaults
from .handles import CredentialHandles
from .processes import CredentialProcesses
from .reading import CredentialReaders
from .schedules import CredentialSchedules

__all__ = ["CredentialCacheContract"]

APPROVED, DENIED = CredentialState.APPROVED, CredentialState.DENIED


class CredentialFidelity(Contract):
    """What is saved is found, exactly and alone."""

    def test_every_field_of_a_credential_comes_back(self, kit: Kit) -> None:
        """RT-01e: every field of a credential comes back, in every state and kind."""
        for kind in KINDS:
            for state in CredentialState:
                given = Credential(
                    digest=fresh(),
                    kind=kind,
                    client_id="client-1",
                    expires_at=kit.now + 61,
                    keep_until=kit.now + DAY + 1,
                    alias=fresh(),
                    grant_id="grant-1",
                    subject="subject-1",
                    state=state,
                    granted_at=kit.now - 3,
                    interval=7,
                    polled_at=kit.now - 2,
                    payload=ODD_PAYLOAD,
                )
                kit.first.credentials.save_credential(given, kit.now)

                for handle in kit.handles:
                    assert handle.credentials.query_credential(kind, given.digest) == given
                    alias = given.alias or ""
                    assert handle.credentials.query_credential_by_alias(kind, alias) == given

    def test_a_second_credential_of_that_digest_is_refused(self, kit: Kit) -> None:
        """RT-02e: a digest that exists raises DuplicateError; the first stays, used or not."""
        store = kit.first.credentials
        for kind in KINDS:
            first = credential(kit.now, kind=kind)
            store.save_credential(first, kit.now)
            with pytest.raises(DuplicateError):
                store.save_credential(replace(first, client_id="thief"), kit.now)
            assert store.query_credential(kind, first.digest) == first

            assert store.claim_credential(kind, first.digest, first.client_id, kit.now).credential
            with pytest.raises(DuplicateError):
                store.save_credential(first, kit.now)
            again = store.claim_credential(kind, first.digest, first.client_id, kit.now)
            assert again.outcome is ClaimOutcome.ALREADY_USED

    def test_one_of_many_saves_wins(self, kit: Kit) -> None:
        """RT-02f: of many who save one digest, one succeeds and its record is the stored one."""
        one_credential_wins(kit, in_threads)

    def test_nothing_zero_or_empty_turns_into_nothing(self, kit: Kit) -> None:
        """RT-03c: None, 0 and the empty string come back as what they were."""
        store = kit.first.credentials
        for given in (
            Credential(fresh(), "x", "c", kit.now + 60, kit.now + 60),
            credential(kit.now, grant_id="", subject="", granted_at=0, interval=0, polled_at=0),
            credential(kit.now, client_id="", payload='""', interval=None, polled_at=None),
        ):
            store.save_credential(given, kit.now)

            assert store.query_credential(given.kind, given.digest) == given

    def test_a_denied_credential_stays_denied(self, kit: Kit) -> None:
        """RT-03d: a denial without subject stays a denial, and no subject appears."""
        store, given = kit.first.credentials, pending(kit.now)
        store.save_credential(given, kit.now)
        store.decide_credential(given.kind, given.digest, DENIED, None, "false", kit.now + 1)

        found = store.query_credential(given.kind, given.digest)
        assert found == replace(given, state=DENIED, granted_at=kit.now + 1, payload="false")

    def test_hostile_strings_are_data(self, kit: Kit) -> None:
        """RT-04e: whatever a client id, subject or grant id contains is data."""
        store = kit.first.credentials
        for text in HOSTILE:
            given = credential(kit.now, client_id=text, subject=text, grant_id=text)
            store.save_credential(given, kit.now)

            assert store.query_credential(given.kind, given.digest) == given
            claim = store.claim_credential(given.kind, given.digest, text, kit.now)
            assert claim.outcome is ClaimOutcome.WON

    def test_a_nul_is_data(self, kit: Kit) -> None:
        """RT-04f: a NUL in a client id or subject neither ends it nor is lost."""
        store = kit.first.credentials
        given = credential(kit.now, client_id=NUL, subject=NUL, grant_id=NUL)
        store.save_credential(given, kit.now)

        assert store.query_credential(given.kind, given.digest) == given
        claim = store.claim_credential(given.kind, given.digest, "nul", kit.now)
        assert claim.outcome is ClaimOutcome.MISSING

    def test_a_long_payload_comes_back(self, kit: Kit) -> None:
        """RT-05b: a pushed request of more than 64 KB comes back whole, also from its claim."""
        store, given = kit.first.credentials, credential(kit.now, payload=LONG_PAYLOAD)
        store.save_credential(given, kit.now)

        assert store.query_credential(given.kind, given.digest) == given
        claim = store.claim_credential(given.kind, given.digest, given.client_id, kit.now)
        assert claim.credential == given

    def test_neighbours_are_left_alone(self, kit: Kit) -> None:
        """RT-06c: claiming, deciding or polling one credential leaves all others as they were."""
        store = kit.first.credentials
        others = [credential(kit.now), pending(kit.now), pending(kit.now, client_id="same")]
        mine = [credential(kit.now), pending(kit.now, client_id="same"), pending(kit.now)]
        for each in (*others, *mine):
            store.save_credential(each, kit.now)
        store.claim_credential(mine[0].kind, mine[0].digest, mine[0].client_id, kit.now)
        store.poll_credential(mine[1].kind, mine[1].digest, "same", kit.now)
        store.decide_credential(mine[2].kind, mine[2].digest, DENIED, None, "{}", kit.now)

        for each in others:
            assert store.query_credential(each.kind, each.digest) == each

    def test_a_payload_is_kept_to_the_byte(self, kit: Kit) -> None:
        """RT-07b: a payload comes back byte for byte, from a query, a decision and a claim."""
        store, given = kit.first.credentials, pending(kit.now, payload=ODD_PAYLOAD)
        store.save_credential(given, kit.now)
        poll = store.poll_credential(given.kind, given.digest, given.client_id, kit.now)
        assert poll.credential is not None
        assert poll.credential.payload == ODD_PAYLOAD

        odd = ODD_PAYLOAD + " "
        store.decide_credential(given.kind, given.digest, APPROVED, "s", odd, kit.now)
        claim = store.claim_credential(given.kind, given.digest, given.client_id, kit.now)
        assert claim.credential is not None
        assert claim.credential.payload == odd

    def test_a_returned_credential_is_detached(self, kit: Kit) -> None:
        """RT-08b: a credential that was returned does not change when the stored one does."""
        store, given = kit.first.credentials, pending(kit.now)
        store.save_credential(given, kit.now)
        found = store.query_credential(given.kind, given.digest)
        store.decide_credential(given.kind, given.digest, APPROVED, "s", "{}", kit.now)

        assert found == given

    def test_not_found_is_a_value(self, kit: Kit) -> None:
        """RT-09d: an unknown credential is None or MISSING; no alias matches a record without."""
        store = kit.first.credentials
        store.save_credential(credential(kit.now, alias=None), kit.now)
        nowhere = fresh()

        assert store.query_credential("authorization_code", nowhere) is None
        assert store.query_credential_by_alias("authorization_code", nowhere) is None
        claim = store.claim_credential("device_code", nowhere, "c", kit.now)
        assert (claim.outcome, claim.credential) == (ClaimOutcome.MISSING, None)
        poll = store.poll_credential("device_code", nowhere, "c", kit.now)
        assert (poll.outcome, poll.credential) == (PollOutcome.MISSING, None)
        decision = store.decide_credential("device_code", nowhere, DENIED, None, "", kit.now)
        assert (decision.outcome, decision.credential) == (DecisionOutcome.MISSING, None)

    def test_kind_and_digest_are_compared_exactly(self, kit: Kit) -> None:
        """SEC-03c: another kind, or a digest in capitals, cut or changed, finds nothing."""
        store, given = kit.first.credentials, credential(kit.now, digest="ab" * 32, alias="cd" * 32)
        store.save_credential(given, kit.now)

        def claim(digest: str) -> Credential | None:
            return store.claim_credential(given.kind, digest, given.client_id, kit.now).credential

        for digest in ("AB" * 32, "ab" * 31, "ab" * 31 + "ac", "cd" * 32):
            assert not finds(partial(claim, digest))
            assert not finds(partial(store.query_credential, given.kind, digest))
            assert not finds(partial(store.query_credential_by_alias, given.kind, digest.upper()))
        for kind in ("device_code", "Authorization_Code", "authorization_code ", ""):
            assert store.query_credential(kind, given.digest) is None
            assert store.query_credential_by_alias(kind, "cd" * 32) is None
        assert store.query_credential_by_alias(given.kind, "ab" * 32) is None
        assert store.query_credential(given.kind, given.digest) == given


class CredentialAliases(Contract):
    """An alias names one live credential of its kind."""

    def test_an_alias_is_taken_while_its_holder_lives(self, kit: Kit) -> None:
        """IDX-07a: an alias of a credential that has not expired raises DuplicateError."""
        store, holder = kit.first.credentials, pending(kit.now)
        store.save_credential(holder, kit.now)
        rival = pending(kit.now, alias=holder.alias, expires_at=kit.now + 2 * DAY)

        with pytest.raises(DuplicateError):
            store.save_credential(rival, holder.expires_at - 1)
        assert store.query_credential(rival.kind, rival.digest) is None
        assert store.query_credential_by_alias(holder.kind, holder.alias or "") == holder

    def test_an_alias_stays_taken_when_its_holder_is_decided(self, kit: Kit) -> None:
        """IDX-07b: neither a decision nor its use frees an alias before it expires."""
        store, holder = kit.first.credentials, pending(kit.now)
        store.save_credential(holder, kit.now)
        store.decide_credential(holder.kind, holder.digest, APPROVED, "s", "{}", kit.now)
        store.claim_credential(holder.kind, holder.digest, holder.client_id, kit.now)

        with pytest.raises(DuplicateError):
            store.save_credential(pending(kit.now, alias=holder.alias), kit.now + 1)

    def test_an_alias_is_free_from_its_holders_expiry(self, kit: Kit) -> None:
        """IDX-07c: an expired holder loses its alias to a new one, and stays as a tombstone."""
        store, old = kit.first.credentials, pending(kit.now)
        store.save_credential(old, kit.now)
        new = pending(
            kit.now, alias=old.alias, expires_at=kit.now + 2 * DAY, keep_until=kit.now + 3 * DAY
        )
        store.save_credential(new, old.expires_at)

        for handle in kit.handles:
            assert handle.credentials.query_credential_by_alias(old.kind, old.alias or "") == new
        kept = store.query_credential(old.kind, old.digest)
        assert kept == replace(old, alias=None)
        poll = store.poll_credential(old.kind, old.digest, old.client_id, old.expires_at)
        assert poll.outcome is PollOutcome.EXPIRED

    def test_purging_the_old_holder_leaves_the_new(self, kit: Kit) -> None:
        """IDX-02: the purge of a former holder does not take the alias from the present one."""
        store, old = kit.first.credentials, pending(kit.now)
        store.save_credential(old, kit.now)
        later = kit.now + 4 * DAY
        new = pending(kit.now, alias=old.alias, expires_at=later, keep_until=later)
        store.save_credential(new, old.expires_at)
        assert_purged(kit, store.purge_credentials, old.keep_until, removed=1)

        assert store.query_credential_by_alias(old.kind, old.alias or "") == new
        with pytest.raises(DuplicateError):
            store.save_credential(pending(kit.now, alias=old.alias), old.keep_until)

    def test_kinds_do_not_share_aliases(self, kit: Kit) -> None:
        """IDX-07d: the same alias may name one credential of each kind."""
        store, alias = kit.first.credentials, fresh()
        given = [pending(kit.now, kind=kind, alias=alias) for kind in KINDS]
        for each in given:
            store.save_credential(each, kit.now)

        for each in given:
            assert store.query_credential_by_alias(each.kind, alias) == each

    def test_one_of_many_takes_an_alias(self, kit: Kit) -> None:
        """IDX-07e: of many who want one alias, free or expired, one gets it."""
        for turn in kit.rounds:
            alias, now = fresh(), kit.now + 600
            if turn % 2:
                kit.first.credentials.save_credential(pending(kit.now, alias=alias), kit.now)

            def save(index: int, alias: str = alias, now: int = now) -> Credential:
                rival = pending(now, alias=alias)
                kit.handle(index).credentials.save_credential(rival, now)
                return rival

            answers = race([partial(save, i) for i in range(RACERS)], (DuplicateError,))

            winners = [answer for answer in answers if isinstance(answer, Credential)]
            assert len(winners) == 1
            found = kit.first.credentials.query_credential_by_alias("device_code", alias)
            assert found == winners[0]


class CredentialCacheContract(
    CredentialFidelity,
    CredentialClaims,
    CredentialDecisions,
    DevicePolls,
    CredentialAliases,
    CredentialExpiry,
    CredentialProcesses,
    CredentialSchedules,
    CredentialFaults,
    CredentialHandles,
    CredentialReaders,
):
    """All cases of the role `credentials`."""

    role = "credentials"
