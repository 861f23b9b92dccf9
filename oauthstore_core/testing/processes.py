"""Calls that start at the same moment in two processes, eight threads in each."""

from __future__ import annotations

import atexit
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, partial

import pytest

from ..errors import StoreError
from .address import StoreAddress
from .deeds import Deed
from .kit import Handle, Kit
from .peers import PATIENCE, Peer, PeerLostError, Told, pickled, tell
from .races import race

__all__ = ["PROCESSES", "Arena", "Racer", "Racers", "in_processes", "in_threads", "racers"]

#: How many processes take part in a race.
PROCESSES = 2
#: Until all have read that it begins, in seconds.
_HEAD_START = 0.001

#: What runs a race: `in_threads` or `in_processes`. It returns what each deed was answered, in
#: their order; an error of a tolerated type is an answer, any other is raised.
Arena = Callable[[Kit, Sequence[Deed], tuple[type[StoreError], ...]], list[object]]


def in_threads(
    kit: Kit, deeds: Sequence[Deed], tolerated: tuple[type[StoreError], ...] = ()
) -> list[object]:
    """Race the deeds in threads of this process, over several handles."""
    calls = [partial(deed, kit.handle(index)) for index, deed in enumerate(deeds)]
    return race(calls, tolerated)


def in_processes(
    kit: Kit, deeds: Sequence[Deed], tolerated: tuple[type[StoreError], ...] = ()
) -> list[object]:
    """Race the deeds in threads of two other processes, with a handle in each."""
    if not kit.capabilities.shared:
        pytest.skip("does not declare the capability shared: no other process sees its data")
    if kit.capabilities.atomic != "store":
        pytest.skip("does not declare the capability atomic='store': a process is on its own")
    told = racers().run(kit, deeds)
    return [each.heard(tolerated) for each in told]


class Racer:
    """Runs in the other process: half of each race."""

    def __init__(self) -> None:
        self._handles: dict[bytes, Handle] = {}
        self._start = threading.Event()
        self._threads: list[threading.Thread] = []
        self._told: dict[int, Told] = {}

    def prepare(self, address: bytes, deeds: Sequence[Deed]) -> None:
        """Open the store, unless it is open, and have a thread for each deed wait."""
        handle = self._handle(address)
        self._start.clear()
        self._told = {}
        self._threads = [
            threading.Thread(target=self._do, args=(index, deed, handle), daemon=True)
            for index, deed in enumerate(deeds)
        ]
        for thread in self._threads:
            thread.start()

    def go(self, moment: float) -> list[Told]:
        """Let all threads go at that moment of the monotonic clock; return what they were told."""
        while time.monotonic() < moment:
            pass
        self._start.set()
        for thread in self._threads:
            thread.join()
        return [self._told[index] for index in range(len(self._threads))]

    def leave(self, address: bytes) -> None:
        """Close the store."""
        handle = self._handles.pop(address, None)
        if handle is not None:
            handle.backend.close()

    def _handle(self, address: bytes) -> Handle:
        if address not in self._handles:
            store: StoreAddress = pickle.loads(address)  # noqa: S301 - our own
            self._handles[address] = Handle(store.open(), store.descriptor().roles)
        return self._handles[address]

    def _do(self, index: int, deed: Deed, handle: Handle) -> None:
        self._start.wait()
        self._told[index] = tell(lambda: deed(handle))


class Racers:
    """The processes of all races of a run."""

    def __init__(self) -> None:
        self._peers: list[Peer] = []
        self._visited: set[bytes] = set()

    def run(self, kit: Kit, deeds: Sequence[Deed]) -> list[Told]:
        """Race the deeds, every second one in the same process."""
        address = pickled(kit.address)
        peers = self._take_up(kit, address)
        try:
            for index, peer in enumerate(peers):
                peer.send("prepare", address, deeds[index::PROCESSES])
            for peer in peers:
                peer.receive()
            moment = time.monotonic() + _HEAD_START
            for peer in peers:
                peer.send("go", moment)
            halves: list[list[Told]] = [peer.receive() for peer in peers]
        except PeerLostError as error:
            self.end()
            pytest.fail(
                f"{len(deeds)} calls were made in {PROCESSES} processes, but of one of these: "
                f"{error}. See what the process wrote to standard error; a call that waits for "
                f"another must give up within {PATIENCE:.0f} s.",
                pytrace=False,
            )
        except BaseException:
            self.end()  # their answers to come would be taken for those of the next race
            raise
        return [halves[index % PROCESSES][index // PROCESSES] for index in range(len(deeds))]

    def pids(self) -> list[int]:
        """Return the ids of the processes that run."""
        return [peer.pid for peer in self._peers if peer.alive]

    def end(self) -> None:
        """End all processes; the next race starts new ones."""
        for peer in self._peers:
            peer.end()
        self._peers = []
        self._visited = set()

    def _take_up(self, kit: Kit, address: bytes) -> list[Peer]:
        if not self._peers or not all(peer.alive for peer in self._peers):
            self.end()
            self._peers = [Peer(Racer) for _ in range(PROCESSES)]
        if address not in self._visited:
            self._visited.add(address)
            kit.ending.callback(self._leave, address)
        return self._peers

    def _leave(self, address: bytes) -> None:
        if address not in self._visited:
            return
        self._visited.remove(address)
        try:
            for peer in self._peers:
                peer.ask("leave", address)
        except PeerLostError:
            self.end()


@cache
def racers() -> Racers:
    """Return the processes of this run, which end with it."""
    made = Racers()
    atexit.register(made.end)
    return made
