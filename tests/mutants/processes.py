"""Calls in forked processes: as many at a time as there are processors, each with a time limit."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, Generic, TypeVar

__all__ = ["Call", "Died", "Overdue", "run_all"]

T = TypeVar("T")
_FORK: Final = multiprocessing.get_context("fork")
#: A mutant may loop and hoard. In bytes.
_MEMORY: Final = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended without an answer."""

    code: int | None


@dataclass(frozen=True, slots=True)
class Overdue:
    """The process did not answer in time."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """What is to be answered in a process of its own."""

    work: Callable[[], T]
    #: What the caller knows it by.
    name: object
    seconds: float


class _Process(Generic[T]):
    def __init__(self, call: Call[T]) -> None:
        self.answers, sender = _FORK.Pipe(duplex=False)
        self._process: BaseProcess = _FORK.Process(target=_answer, args=(call.work, sender))
        self._process.start()
        sender.close()
        self.deadline = time.monotonic() + call.seconds

    def end(self) -> T | Died | Overdue:
        """Return the answer, or why there is none; nothing of the process is left."""
        try:
            answer: T | Overdue = self.answers.recv() if self.answers.poll() else Overdue()
        except EOFError:
            self._process.join()
            return Died(self._process.exitcode)
        else:
            return answer
        finally:
            self._kill()

    def _kill(self) -> None:
        # With the processes that it may have started: it leads a group of its own.
        if self._process.pid is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                self._process.kill()
        self._process.join()
        self.answers.close()


def run_all(calls: Iterator[Call[T]], jobs: int) -> Iterator[tuple[Call[T], T | Died | Overdue]]:
    """Yield each call with its answer as it comes; a call is taken when it is its turn."""
    running: dict[Connection, tuple[Call[T], _Process[T]]] = {}
    while True:
        for call in islice(calls, jobs - len(running)):
            process = _Process(call)
            running[process.answers] = (call, process)
        if not running:
            return
        for answers in _answered([process for _, process in running.values()]):
            call, process = running.pop(answers)
            yield call, process.end()


def _answered(processes: Sequence[_Process[T]]) -> set[Connection]:
    """Wait until a process has answered or is overdue, and return those that are."""
    pause = min(process.deadline for process in processes) - time.monotonic()
    answered = wait([process.answers for process in processes], max(0.0, pause))
    now = time.monotonic()
    return {p.answers for p in processes if p.answers in answered or p.deadline <= now}


def _answer(work: Callable[[], T], sender: Connection) -> None:
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    # What a mutant's threads and hooks have to say is of no use.
    sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    sender.send(work())
    os._exit(0)  # waits for no thread
