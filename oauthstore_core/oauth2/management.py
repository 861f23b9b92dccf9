"""What an operator does with clients, grants and tokens; the command line calls this."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..clock import Clock, SystemClock
from ..records import Grant
from ..settings import Settings
from ..stores import Stores
from .endpoints import query_handle
from .revoking import RevokingMixin

if TYPE_CHECKING:
    from .views import AccessToken, RefreshToken

__all__ = ["Management", "delete_client", "live_grants", "revoke_handle"]

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
    now, cursor = server.clock.now(), None
    while True:
        page = server.stores.tokens.list_grants(client_id, subject, cursor, _PAGE)
        for grant in page.items:
            if grant.keep_until is None or now < grant.keep_until:
                yield grant
        cursor = page.cursor
        if cursor is None:
            return
