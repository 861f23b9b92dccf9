"""Races in processes: what is handed to them, how they fail, and that none is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.errors import ConflictError, DuplicateError, StoreTimeoutError
from oauthstore_core.memory import MemoryBackend, plugin
from oauthstore_core.testing.address import StoreAddress
from oauthstore_core.testing.deeds import claim_nonce, save_client
from oauthstore_core.testing.kit import Kit
from oauthstore_core.testing.peers import Peer, PeerLostError
from oauthstore_core.testing.processes import Racer, in_processes, racers
from oauthstore_core.testing.samples import client


class SharedMemory(MemoryBackend):
    """Says that it is shared: enough to be opened in other processes."""

    capabilities = Capabilities(shared=True, atomic="store", blocking=False)


BY_NAME = "oauthstore_core.memory:plugin"


class SharedKit(Kit):
    """Of a store that is taken for shared, whichever it is."""

    @property
    def capabilities(self) -> Capabilities:
        return SharedMemory.capabilities


@pytest.fixture
def kit() -> Iterator[Kit]:
    opened = SharedKit(StoreAddress(BY_NAME, "memory://"))
    yield opened
    opened.close()


def test_each_process_has_a_handle_of_its_own_and_answers_come_in_order(kit: Kit) -> None:
    digests = [f"{index:064}" for index in (0, 0, 1, 1)]
    calls = [claim_nonce(digest, kit.now + 9, kit.now) for digest in digests]

    # Memory is not shared: each process has a first use of its own.
    assert in_processes(kit, calls) == [True] * 4
    assert in_processes(kit, calls) == [False] * 4


def test_handles_are_closed_with_their_case(kit: Kit) -> None:
    call = claim_nonce("0" * 64, kit.now + 9, kit.now)
    assert in_processes(kit, [call, call]) == [True, True]
    pids = racers().pids()
    kit.close()

    again = SharedKit(kit.address)
    assert in_processes(again, [call, call]) == [True, True]
    assert racers().pids() == pids
    again.close()


def test_an_error_is_an_answer_only_where_it_is_tolerated(kit: Kit) -> None:
    absent = save_client(client(version=7))

    assert isinstance(in_processes(kit, [absent], (ConflictError,))[0], ConflictError)
    with pytest.raises(ConflictError):
        in_processes(kit, [absent], (DuplicateError, StoreTimeoutError))


def test_what_is_no_store_error_fails_with_its_traceback(kit: Kit) -> None:
    nonsense = claim_nonce("0" * 64, "soon", kit.now)  # type: ignore[arg-type]  # the point

    in_processes(kit, [nonsense])
    with pytest.raises(pytest.fail.Exception, match=r"(?s)no StoreError.*TypeError"):
        in_processes(kit, [nonsense])


def test_an_address_that_does_not_pickle_says_what_to_give() -> None:
    address = StoreAddress(plugin, "memory://", {"callback": lambda: None})
    kit = SharedKit(address)

    with pytest.raises(pytest.fail.Exception, match=r"does not pickle.*package\.module:attribute"):
        in_processes(kit, [claim_nonce("0" * 64, 9, 0)])
    kit.close()


def test_a_plugin_of_a_test_module_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    # As a test module under importlib mode: known by its name here, and nowhere else.
    module = ModuleType("test_of_somebody")
    exec("def open_store(url, options): raise AssertionError", vars(module))  # noqa: S102 - ours
    monkeypatch.setitem(sys.modules, module.__name__, module)
    theirs = BackendPlugin("theirs", plugin.roles, plugin.capabilities, open=module.open_store)
    kit = SharedKit(StoreAddress(BY_NAME, "memory://"))
    kit.address = StoreAddress(theirs, "memory://")
    told = r"(?s)No module named.*package\.module:attribute"

    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match=told):
            in_processes(kit, [claim_nonce("0" * 64, 9, 0)])
    kit.close()


def test_a_process_that_dies_is_told_and_replaced(kit: Kit) -> None:
    call = claim_nonce("0" * 64, kit.now + 9, kit.now)
    assert in_processes(kit, [call, call]) == [True, True]
    dead = racers().pids()
    os.kill(dead[1], signal.SIGKILL)

    try:
        in_processes(kit, [call, call])
    except pytest.fail.Exception as failure:
        assert "ended with exit code -9" in str(failure)  # noqa: PT017 - it may be seen before
    assert in_processes(kit, [call, call]) == [True, True]
    assert set(racers().pids()).isdisjoint(dead)


def test_a_process_that_hangs_is_ended() -> None:
    peer = Peer(Racer)
    peer.send("go", time.monotonic() + 3600)

    with pytest.raises(PeerLostError, match=r"did not answer within 0\.2 s"):
        peer.receive(0.2)
    assert not peer.alive


RUN = """
import os, signal, sys
from oauthstore_core.testing.processes import Racer, racers
from oauthstore_core.testing.peers import Peer

peers = [Peer(Racer), Peer(Racer)]
racers()._peers = peers
print(*racers().pids(), flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("ending", ["ended", "killed"])
def test_no_process_outlives_the_run(ending: str, tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own fixed command
        [sys.executable, "-c", RUN, ending], capture_output=True, text=True, check=False
    )
    pids = [int(pid) for pid in done.stdout.split()]

    assert len(pids) == 2
    assert done.stderr == ""
    give_up = time.monotonic() + 30
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < give_up, "a process outlived the run"
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Without an init that reaps, an orphan that has ended stays a zombie.
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
