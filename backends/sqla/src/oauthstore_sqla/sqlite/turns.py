"""Writers of one process take turns, and those that have waited share one commit.

SQLite has one writer at a time, and lets the others sleep and ask again, which
is unfair. Here they queue. Whoever's turn it is carries out what waits, his own
and the others', in one transaction, and nobody learns an outcome before it is
committed: while one commit reaches the disk, the next one fills up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, TypeVar

from ..engine import Session

__all__ = ["Turn", "Turns"]

T = TypeVar("T")

#: So many share a commit at most: what is to be written anew after a failure stays small.
_MOST: Final = 64


class Turn(Generic[T]):
    """Work that waits until it is carried out, by its own thread or another."""

    __slots__ = ("_called", "error", "leads", "result", "settled", "work")

    def __init__(self, work: Callable[[Session], T]) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        #: Whether `result` or `error` says how it ended.
        self.settled = False
        #: Whether its thread is to carry out what waits.
        self.leads = False
        self._called: threading.Lock | None = None

    def settle(self, result: object = None, error: BaseException | None = None) -> None:
        """Take note of how it ended."""
        self.result, self.error, self.settled = result, error, True

    def prepare_to_wait(self) -> None:
        """Be there to be called."""
        self._called = threading.Lock()
        self._called.acquire()

    def wait(self, patience: float = -1) -> bool:
        """Wait, seconds at most, until it is called; tell whether it was."""
        assert self._called is not None  # noqa: S101 - for the type checkers
        return self._called.acquire(timeout=patience)

    def call(self) -> None:
        """Call its thread, which waits."""
        assert self._called is not None  # noqa: S101 - the same
        self._called.release()

    def outcome(self) -> T:
        """Return the result, or raise the error."""
        error, self.error = self.error, None
        try:
            if error is not None:
                raise error
        finally:
            # Its frames hold the driver's cursor: in a circle it would keep the database locked.
            del error
        result: T = self.result
        return result


class Turns:
    """A queue of writers, of which one carries out what waits."""

    def __init__(self, carry_out: Callable[[Sequence[Turn[Any]]], None]) -> None:
        """Let the one whose turn it is settle turns by `carry_out`, its own first among them."""
        self._carry_out = carry_out
        self._queue = threading.Lock()
        self._waiting: deque[Turn[Any]] = deque()
        self._taken = False

    def take(self, work: Callable[[Session], T], patience: float) -> Turn[T] | None:
        """Return the work's turn once it is settled; None: it never came, in as many seconds."""
        turn = Turn(work)
        with self._queue:
            waits = self._taken
            if waits:
                turn.prepare_to_wait()
            self._waiting.append(turn)
            self._taken = True
        if waits and not turn.wait(patience):
            if self._withdraws(turn):
                return None
            turn.wait()  # it is being carried out, or has just been called
        if not turn.settled:
            self._lead()
        return turn

    def _withdraws(self, turn: Turn[Any]) -> bool:
        with self._queue:
            if turn.leads or turn not in self._waiting:
                return False
            self._waiting.remove(turn)
            return True

    def _lead(self) -> None:
        with self._queue:
            turns = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
        try:
            self._carry_out(turns)
        finally:
            self._hand_over(turns)

    def _hand_over(self, turns: Sequence[Turn[Any]]) -> None:
        with self._queue:
            heir = self._waiting[0] if self._waiting else None
            self._taken = heir is not None
            if heir is not None:
                heir.leads = True
        for turn in turns[1:]:
            turn.call()
        if heir is not None:
            heir.call()
