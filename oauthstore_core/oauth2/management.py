"""What an operator does with clients and tokens; the command line calls this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .endpoints import query_handle

if TYPE_CHECKING:
    from .server import AuthorizationServer
    from .views import AccessToken, RefreshToken

__all__ = ["delete_client", "revoke_handle"]


def delete_client(server: AuthorizationServer, client_id: str) -> int | None:
    """Delete a client, then revoke its grants; return how many, None where it was not there.

    The revocation also runs where the client is gone already, so that a
    deletion that was cut off can be repeated.
    """
    deleted = server.stores.clients.delete_client(client_id)
    revoked = server.revoke_all(client_id=client_id)
    return revoked if deleted or revoked else None


def revoke_handle(server: AuthorizationServer, handle: str) -> AccessToken | RefreshToken | None:
    """Revoke a token as its client could (RFC 7009), and return what it was; None: unknown."""
    token = query_handle(server, handle)
    if token is not None:
        server.revoke(token)
    return token
