"""Processes that are killed, and calls that are cut off: what the instruments promise."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from oauthstore_core.errors import DuplicateError, StoreUnavailableError
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.crashes import Zygote, nursery, perform
from oauthstore_core.testing.deeds import claim_nonce, save_client
from oauthstore_core.testing.faults import Fuse, lose_the_connection
from oauthstore_core.testing.kit import Kit
from oauthstore_core.testing.peers import Peer
from oauthstore_core.testing.runner import run_case
from oauthstore_core.testing.sabotage import FileBackend
from oauthstore_core.testing.samples import client


class Silent(FileBackend):
    """Takes the option, and does not call it."""

    def __init__(self, url: str, options: object) -> None:
        super().__init__(url, {})


@pytest.fixture
def kit() -> Iterator[Kit]:
    with FileBackend.installed() as address, closing(Kit(address)) as opened:
        yield opened


def test_a_call_is_killed_at_its_io_and_at_no_other(kit: Kit) -> None:
    # BEGIN, SELECT, UPDATE, COMMIT
    for count, done in ((1, False), (4, False), (5, True)):
        saved = client()
        told = nursery().run(kit, perform, save_client(saved), "before", count)

        assert (told is not None) is done
        assert (kit.first.clients.query_client(saved.client_id) is not None) is done


def test_what_the_process_was_told_comes_back(kit: Kit) -> None:
    saved = client()
    for _ in range(2):
        told = nursery().run(kit, perform, save_client(saved), "", 0)
    assert told is not None

    with pytest.raises(DuplicateError):
        told.heard()


def test_a_process_that_crashes_was_not_killed_by_us() -> None:
    peer = Peer(Zygote)
    killed = peer.ask("run", signal.raise_signal, signal.SIGKILL)
    crashed = peer.ask("run", signal.raise_signal, signal.SIGTERM)
    peer.end()

    assert killed is None
    with pytest.raises(pytest.fail.Exception, match="crashed: it ended with status 15"):
        crashed.heard()


def test_a_zygote_that_died_is_replaced(kit: Kit) -> None:
    call = claim_nonce("0" * 64, kit.now + 9, kit.now)
    assert nursery().run(kit, perform, call, "", 0) is not None
    nursery().end()

    told = nursery().run(kit, perform, call, "", 0)
    assert told is not None
    assert told.heard() is False


def test_a_fuse_breaks_once_or_for_good() -> None:
    fuse = Fuse(lose_the_connection)
    for for_good in (False, True):
        fuse.arm("after", 2, for_good=for_good)
        fuse("after")
        fuse("before")
        assert not fuse.blown
        with pytest.raises(ConnectionResetError):
            fuse("after")
        assert fuse.blown
        if for_good:
            with pytest.raises(ConnectionResetError):
                fuse("after")
        else:
            fuse("after")
    fuse.disarm()
    fuse("after")


@pytest.mark.parametrize("case_id", ["FLT-01a", "FLT-02a", "FLT-03b", "FLT-04a", "ONE-01c"])
def test_a_store_that_never_calls_the_seam_proves_nothing(case_id: str) -> None:
    with (
        Silent.installed() as address,
        pytest.raises(pytest.fail.Exception, match="`on_io` was not called"),
    ):
        run_case(case_id, address)


@pytest.mark.parametrize("case_id", ["FLT-01a", "FLT-02a", "ONE-01c", "RPL-05"])
def test_without_the_seam_it_is_not_proved(case_id: str) -> None:
    with FileBackend.installed() as address, pytest.raises(pytest.skip.Exception) as skipped:
        run_case(case_id, StoreAddress(address.plugin, address.url))

    assert "not proved: `StoreAddress.on_io` is not set" in str(skipped.value)


def test_an_error_is_one_of_the_contract(kit: Kit) -> None:
    handle = kit.open_with(lambda _: lose_the_connection())

    with pytest.raises(StoreUnavailableError):
        handle.nonces.claim_nonce("0" * 64, kit.now + 9, kit.now)
