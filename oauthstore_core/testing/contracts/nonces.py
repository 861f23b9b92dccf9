"""The role `nonces`."""

from __future__ import annotations

from functools import partial

from ... import digests
from ..kit import Kit
from ..processes import in_threads
from ..races import race
from ..samples import fresh
from .contests import one_nonce_is_first
from .contract import assert_purged
from .faults import NonceFaults
from .handles import NonceHandles
from .processes import NonceProcesses
from .schedules import NonceSchedules

__all__ = ["NonceStoreContract"]


class NonceStoreContract(NonceProcesses, NonceSchedules, NonceFaults, NonceHandles):
    """All cases of the role `nonces`."""

    role = "nonces"

    def test_one_of_many_is_first(self, kit: Kit) -> None:
        """RPL-01a: of many concurrent uses of a nonce exactly one is the first."""
        one_nonce_is_first(kit, in_threads, ages=(0,))

    def test_a_nonce_is_new_once(self, kit: Kit) -> None:
        """RPL-01b: a nonce is new once, whichever handle asks; the answers are booleans."""
        digest = fresh()

        assert kit.first.nonces.claim_nonce(digest, kit.now + 300, kit.now) is True
        for handle in kit.handles:
            assert handle.nonces.claim_nonce(digest, kit.now + 300, kit.now) is False

    def test_an_expired_nonce_is_taken_by_one(self, kit: Kit) -> None:
        """RPL-01c: of many who use a nonce whose time is over exactly one is the first again."""
        one_nonce_is_first(kit, in_threads, ages=(300,))

    def test_other_digests_never_collide(self, kit: Kit) -> None:
        """RPL-02: nonces that differ in purpose, issuer, token, time or one character are new."""
        claim = kit.first.nonces.claim_nonce
        base = ("oauth1", "client-1", "token-1", "1700000000", "nonce-1")
        seen = [digests.nonce_digest(*base)]
        for index in range(len(base)):
            changed = (*base[:index], base[index] + "x", *base[index + 1 :])
            seen.append(digests.nonce_digest(*changed))
        flipped = {"0": "1"}
        for index, character in enumerate(seen[0]):
            seen.append(seen[0][:index] + flipped.get(character, "0") + seen[0][index + 1 :])

        for digest in seen:
            assert claim(digest, kit.now + 300, kit.now) is True
        for digest in seen:
            assert claim(digest, kit.now + 300, kit.now) is False

    def test_parts_do_not_flow_into_each_other(self, kit: Kit) -> None:
        """RPL-03: ("a-1", "2") and ("a", "1-2") are two nonces, whatever stands between."""
        claim = kit.first.nonces.claim_nonce
        for mark in ("-", ":", "\n", "\x00", "|", "."):
            left = digests.nonce_digest("jti", f"a{mark}1", "2")
            right = digests.nonce_digest("jti", "a", f"1{mark}2")

            assert claim(left, kit.now + 300, kit.now) is True
            assert claim(right, kit.now + 300, kit.now) is True

    def test_a_nonce_is_remembered_to_the_second(self, kit: Kit) -> None:
        """RPL-04a: a nonce is known while `now < expires_at`, and new from then on."""
        claim, digest = kit.first.nonces.claim_nonce, fresh()
        assert claim(digest, kit.now + 300, kit.now) is True

        assert claim(digest, kit.now + 300, kit.now + 299) is False
        assert claim(digest, kit.now + 600, kit.now + 300) is True
        assert claim(digest, kit.now + 600, kit.now + 599) is False
        assert claim(digest, kit.now + 900, kit.now + 600) is True

    def test_a_second_use_changes_nothing(self, kit: Kit) -> None:
        """RPL-04b: a refused use neither shortens nor prolongs the memory of the first."""
        claim = kit.first.nonces.claim_nonce
        for other in (kit.now + 1, kit.now + 900):
            digest = fresh()
            assert claim(digest, kit.now + 300, kit.now) is True
            assert claim(digest, other, kit.now) is False

            assert claim(digest, kit.now + 300, kit.now + 299) is False
            assert claim(digest, kit.now + 600, kit.now + 300) is True

    def test_a_nonce_that_was_taken_anew_is_purged_at_its_new_end(self, kit: Kit) -> None:
        """RPL-04c: a nonce that was taken anew is kept, and purged, by its new end."""
        claim, purge, digest = kit.first.nonces.claim_nonce, kit.first.nonces.purge_nonces, fresh()
        assert claim(digest, kit.now + 300, kit.now) is True
        assert claim(digest, kit.now + 600, kit.now + 300) is True

        assert_purged(kit, purge, kit.now + 599, removed=0)
        assert claim(digest, kit.now + 900, kit.now + 599) is False
        assert_purged(kit, purge, kit.now + 600, removed=1)

    def test_a_long_name_makes_a_short_key(self, kit: Kit) -> None:
        """RPL-06: an assertion id of 1 MB is remembered like any other."""
        long = "j" * 1_000_000
        claim = kit.first.nonces.claim_nonce

        assert claim(digests.nonce_digest("jti", "iss", long), kit.now + 300, kit.now) is True
        assert claim(digests.nonce_digest("jti", "iss", long), kit.now + 300, kit.now) is False
        assert claim(digests.nonce_digest("jti", "iss", long + "j"), kit.now + 300, kit.now) is True

    def test_a_nonce_is_purged_when_its_time_is_over(self, kit: Kit) -> None:
        """EXP-05b: a purge removes nonces from `expires_at` on, and none that is still known."""
        claim, purge = kit.first.nonces.claim_nonce, kit.first.nonces.purge_nonces
        due = [fresh() for _ in range(7)]
        kept = fresh()
        for digest in due:
            assert claim(digest, kit.now + 300, kit.now) is True
        assert claim(kept, kit.now + 301, kit.now) is True

        assert_purged(kit, purge, kit.now + 299, removed=0)
        assert claim(due[0], kit.now + 300, kit.now + 299) is False
        assert_purged(kit, purge, kit.now + 300, removed=7)
        assert claim(kept, kit.now + 301, kit.now + 300) is False

    def test_purges_and_claims_do_not_disturb_each_other(self, kit: Kit) -> None:
        """CON-08a: several purges amid claims: counts add up and no live nonce is forgotten."""
        for _ in range(max(1, len(kit.rounds) // 5)):
            old, new, later = (
                [fresh() for _ in range(20)],
                [fresh() for _ in range(8)],
                kit.now + 60,
            )
            for digest in old:
                assert kit.first.nonces.claim_nonce(digest, later, kit.now) is True

            def purge(index: int, later: int = later) -> int:
                return kit.handle(index).nonces.purge_nonces(later, 7).count

            def claim(index: int, new: list[str] = new, later: int = later) -> int:
                kit.handle(index).nonces.claim_nonce(new[index], later + 60, later)
                return 0

            calls = [partial(purge, i) for i in range(4)] + [partial(claim, i) for i in range(8)]
            removed = sum(count for count in race(calls) if isinstance(count, int))
            removed += kit.first.nonces.purge_nonces(later, 100).count

            assert removed == 20 or kit.capabilities.native_ttl
            for digest in new:
                claim_again = kit.first.nonces.claim_nonce(digest, later + 60, later)
                assert claim_again is False

    def test_far_times_are_safe(self, kit: Kit) -> None:
        """EXP-08a: times from 1970 to the year 9999 are times like any other."""
        claim, purge = kit.first.nonces.claim_nonce, kit.first.nonces.purge_nonces
        end = 253_402_300_799
        digest = fresh()

        assert claim(digest, end, kit.now) is True
        assert claim(digest, end, end - 1) is False
        assert purge(kit.now, 10).count == 0
        if not kit.capabilities.native_ttl:
            assert claim(fresh(), 10, 0) is True
            assert purge(9, 10).count == 0
            assert purge(10, 10).count == 1
