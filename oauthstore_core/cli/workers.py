"""Worker processes, each replaced when it ends, unless none has ever come to serve.

Imported by every worker, too: nothing here needs the command line.
"""

from __future__ import annotations

import logging
import multiprocessing
import sys
from collections.abc import Callable
from ctypes import c_byte
from functools import partial
from typing import Any, Final

import uvicorn
from uvicorn.importer import import_from_string
from uvicorn.supervisors.multiprocess import Multiprocess

from ..errors import OAuthStoreError

__all__ = ["ATTEMPTS", "Workers", "start_workers"]

log = logging.getLogger("oauthstore")

#: So many processes in the place of each worker may end before one of them all has served.
ATTEMPTS: Final = 3


class Workers(Multiprocess):
    """uvicorn's supervisor, which gives up where it would start what cannot start for ever."""

    def __init__(self, config: uvicorn.Config, served: c_byte) -> None:
        """Listen. `served` is a value that all processes share, not 0 once one has served."""
        super().__init__(config, [config.bind_socket()])
        self._served = served
        self._ended = 0
        #: Why it ended by itself, in the message's second part; None: somebody ended it.
        self.reason: str | None = None

    def keep_subprocess_alive(self) -> None:
        """Replace the workers that ended, and give up after too many that never served."""
        if self.should_exit.is_set():
            return
        before = [*self.processes]
        super().keep_subprocess_alive()
        ended = [process for process in before if process.exitcode is not None]
        self._ended += len(ended)
        too_many = not self._served.value and self._ended >= ATTEMPTS * self.processes_num
        if ended and (too_many or self.should_exit.is_set()):
            self.reason = f"{self._ended} ended, the last {_describe(ended[-1].exitcode or 0)}"
            self.should_exit.set()


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
