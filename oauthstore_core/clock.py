"""The one source of time: whole seconds since the epoch, injectable."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol

from .errors import WouldBlockError

__all__ = ["Clock", "SystemClock", "refuse_on_event_loop"]


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> int:
        """Return the seconds since the epoch."""
        ...

    def wait_until(self, moment: int) -> None:
        """Return once `now() >= moment`.

        `WouldBlockError`: the caller runs on an event loop, which must not wait.
        """
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the seconds since the epoch."""
        return int(time.time())

    def wait_until(self, moment: int) -> None:
        """Sleep until `moment`; see `Clock.wait_until`."""
        refuse_on_event_loop()
        while (remaining := moment - time.time()) > 0:
            time.sleep(remaining)


def refuse_on_event_loop() -> None:
    """Raise `WouldBlockError` when called from a running event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise WouldBlockError("Waiting was asked for on an event loop: call again from a thread.")
