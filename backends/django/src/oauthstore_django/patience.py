"""A connection that gives up: psycopg itself waits for a silent server without end."""

# ruff: noqa: ANN401 - of psycopg, which is not imported: it need not be there

from __future__ import annotations

import time
from collections.abc import Generator
from importlib import import_module
from typing import Any

__all__ = ["bound", "unbound"]


def bound(driver: Any, patience: float) -> None:
    """Let psycopg's connection wait `patience` seconds for each answer, and be closed then.

    What comes is too late. Other drivers, such as psycopg 2, wait as before.
    """
    endless = getattr(driver, "wait", None)
    if endless is None:
        return
    too_late: type[Exception] = import_module("psycopg.errors").ConnectionTimeout

    def wait(steps: Any, *arguments: Any, **options: Any) -> Any:
        deadline = time.monotonic() + patience
        try:
            return endless(_until(deadline, steps, too_late), *arguments, **options)
        except too_late:
            driver.pgconn.finish()
            raise

    driver.wait = wait


def unbound(driver: Any) -> None:
    """Let it wait for as long as it takes."""
    getattr(driver, "__dict__", {}).pop("wait", None)


def _until(deadline: float, steps: Any, too_late: type[Exception]) -> Generator[Any, Any, Any]:
    """Go on with the steps of an operation until they end, or the deadline has come."""
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            # Also while nothing happens psycopg asks again, several times a second.
            if not ready and time.monotonic() > deadline:
                raise too_late("the server does not answer")
            wanted = steps.send(ready)
    except StopIteration as end:
        return end.value
