"""The role `clients`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ...errors import ConflictError, DuplicateError
from ...records import Client, Page
from ..kit import Kit
from ..processes import in_threads
from ..races import RACERS, race
from ..samples import HOSTILE, LONG_PAYLOAD, NUL, ODD_PAYLOAD, client
from .contests import one_client_creation_wins
from .contract import Contract, all_pages, assert_purged
from .faults import ClientFaults
from .processes import ClientProcesses
from .schedules import ClientSchedules

__all__ = ["ClientStoreContract"]


class ClientFidelity(Contract):
    """What is saved is found, exactly and alone."""

    def test_every_field_of_a_client_comes_back(self, kit: Kit) -> None:
        """RT-01a: every field of a client comes back, through every handle."""
        given = client(expires_at=kit.now + 60)

        saved = kit.first.clients.save_client(given)

        assert saved == replace(given, version=1)
        for handle in kit.handles:
            assert handle.clients.query_client(given.client_id) == saved

    def test_every_field_of_a_client_can_be_replaced(self, kit: Kit) -> None:
        """RT-01b: a save replaces every field but the id, and counts the version."""
        saved = kit.first.clients.save_client(client())
        changed = Client(saved.client_id, "owner-2", "cimd", 7, kit.now + 9, 1, '{"n":2}')

        assert kit.first.clients.save_client(changed) == replace(changed, version=2)
        for handle in kit.handles:
            found = handle.clients.query_client(saved.client_id)
            assert found == replace(changed, version=2)

    def test_a_second_client_of_that_id_is_refused(self, kit: Kit) -> None:
        """RT-02a: creating a client twice raises DuplicateError; the first is unchanged."""
        first = kit.first.clients.save_client(client())

        with pytest.raises(DuplicateError):
            kit.first.clients.save_client(client(client_id=first.client_id, owner="thief"))

        assert kit.first.clients.query_client(first.client_id) == first

    def test_one_of_many_creators_wins(self, kit: Kit) -> None:
        """RT-02b: of many who create one client, one succeeds and the rest get DuplicateError."""
        one_client_creation_wins(kit, in_threads)

    def test_nothing_zero_or_empty_turns_into_nothing(self, kit: Kit) -> None:
        """RT-03a: None, 0 and the empty string come back as what they were."""
        for given in (
            client(owner=None, source="", created_at=0, expires_at=None, payload="null"),
            client(owner="", created_at=-1, expires_at=kit.now + 60, payload='""'),
            client(payload='{"a":null,"b":false,"c":0,"d":"","e":[],"f":{}}'),
        ):
            kit.first.clients.save_client(given)

            assert kit.first.clients.query_client(given.client_id) == replace(given, version=1)

    def test_hostile_strings_are_data(self, kit: Kit) -> None:
        """RT-04a: whatever a client id or owner contains is data, and names one client."""
        given = [client(client_id=text, owner=text, source="dcr") for text in HOSTILE]
        saved = [kit.first.clients.save_client(each) for each in given]

        for each in saved:
            assert kit.first.clients.query_client(each.client_id) == each
            owned = all_pages(partial(kit.first.clients.list_clients, each.owner), 9)
            assert owned == [each]
        listed = all_pages(partial(kit.first.clients.list_clients, None), 4)
        assert sorted(listed, key=repr) == sorted(saved, key=repr)

    def test_a_nul_is_data(self, kit: Kit) -> None:
        """RT-04b: a NUL in a client id neither ends it nor is lost."""
        kit.first.clients.save_client(client(client_id=NUL))

        found = kit.first.clients.query_client(NUL)
        assert found is not None
        assert found.client_id == NUL
        assert kit.first.clients.query_client("nul") is None

    def test_long_metadata_comes_back(self, kit: Kit) -> None:
        """RT-05a: metadata of more than 64 KB comes back whole."""
        saved = kit.first.clients.save_client(client(payload=LONG_PAYLOAD))

        found = kit.first.clients.query_client(saved.client_id)
        assert found is not None
        assert found.payload == LONG_PAYLOAD

    def test_neighbours_are_left_alone(self, kit: Kit) -> None:
        """RT-06a: replacing or deleting a client leaves all others as they were."""
        saved = [kit.first.clients.save_client(client()) for _ in range(5)]
        kit.first.clients.save_client(replace(saved[1], owner="changed"))
        kit.first.clients.delete_client(saved[3].client_id)

        for untouched in (saved[0], saved[2], saved[4]):
            assert kit.first.clients.query_client(untouched.client_id) == untouched

    def test_a_payload_is_kept_to_the_byte(self, kit: Kit) -> None:
        """RT-07a: the payload comes back byte for byte, with keys that nobody knows."""
        saved = kit.first.clients.save_client(client(payload="{}"))
        kit.first.clients.save_client(replace(saved, payload=ODD_PAYLOAD))

        found = kit.first.clients.query_client(saved.client_id)
        assert found is not None
        assert found.payload == ODD_PAYLOAD

    def test_a_returned_client_is_detached(self, kit: Kit) -> None:
        """RT-08a: a client that was returned does not change when the stored one does."""
        saved = kit.first.clients.save_client(client())
        found = kit.first.clients.query_client(saved.client_id)
        kit.first.clients.save_client(replace(saved, owner="changed"))

        assert found == saved
        assert saved.owner == "owner-1"

    def test_not_found_is_a_value(self, kit: Kit) -> None:
        """RT-09a: an unknown client is None, its deletion False; never another's record."""
        kit.first.clients.save_client(client(owner=None))

        assert kit.first.clients.query_client("unknown") is None
        assert kit.first.clients.query_client("") is None
        assert kit.first.clients.delete_client("unknown") is False
        assert list(kit.first.clients.list_clients("unknown", None, 5).items) == []
        assert list(kit.first.clients.list_clients("", None, 5).items) == []

    def test_a_deleted_client_is_gone(self, kit: Kit) -> None:
        """RT-09b: a deleted client is gone for every handle, and its id is free again."""
        saved = kit.first.clients.save_client(client())

        assert kit.first.clients.delete_client(saved.client_id) is True
        for handle in kit.handles:
            assert handle.clients.query_client(saved.client_id) is None
        assert kit.first.clients.delete_client(saved.client_id) is False
        assert kit.first.clients.save_client(replace(saved, version=0)).version == 1

    def test_ids_are_compared_exactly(self, kit: Kit) -> None:
        """SEC-03a: case, accents, spaces and Unicode forms tell client ids apart."""
        kit.first.clients.save_client(client(client_id="Caf\u00e9-Client"))

        for other in ("caf\u00e9-client", "CAF\u00c9-CLIENT", "Cafe-Client", "Cafe\u0301-Client"):
            assert kit.first.clients.query_client(other) is None
        for other in ("Caf\u00e9-Client ", " Caf\u00e9-Client", "Caf\u00e9-Client\n", "Caf\u00e9"):
            assert kit.first.clients.query_client(other) is None


