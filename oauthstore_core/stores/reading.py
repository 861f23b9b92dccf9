"""Reading a record as the store has it now, past decorators that remember."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

__all__ = ["is_read_anew", "read_anew"]

_ANEW: Final[ContextVar[bool]] = ContextVar("oauthstore_read_anew", default=False)


@contextmanager
def read_anew() -> Generator[None]:
    """Let what is read within this block come from the store, whatever is remembered of it."""
    token = _ANEW.set(True)
    try:
        yield
    finally:
        _ANEW.reset(token)


def is_read_anew() -> bool:
    """Tell a decorator that remembers whether its store is to be asked even so."""
    return _ANEW.get()
