"""The role `accounts`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ...errors import ConflictError, DuplicateError
from ...records import Account
from ..kit import Kit
from ..processes import in_threads
from ..races import RACERS, race
from ..samples import HOSTILE, LONG_PAYLOAD, NUL, account, fresh
from .contests import each_attempt_counts, one_account_replacement_wins
from .contract import Contract, all_pages, assert_purged
from .faults import AccountFaults
from .processes import AccountProcesses
from .schedules import AccountSchedules

__all__ = ["AccountStoreContract"]


class AccountRecords(Contract):
    """Accounts by subject and by name, with compare-and-set."""

    def test_every_field_of_an_account_comes_back(self, kit: Kit) -> None:
        """RT-01c: every field of an account comes back, by name and by subject."""
        given = account()

        saved = kit.first.accounts.save_account(given)

        assert saved == replace(given, version=1)
        for handle in kit.handles:
            assert handle.accounts.query_account(given.name) == saved
            assert handle.accounts.query_account_by_subject(given.subject) == saved

    def test_every_field_of_an_account_can_be_replaced(self, kit: Kit) -> None:
        """RT-01d: a save replaces all but the subject; the old name is free, the new one found."""
        saved = kit.first.accounts.save_account(account())
        changed = Account(saved.subject, f"new-{saved.name}", 3, 1, '{"n":2}')

        assert kit.first.accounts.save_account(changed) == replace(changed, version=2)
        assert kit.first.accounts.query_account(saved.name) is None
        assert kit.first.accounts.query_account(changed.name) == replace(changed, version=2)
        assert kit.first.accounts.save_account(account(name=saved.name)).version == 1

    def test_a_second_account_is_refused(self, kit: Kit) -> None:
        """RT-02c: a subject or a name that is taken raises DuplicateError; nothing changes."""
        first = kit.first.accounts.save_account(account())
        other = kit.first.accounts.save_account(account())

        for taken in (
            account(subject=first.subject),
            account(name=first.name),
            replace(other, name=first.name),
        ):
            with pytest.raises(DuplicateError):
                kit.first.accounts.save_account(taken)
        assert kit.first.accounts.query_account(first.name) == first
        assert kit.first.accounts.query_account(other.name) == other

    def test_one_of_many_takes_a_name(self, kit: Kit) -> None:
        """RT-02d: of many who create an account of one name, one succeeds."""
        for _ in kit.rounds:
            name = account().name

            def create(index: int, name: str = name) -> Account:
                return kit.handle(index).accounts.save_account(account(name=name))

            answers = race([partial(create, i) for i in range(RACERS)], (DuplicateError,))

            winners = [answer for answer in answers if isinstance(answer, Account)]
            assert len(winners) == 1
            assert kit.first.accounts.query_account(name) == winners[0]

    def test_hostile_strings_are_data(self, kit: Kit) -> None:
        """RT-04c: whatever a name or subject contains is data, and names one account."""
        saved = [kit.first.accounts.save_account(account(subject=t, name=t)) for t in HOSTILE]

        for each in saved:
            assert kit.first.accounts.query_account(each.name) == each
            assert kit.first.accounts.query_account_by_subject(each.subject) == each

    def test_a_nul_is_data(self, kit: Kit) -> None:
        """RT-04d: a NUL in a name neither ends it nor is lost."""
        saved = kit.first.accounts.save_account(account(name=NUL, subject=NUL))

        assert kit.first.accounts.query_account(NUL) == saved
        assert kit.first.accounts.query_account("nul") is None

    def test_odd_values_come_back(self, kit: Kit) -> None:
        """RT-03b: empty, zero and long values of an account come back as what they were."""
        for given in (
            account(name="", created_at=0, payload='""'),
            account(created_at=-1, payload=LONG_PAYLOAD),
        ):
            kit.first.accounts.save_account(given)

            assert kit.first.accounts.query_account(given.name) == replace(given, version=1)

    def test_neighbours_are_left_alone(self, kit: Kit) -> None:
        """RT-06b: replacing or deleting an account leaves the others, and deletion frees it."""
        saved = [kit.first.accounts.save_account(account()) for _ in range(3)]
        kit.first.accounts.save_account(replace(saved[0], payload="1"))

        assert kit.first.accounts.delete_account(saved[1].subject) is True
        assert kit.first.accounts.delete_account(saved[1].subject) is False
        assert kit.first.accounts.query_account(saved[1].name) is None
        assert kit.first.accounts.query_account_by_subject(saved[1].subject) is None
        assert kit.first.accounts.query_account(saved[2].name) == saved[2]
        assert kit.first.accounts.save_account(replace(saved[1], version=0)).version == 1

    def test_not_found_is_a_value(self, kit: Kit) -> None:
        """RT-09c: an unknown name or subject is None, its deletion False."""
        saved = kit.first.accounts.save_account(account())

        assert kit.first.accounts.query_account(saved.subject) is None
        assert kit.first.accounts.query_account_by_subject(saved.name) is None
        assert kit.first.accounts.delete_account(saved.name) is False
        assert kit.first.accounts.query_account("") is None

    def test_names_are_compared_exactly(self, kit: Kit) -> None:
        """SEC-03b: case, accents and spaces tell names and subjects apart."""
        saved = kit.first.accounts.save_account(account(name="Zo\u00eb", subject="Sub-A"))

        for other in ("zo\u00eb", "ZO\u00cb", "Zoe", "Zoe\u0308", "Zo\u00eb ", " Zo\u00eb"):
            assert kit.first.accounts.query_account(other) is None
        assert kit.first.accounts.query_account_by_subject("sub-a") is None
        assert kit.first.accounts.save_account(account(name="zo\u00eb", subject="sub-a")).version
        assert kit.first.accounts.query_account("Zo\u00eb") == saved

    def test_a_stale_version_is_refused(self, kit: Kit) -> None:
        """CLI-01c: a save with any other version than the stored one raises ConflictError."""
        saved = kit.first.accounts.save_account(account())
        newest = kit.first.accounts.save_account(replace(saved, payload="2"))

        for stale in (saved, replace(saved, version=3), account(version=1)):
            with pytest.raises(ConflictError):
                kit.first.accounts.save_account(replace(stale, payload="3"))
        for handle in kit.handles:
            assert handle.accounts.query_account(saved.name) == newest

    def test_no_update_is_lost(self, kit: Kit) -> None:
        """CON-01b: of many who replace one version, one succeeds, and versions are contiguous."""
        one_account_replacement_wins(kit, in_threads)

    def test_pages_are_complete(self, kit: Kit) -> None:
        """ACC-01: the pages hold every account once, in the same order each time."""
        saved = [kit.first.accounts.save_account(account()) for _ in range(11)]

        for limit in (1, 4, 11, 50):
            listed = all_pages(kit.handle(1).accounts.list_accounts, limit)
            assert sorted(listed, key=repr) == sorted(saved, key=repr)
            assert listed == all_pages(kit.first.accounts.list_accounts, 3)


class SignInAttempts(Contract):
    """The count of attempts within a window."""

    def test_attempts_are_counted(self, kit: Kit) -> None:
        """ACC-02: each attempt within the window counts one more, each digest for itself."""
        alice, bob = fresh(), fresh()

        for expected in (1, 2, 3):
            for index in (0, 1):
                count = kit.handle(index).accounts.count_attempt(alice, 60, kit.now + expected)
                assert count == 2 * expected - 1 + index
        assert kit.first.accounts.count_attempt(bob, 60, kit.now) == 1

    def test_a_window_opens_with_the_first_attempt(self, kit: Kit) -> None:
        """ACC-03: the window ends `window` seconds after its first attempt, to the second."""
        count, digest = kit.first.accounts.count_attempt, fresh()
        assert count(digest, 60, kit.now) == 1
        assert count(digest, 60, kit.now + 40) == 2

        assert count(digest, 60, kit.now + 59) == 3
        assert count(digest, 60, kit.now + 60) == 1
        assert count(digest, 60, kit.now + 119) == 2
        assert count(digest, 60, kit.now + 120) == 1

    def test_no_attempt_is_lost(self, kit: Kit) -> None:
        """ACC-04a: concurrent attempts are told 1 to N, each number once."""
        each_attempt_counts(kit, in_threads)

    def test_closed_windows_are_purged(self, kit: Kit) -> None:
        """ACC-05: a purge removes counts from the end of their window on, never earlier."""
        count, purge = kit.first.accounts.count_attempt, kit.first.accounts.purge_attempts
        due = [fresh() for _ in range(7)]
        for digest in due:
            assert count(digest, 60, kit.now) == 1
        kept = fresh()
        assert count(kept, 61, kit.now) == 1

        assert_purged(kit, purge, kit.now + 59, removed=0)
        assert count(due[0], 60, kit.now + 59) == 2
        assert_purged(kit, purge, kit.now + 60, removed=7)
        assert count(kept, 61, kit.now + 60) == 2


class AccountStoreContract(
    AccountRecords, SignInAttempts, AccountProcesses, AccountSchedules, AccountFaults
):
    """All cases of the role `accounts`."""

    role = "accounts"
