"""Django's transactions, which a store never joins, but on SQLite may have to wait for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections
from django.db.transaction import non_atomic_requests

__all__ = ["outside_transactions", "warn_of_own_transaction"]

View = TypeVar("View", bound=Callable[..., Any])

log = logging.getLogger("oauthstore")


def outside_transactions(view: View) -> View:
    """Return the view as one that ATOMIC_REQUESTS does not wrap, of whatever database."""
    for alias in connections:
        view = non_atomic_requests(using=alias)(view)
    return view


def warn_of_own_transaction() -> None:
    """Say what a store may have failed of, where this request is in a transaction itself.

    A SQLite file has one writer at a time, and refuses who has read what another
    has written over.
    """
    opened = connections.all(initialized_only=True)
    held = [one.alias for one in opened if one.vendor == "sqlite" and one.in_atomic_block]
    if held:
        log.warning(
            "A store or a database failed while this request itself is in a transaction on the "
            "SQLite database %r. If the store is in that file, they are in each other's way: mark "
            "the view with django.db.transaction.non_atomic_requests, or call the server outside "
            "of `atomic`.",
            held[0],
        )
