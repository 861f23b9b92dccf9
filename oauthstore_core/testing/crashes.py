"""Processes that are killed between two I/Os, and handles that are used across a fork."""

from __future__ import annotations

import atexit
import os
import pickle
import signal
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial

import pytest

from .address import StoreAddress
from .deeds import Deed
from .faults import Fuse, counts, end_this_process
from .kit import Handle, Kit
from .peers import PATIENCE, Peer, PeerLostError, Told, pickled, tell
from .scenarios import (
    KILLED,
    Builder,
    assert_purgeable,
    assert_repeatable,
    assert_revocable,
    assert_whole,
)

__all__ = ["Nursery", "Zygote", "assert_survives_kills", "nursery", "perform", "use_across_a_fork"]


class Zygote:
    """Runs in the other process: all is imported there, no thread runs, so it may fork."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    def know(self, address: StoreAddress) -> None:
        """Open such a store once: drivers are imported then, which each child would do anew."""
        kind = (address.descriptor().name, address.url.partition(":")[0])
        if kind not in self._known:
            self._known.add(kind)
            address.open().close()

    def run(self, function: Callable[..., object], *arguments: object) -> Told | None:
        """Call the function in a child; None: the child was killed."""
        call = partial(function, *arguments)
        if not hasattr(os, "fork"):
            return tell(call)  # killed with it: the next one is started anew
        return _in_child(call)


def _in_child(call: Callable[[], object]) -> Told | None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(int(PATIENCE))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(pickle.dumps(tell(call)))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    if not told:
        return Told(text=f"the process hung, or crashed: it ended with status {status}")
    answer: Told = pickle.loads(told)  # noqa: S301 - our own child
    return answer


def perform(address: StoreAddress, deed: Deed, moment: str, count: int) -> object:
    """Do the deed on a new handle, and end this process at its count-th I/O."""
    fuse = Fuse(end_this_process)
    handle = Handle(address.open(fuse), address.descriptor().roles)
    fuse.arm(moment, count)
    return deed(handle)


def use_across_a_fork(
    address: StoreAddress, first: Deed, deeds: Sequence[Deed]
) -> tuple[list[Told], list[Told]]:
    """Use a handle, fork, and do the deeds in parent and child at once; return both's answers."""
    handle = Handle(address.open(), address.descriptor().roles)
    first(handle)
    start, go = os.pipe()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(int(PATIENCE))
        os.read(start, 1)
        told = [tell(partial(deed, handle)) for deed in deeds]
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(pickle.dumps(told))
        os._exit(0)
    os.close(writer)
    os.write(go, b"!")
    ours = [tell(partial(deed, handle)) for deed in deeds]
    with os.fdopen(reader, "rb") as pipe:
        theirs: list[Told] = pickle.load(pipe)  # noqa: S301 - our own child
    os.waitpid(child, 0)
    handle.backend.close()
    return ours, theirs


class Nursery:
    """Has calls made in processes of their own; one zygote for the whole run."""

    def __init__(self) -> None:
        self._peer: Peer | None = None

    def run(self, kit: Kit, function: Callable[..., object], *arguments: object) -> Told | None:
        """Call the function there with the store's address first; None: it was killed."""
        if not kit.capabilities.shared:
            pytest.skip("does not declare the capability shared: no other process sees its data")
        pickled(kit.address)
        if self._peer is None or not self._peer.alive:
            self.end()
            self._peer = Peer(Zygote)
        try:
            self._peer.ask("know", kit.address)
            told: Told | None = self._peer.ask("run", function, kit.address, *arguments)
        except PeerLostError as error:
            self.end()
            if hasattr(os, "fork"):
                pytest.fail(f"A call was made in another process, but {error}.", pytrace=False)
            return None
        return told

    def end(self) -> None:
        """End the zygote; the next call starts another."""
        if self._peer is not None:
            self._peer.end()
        self._peer = None


@cache
def nursery() -> Nursery:
    """Return what starts processes for this run, and ends with it."""
    made = Nursery()
    atexit.register(made.end)
    return made


def assert_survives_kills(kit: Kit, builders: Iterable[Builder]) -> None:
    """Kill a process before and after each I/O of each call; look through a new handle.

    After an I/O and before the next are one place to a store. So one of them
    is followed by the same call again, the other by a sweep; and then both by a
    purge, which must find all that has an end.
    """
    kit.require_seam()
    for build in builders:
        for count in counts():
            killed = [_kill(kit, build, moment, count) for moment in ("before", "after")]
            if not any(killed):
                break


def _kill(kit: Kit, build: Builder, moment: str, count: int) -> bool:
    scenario = build(kit)
    told = nursery().run(kit, perform, scenario.call, moment, count)
    answer = KILLED if told is None else told.heard()
    where = f"{moment} I/O {count} of {scenario}, by a kill"
    with kit.new_handle() as handle:
        assert_whole(handle, scenario, answer, where)
        if moment == "before":
            assert_repeatable(handle, scenario, answer, where)
        assert_revocable(handle, scenario, kit.now, where)
        assert_purgeable(handle, scenario, kit.now, where)
    if told is not None and count == 1:
        pytest.fail(
            "A process was to be killed at its first I/O, but it made none: `on_io` was not "
            "called. Call it around every I/O, or leave out `StoreAddress.on_io`.",
            pytrace=False,
        )
    return told is None
