"""Worker processes, each replaced when it ends, unless none has ever come to serve.

Imported by every worker, too: nothing here needs the command line.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
import time
from collections.abc import Callable
from ctypes import c_byte
from functools import partial
from typing import Any, Final

import uvicorn
from uvicorn.importer import import_from_string
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from ..errors import OAuthStoreError

__all__ = ["ATTEMPTS", "Workers", "start_workers"]

log = logging.getLogger("oauthstore")

#: So many processes in the place of each worker may end before one of them all has served.
ATTEMPTS: Final = 3


class Workers(Multiprocess):
    """uvicorn's supervisor, which waits for nobody, and gives up where none can start.

    uvicorn's own waits for an answer of each worker in turn. One that ends while it starts gives
    none, and so long all others, and signals, are unattended.
    """

    def __init__(self, config: uvicorn.Config, served: c_byte) -> None:
        """Listen. `served` is a value that all processes share, not 0 once one has served."""
        super().__init__(config, [config.bind_socket()])
        self._served = served
        self._ended = 0
        #: When a worker was asked for a sign of life that it has not given yet.
        self._asked: dict[Process, float] = {}
        #: Why it ended by itself, in the message's second part; None: somebody ended it.
        self.reason: str | None = None

    def keep_subprocess_alive(self) -> None:
        """Replace the workers that ended or hang, and give up after too many that never served."""
        for place, worker in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if worker.process.is_alive() and not self._hangs(worker):
                continue
            worker.kill()
            worker.join()
            self._asked.pop(worker, None)
            self._replace(place, _describe(worker.exitcode or 0))

    def _hangs(self, worker: Process) -> bool:
        """Tell whether a worker owes a sign of life for too long; ask for the next one."""
        if worker.parent_conn.poll(0):
            worker.parent_conn.recv()
            self._asked.pop(worker, None)
        if worker not in self._asked:
            worker.parent_conn.send(b"ping")
        asked = self._asked.setdefault(worker, time.monotonic())
        return time.monotonic() - asked > self.config.timeout_worker_healthcheck

    def _replace(self, place: int, end: str) -> None:
        self._ended += 1
        if not self._served.value and self._ended >= ATTEMPTS * self.processes_num:
            self.reason = f"{self._ended} ended, the last {end}"
            self.should_exit.set()
            return
        log.warning("A worker ended %s, and is replaced.", end)
        self.processes[place] = Process(self.config, self.sockets)
        self.processes[place].start()


def _describe(exit_code: int) -> str:
    return f"by signal {-exit_code}" if exit_code < 0 else f"with exit code {exit_code}"


def start_workers(factory: str, workers: int, **options: Any) -> str | None:
    """Serve what a factory makes, by its ``module:name``, until a signal; return None then.

    Else return why it ended: no worker could serve.
    """
    # Without a lock, which a worker could die with.
    served = multiprocessing.get_context("spawn").RawValue("b", 0)
    make = partial(_make, factory, served)
    supervisor = Workers(uvicorn.Config(make, factory=True, workers=workers, **options), served)
    supervisor.run()
    return supervisor.reason


def _make(factory: str, served: c_byte) -> Callable[..., Any]:
    """Return the application, in a worker."""
    try:
        application: Callable[..., Any] = import_from_string(factory)()
    except OAuthStoreError as error:
        log.error("A worker could not start (%s): %s", type(error).__name__, error)  # noqa: TRY400 - it says all
        sys.exit(1)
    served.value = 1
    return application
