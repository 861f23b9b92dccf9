"""Calls that start at the same moment, each in a thread of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import Any

from ..errors import StoreError

__all__ = ["RACERS", "generations", "race", "race_amid", "rounds"]

TraceFunction = Callable[[FrameType, str, Any], Any]

#: How many threads take part in a race.
RACERS = 16
#: No call of a verb takes that long; one that does is stuck. In seconds.
_PATIENCE = 60.0
#: After how many seconds a thread lets another run: usually a verb in memory is over by then.
_SWITCH = 1e-6
_ROUNDS = 20
_GENERATIONS = 1000


def rounds() -> int:
    """Return how often a race is run: 20, or `OAUTHSTORE_TEST_ROUNDS` (200 before a release)."""
    return int(os.environ.get("OAUTHSTORE_TEST_ROUNDS", _ROUNDS))


def generations() -> int:
    """Return how often the long family is rotated: 1000, or `OAUTHSTORE_TEST_GENERATIONS`."""
    return int(os.environ.get("OAUTHSTORE_TEST_GENERATIONS", _GENERATIONS))


def race(
    calls: Sequence[Callable[[], object]], tolerated: tuple[type[StoreError], ...] = ()
) -> list[object]:
    """Make all calls at once and return what each answered, in the order of `calls`.

    An exception of a `tolerated` type is an answer; any other is raised here.
    """
    return _Racers(calls, tolerated).run()


def race_amid(
    intruder: Callable[[], object],
    calls: Sequence[Callable[[], object]],
    tolerated: tuple[type[StoreError], ...] = (),
) -> list[object]:
    """Race the calls, and let the intruder go as soon as one of them has begun.

    Returns the answer of the intruder first.
    """
    begun = threading.Event()

    def begin(call: Callable[[], object]) -> object:
        begun.set()
        return call()

    def intrude() -> object:
        begun.wait(_PATIENCE)
        return intruder()

    return race([intrude, *(partial(begin, call) for call in calls)], tolerated)


class _Racers:
    def __init__(
        self, calls: Sequence[Callable[[], object]], tolerated: tuple[type[StoreError], ...]
    ) -> None:
        self._calls = calls
        self._tolerated = tolerated
        self._start = threading.Barrier(len(calls), timeout=_PATIENCE)
        self._answers: dict[int, object] = {}
        self._failures: list[BaseException] = []

    def run(self) -> list[object]:
        threads = [
            threading.Thread(target=self._call, args=(index,), daemon=True)
            for index in range(len(self._calls))
        ]
        between = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(_PATIENCE)
        finally:
            sys.setswitchinterval(between)
        if self._failures:
            raise self._failures[0]
        stuck = len(self._calls) - len(self._answers)
        assert not stuck, f"{stuck} of {len(self._calls)} racing calls did not return in time"
        return [self._answers[index] for index in range(len(self._calls))]

    def _call(self, index: int) -> None:
        try:
            self._start.wait()
            self._answers[index] = _traced(self._calls[index])
        except self._tolerated as error:
            self._answers[index] = error
        except BaseException as error:  # noqa: BLE001 - raised again by `run`
            self._failures.append(error)


def _traced(call: Callable[[], object]) -> object:
    """Make the call; where `OAUTHSTORE_TEST_YIELD` is set, others run after each of its lines."""
    if not os.environ.get("OAUTHSTORE_TEST_YIELD"):
        return call()
    before = sys.gettrace()
    sys.settrace(_let_others_run)
    try:
        return call()
    finally:
        sys.settrace(before)


def _let_others_run(frame: FrameType, event: str, argument: object) -> TraceFunction:
    # Not 0: on a busy machine the thread would be back before any other has woken.
    time.sleep(1e-6)
    return _let_others_run
