"""What an operator does with clients, grants and tokens; the command line calls this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..clock import Clock, SystemClock
from ..records import Grant, Page
from ..settings import Settings
from ..stores import Stores
from .endpoints import query_handle
from .revoking import RevokingMixin

if TYPE_CHECKING:
    from .views import AccessToken, RefreshToken

__all__ = ["Management", "delete_client", "list_live_grants", "live_grants", "revoke_handle"]

_PAGE = 500


class Management(RevokingMixin):
    """Stores to look after; unlike a server they need no issuer and no secret keys."""

    def __init__(self, settings: Settings, stores: Stores, clock: Clock | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.stores = stores
        self.clock = SystemClock() if clock is None else clock


def delete_client(server: RevokingMixin, client_id: str) -> int | None:
    """Delete a client, then revoke its grants; return how many, None where it was not there.

    The revocation also runs where the client is gone already, so that a
    deletion that was cut off can be repeated.
    """
    deleted = server.stores.clients.delete_client(client_id)
    revoked = server.revoke_all(client_id=client_id)
    return revoked if deleted or revoked else None


def revoke_handle(server: RevokingMixin, handle: str) -> AccessToken | RefreshToken | None:
    """Revoke a token as its client could (RFC 7009), and return what it was; None: unknown."""
    token = query_handle(server, handle)
    if token is not None:
        server.revoke(token)
    return token


def live_grants(
    server: RevokingMixin, client_id: str | None = None, subject: str | None = None
) -> Iterator[Grant]:
    """Yield the grants of a client, a subject, both or anybody that are neither revoked nor over.

    They are read page by page, as they are asked for.
    """
    cursor = None
    while True:
        page = list_live_grants(server, client_id, subject, cursor, _PAGE)
        yield from page.items
        cursor = page.cursor
        if cursor is None:
            return


def list_live_grants(
    server: RevokingMixin,
    client_id: str | None,
    subject: str | None,
    after: str | None,
    limit: int,
) -> Page[Grant]:
    """Return a page of what `live_grants` yields: `limit` of the store's, without those over.

    `after` is the cursor of the page before, None for the first.
    """
    now = server.clock.now()
    page = server.stores.tokens.list_grants(client_id, subject, after, limit)
    live = [grant for grant in page.items if grant.keep_until is None or now < grant.keep_until]
    return replace(page, items=live)
