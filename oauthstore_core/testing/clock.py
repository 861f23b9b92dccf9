"""A clock that stands still until it is told to go on."""

from __future__ import annotations

import threading

__all__ = ["FakeClock"]


class FakeClock:
    """A `Clock` whose time is set by the test; safe to share between threads."""

    def __init__(self, now: int) -> None:
        """Start at `now`, in seconds since the epoch."""
        self._now = now
        self._lock = threading.Lock()

    def now(self) -> int:
        """Return the seconds since the epoch, as last set."""
        with self._lock:
            return self._now

    def advance(self, seconds: int) -> int:
        """Go on by `seconds` (backwards if negative) and return the new time."""
        with self._lock:
            self._now += seconds
            return self._now

    def wait_until(self, moment: int) -> None:
        """Jump to `moment` unless it has passed; nobody sleeps."""
        with self._lock:
            self._now = max(self._now, moment)
