"""Django's transactions, which a store never joins, but on SQLite may have to wait for."""

from __future__ import annotations

import logging

from django.db import connections

__all__ = ["warn_of_own_transaction"]

log = logging.getLogger("oauthstore")


def warn_of_own_transaction() -> None:
    """Say what a store may have waited for in vain, where this request is in a transaction itself.

    A SQLite file has one writer at a time.
    """
    opened = connections.all(initialized_only=True)
    held = [one.alias for one in opened if one.vendor == "sqlite" and one.in_atomic_block]
    if held:
        log.warning(
            "A store waited for another writer, while this request itself is in a transaction on "
            "the SQLite database %r. If the store is in that file, the request waits for itself: "
            "mark the view with django.db.transaction.non_atomic_requests, or call the server "
            "outside of `atomic`.",
            held[0],
        )
