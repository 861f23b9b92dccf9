"""Revocation (RFC 7009) and introspection (RFC 7662), on Authlib's classes.

A token's shape tells what it is: `token_type_hint` is not needed, and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint as AuthlibRevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint as AuthlibIntrospectionEndpoint

from ..digests import digest
from .client_authentication import CONFIDENTIAL_METHODS, METHODS
from .clients import ClientRecord
from .handles import parse_refresh_handle
from .revoking import RevokingMixin
from .views import AccessToken, RefreshToken

if TYPE_CHECKING:
    from .server import AuthorizationServer

__all__ = ["IntrospectionEndpoint", "RevocationEndpoint", "query_handle"]


def query_handle(server: RevokingMixin, handle: str) -> AccessToken | RefreshToken | None:
    """Return the token that a handle is, in whatever state, or None."""
    now = server.clock.now()
    refresh = parse_refresh_handle(handle)
    if refresh is None:
        issued = server.stores.tokens.query_token(digest(handle))
        return None if issued is None else AccessToken(issued, now)
    family = server.stores.tokens.query_refresh_token(refresh.family_digest)
    return None if family is None else RefreshToken(family, refresh, now)


class _HintlessMixin:
    """Looks tokens up by their shape."""

    server: AuthorizationServer

    def check_params(self, request: Any, client: ClientRecord) -> None:
        """Raise `invalid_request` where there is no token to look at."""
        if not request.form.get("token"):
            raise InvalidRequestError("Missing 'token' in request.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
        """Return the token in whatever state, or None; an OAuth 1 token is none of OAuth 2's."""
        token = query_handle(self.server, token_string)
        if token is None or token.token.kind not in ("access", "refresh"):
            return None
        return token


class RevocationEndpoint(_HintlessMixin, AuthlibRevocationEndpoint):
    """Revokes an access token, or with a refresh token its grant."""

    CLIENT_AUTH_METHODS = METHODS

    def revoke_token(self, token: AccessToken | RefreshToken, request: Any) -> None:
        """Revoke: when this returns, it is final."""
        self.server.revoke(token)


class IntrospectionEndpoint(_HintlessMixin, AuthlibIntrospectionEndpoint):
    """Tells a token's client, and resource servers, what it is worth."""

    CLIENT_AUTH_METHODS = CONFIDENTIAL_METHODS

    def check_permission(
        self, token: AccessToken | RefreshToken, client: ClientRecord, request: Any
    ) -> bool:
        """Tell whether the client may know; if not, the token is inactive to it.

        A resource server learns of access tokens only: what looks at `active`
        alone would else take another client's refresh token for one. One that
        is registered with its resources learns of no token that names only
        others (RFC 8707). A token that names none is for every resource server
        of this issuer; who does not take such ones looks at `aud`, too.
        """
        if token.check_client(client):
            return True
        if not client.is_resource_server or not isinstance(token, AccessToken):
            return False
        audience, resources = token.audience, client.resources
        return not audience or not resources or not set(audience).isdisjoint(resources)

    def introspect_token(self, token: AccessToken | RefreshToken) -> Mapping[str, Any]:
        """Return the claims of an active token (RFC 7662 section 2.2).

        `aud` is one resource, or a list where the token names several; it is
        left out where it names none, and of a refresh token, which is for the
        authorization server alone.
        """
        claims = {
            "active": True,
            "client_id": token.client_id,
            "scope": token.scope,
            "aud": _audience(token),
            "sub": token.subject,
            "exp": token.expires_at,
            "iat": token.token.issued_at,
            "iss": self.server.issuer,
            "token_type": "Bearer" if isinstance(token, AccessToken) else None,
        }
        return {name: value for name, value in claims.items() if value is not None}


def _audience(token: AccessToken | RefreshToken) -> str | list[str] | None:
    if not isinstance(token, AccessToken) or not token.audience:
        return None
    return token.audience[0] if len(token.audience) == 1 else list(token.audience)
