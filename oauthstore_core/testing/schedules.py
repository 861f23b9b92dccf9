"""Two calls, the first held before each of its I/Os in turn, while the second is made.

Held *before* its k-th I/O, for k from 1 until it is through: that is every
interleaving of a first call with a second one that is not cut up. After the
k-th I/O and before the next lies nothing that a store could see, and after the
last the first has returned but for its answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from ..errors import StoreError
from .deeds import Deed
from .kit import Handle, Kit
from .peers import PATIENCE, Told, tell

__all__ = ["Gate", "Schedule", "interleave"]

#: A call none of whose I/Os ends for so long is taken to wait for the other, in seconds. Where
#: it was only slow, one interleaving is lost to this run; nothing fails.
_A_WHILE = 0.06
_WHILES_TO_BEGIN = 8
#: No verb makes so many I/Os.
_MOST = 200


@dataclass(frozen=True, slots=True)
class Schedule:
    """Two calls on what was prepared for them, and what must hold when both are through."""

    first: Deed
    second: Deed
    #: Takes the answers of both.
    check: Callable[[object, object], None]
    #: Errors that are answers.
    tolerated: tuple[type[StoreError], ...] = ()


class Gate:
    """An `on_io` that counts, and that holds its caller before one I/O until it is opened."""

    def __init__(self) -> None:
        self._stop = 0
        self._before = 0
        self._reached = threading.Event()
        self._opened = threading.Event()
        #: How often it was called.
        self.steps = 0

    def __call__(self, moment: str) -> None:
        """Count, and wait if this is the I/O."""
        self.steps += 1
        if moment != "before":
            return
        self._before += 1
        if self._before == self._stop:
            self._reached.set()
            self._opened.wait(PATIENCE)

    def hold_before(self, count: int) -> None:
        """Let the caller come to its count-th I/O from now; 0: let it pass."""
        self._stop, self._before, self.steps = count, 0, 0
        self._reached.clear()
        self._opened.clear()

    def wait_for(self, call: _Running) -> bool:
        """Wait until the call is held or through, and tell whether it is held."""
        while not call.through.wait(0.0005):
            if self._reached.is_set():
                return True
        return self._reached.is_set()

    def open(self) -> None:
        """Let the caller go on."""
        self._opened.set()


class _Running:
    """A call in a thread of its own."""

    def __init__(self, deed: Deed, handle: Handle) -> None:
        self.through = threading.Event()
        self._told: Told | None = None
        self._thread = threading.Thread(target=self._run, args=(deed, handle), daemon=True)
        self._thread.start()

    def _run(self, deed: Deed, handle: Handle) -> None:
        self._told = tell(partial(deed, handle))
        self.through.set()

    def answer(self, tolerated: tuple[type[StoreError], ...]) -> object:
        """Wait for its end and return its answer."""
        self._thread.join(PATIENCE)
        assert self._told is not None, "a call did not return, though the other had"
        return self._told.heard(tolerated)

    def is_stuck(self, gate: Gate) -> bool:
        """Wait until it is through, or has made no step for a while."""
        quiet = 0
        # A thread that has not come to its first I/O may not have come to the processor.
        while quiet < (1 if gate.steps else _WHILES_TO_BEGIN):
            seen = gate.steps
            if self.through.wait(_A_WHILE):
                return False
            quiet = quiet + 1 if gate.steps == seen else 0
        return True


def interleave(kit: Kit, prepare: Callable[[], Schedule]) -> None:
    """Make both calls once for every I/O of the first; `prepare` is asked anew each time.

    The second is made while the first is held. Where it has to wait for the
    first, which is legal, the first goes on, and both end.
    """
    gates = Gate(), Gate()
    handles = kit.open_with(gates[0]), kit.open_with(gates[1])
    held = [_run(gates, handles, 1, prepare())]
    while held[-1]:
        held.append(_run(gates, handles, len(held) + 1, prepare()))
        assert len(held) < _MOST, f"a call made more than {_MOST} I/Os"
    if len(held) == 1:
        pytest.fail(
            "The first of two calls was to be held before its first I/O, but it made none: "
            "`on_io` was not called. Call it around every I/O, or leave out `StoreAddress.on_io`.",
            pytrace=False,
        )


def _run(
    gates: tuple[Gate, Gate], handles: tuple[Handle, Handle], count: int, schedule: Schedule
) -> bool:
    gates[0].hold_before(count)
    gates[1].hold_before(0)
    first = _Running(schedule.first, handles[0])
    held = gates[0].wait_for(first)
    second = _Running(schedule.second, handles[1])
    second.is_stuck(gates[1])
    gates[0].open()
    answers = [call.answer(schedule.tolerated) for call in (first, second)]
    schedule.check(*answers)
    return held
