"""A connection that gives up: psycopg itself waits for a silent server without end."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg

__all__ = ["PatientConnection"]


class PatientConnection(psycopg.Connection[Any]):
    """Waits `patience` seconds for each answer; then it is closed, for what comes is too late."""

    #: None: as long as it takes.
    patience: float | None = None

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - psycopg's
        if self.patience is None:
            return super().wait(gen, *arguments, **options)
        try:
            bounded = _bounded(gen, time.monotonic() + self.patience)
            return super().wait(bounded, *arguments, **options)
        except psycopg.errors.ConnectionTimeout:
            self.pgconn.finish()
            raise


def _bounded(steps: Any, deadline: float) -> Generator[Any, Any, Any]:  # noqa: ANN401 - psycopg's
    """Go on with the steps of an operation until they end, or the deadline has come."""
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            # Also while nothing happens psycopg asks again, several times a second.
            if not ready and time.monotonic() > deadline:
                raise psycopg.errors.ConnectionTimeout("the server does not answer")
            wanted = steps.send(ready)
    except StopIteration as end:
        return end.value