class ClientVersions(Contract):
    """Compare-and-set, pages and expiry."""

    def test_a_stale_version_is_refused(self, kit: Kit) -> None:
        """CLI-01a: a save with any other version than the stored one raises ConflictError."""
        saved = kit.first.clients.save_client(client())
        newest = kit.first.clients.save_client(replace(saved, owner="newest"))

        for version in (1, 3, 99):
            with pytest.raises(ConflictError):
                kit.first.clients.save_client(replace(saved, owner="stale", version=version))
        for handle in kit.handles:
            assert handle.clients.query_client(saved.client_id) == newest

    def test_a_missing_client_is_not_replaced(self, kit: Kit) -> None:
        """CLI-01b: a version above 0 for a client that is not there raises ConflictError."""
        gone = kit.first.clients.save_client(client())
        kit.first.clients.delete_client(gone.client_id)

        for absent in (gone, client(version=1)):
            with pytest.raises(ConflictError):
                kit.first.clients.save_client(absent)
            assert kit.first.clients.query_client(absent.client_id) is None

    def test_no_update_is_lost(self, kit: Kit) -> None:
        """CON-01a: each of many writers' counts arrives, and versions are contiguous."""
        start = kit.first.clients.save_client(client(payload="0"))
        steps = max(2, len(kit.rounds) // 5)

        def count(index: int) -> list[int]:
            return [_increment(kit, index, start.client_id) for _ in range(steps)]

        answers = race([partial(count, i) for i in range(RACERS)])

        versions = sorted(v for each in answers if isinstance(each, list) for v in each)
        assert versions == list(range(2, RACERS * steps + 2))
        end = kit.first.clients.query_client(start.client_id)
        assert end is not None
        assert end.payload == str(RACERS * steps)

    def test_pages_are_complete_and_stable(self, kit: Kit) -> None:
        """CLI-04: the pages of an owner hold each of his clients once, also while others come."""
        mine = [kit.first.clients.save_client(client(owner="me")) for _ in range(11)]
        for _ in range(5):
            kit.first.clients.save_client(client(owner="you"))

        def ask(after: str | None, limit: int) -> Page[Client]:
            kit.first.clients.save_client(client(owner="you"))
            return kit.handle(1).clients.list_clients("me", after, limit)

        for limit in (1, 4, 11, 50):
            listed = all_pages(ask, limit)
            assert sorted(c.client_id for c in listed) == sorted(c.client_id for c in mine)
        assert all_pages(ask, 4) == all_pages(ask, 3)

    def test_an_expired_client_is_purged_and_no_other(self, kit: Kit) -> None:
        """EXP-05a: a purge removes clients from `expires_at` on, never earlier, never others."""
        kept = [kit.first.clients.save_client(client(expires_at=None))]
        kept.append(kit.first.clients.save_client(client(expires_at=kit.now + 61)))
        due = [kit.first.clients.save_client(client(expires_at=kit.now + 60)) for _ in range(7)]
        purge = kit.first.clients.purge_clients

        assert_purged(kit, purge, kit.now + 59, removed=0)
        for each in due:
            assert kit.first.clients.query_client(each.client_id) == each
        assert_purged(kit, purge, kit.now + 60, removed=7)
        for each in due:
            kit.assert_gone(kit.first.clients.query_client(each.client_id))
        for each in kept:
            assert kit.first.clients.query_client(each.client_id) == each

    def test_a_deleted_client_is_not_purged_again(self, kit: Kit) -> None:
        """EXP-05l: a purge passes over a client that was deleted before its time."""
        given = kit.first.clients.save_client(client(expires_at=kit.now + 9))
        kit.first.clients.delete_client(given.client_id)

        assert kit.first.clients.purge_clients(kit.now + 9, 5).count == 0

    def test_a_cleared_expiry_counts_no_more(self, kit: Kit) -> None:
        """IDX-03: a client whose expiry was cleared or put off is not purged at the old time."""
        cleared = kit.first.clients.save_client(client(expires_at=kit.now + 60))
        put_off = kit.first.clients.save_client(client(expires_at=kit.now + 60))
        cleared = kit.first.clients.save_client(replace(cleared, expires_at=None))
        put_off = kit.first.clients.save_client(replace(put_off, expires_at=kit.now + 99))

        assert_purged(kit, kit.first.clients.purge_clients, kit.now + 98, removed=0)
        assert kit.first.clients.query_client(cleared.client_id) == cleared
        assert kit.first.clients.query_client(put_off.client_id) == put_off


class ClientStoreContract(
    ClientFidelity, ClientVersions, ClientProcesses, ClientSchedules, ClientFaults
):
    """All cases of the role `clients`."""

    role = "clients"


def _increment(kit: Kit, index: int, client_id: str) -> int:
    store = kit.handle(index).clients
    while True:
        found = store.query_client(client_id)
        assert found is not None
        try:
            return store.save_client(replace(found, payload=str(int(found.payload) + 1))).version
        except ConflictError:
            continue
