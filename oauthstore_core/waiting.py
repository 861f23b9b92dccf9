"""Whether the caller may wait: an event loop may not, and asks to be told instead."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["may_wait", "without_waiting"]

_forbidden: ContextVar[bool] = ContextVar("oauthstore_waiting_forbidden", default=False)


def may_wait() -> bool:
    """Tell whether this call may wait for I/O or a lock.

    Where it may not, a store that declares `immediate_reads` answers a read at
    once or raises `WouldBlockError`: it is made again in a thread.
    """
    return not _forbidden.get()


@contextmanager
def without_waiting() -> Generator[None, None, None]:
    """Within this block `may_wait` is False, for the current thread or task."""
    token = _forbidden.set(True)
    try:
        yield
    finally:
        _forbidden.reset(token)
