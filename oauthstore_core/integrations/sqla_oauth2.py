"""Authlib's SQLAlchemy mixins and functions for OAuth 2, under a prefix of ours.

For an application that keeps its own models (own mode): what it stores, and
how, is its own; see "what changes for you when you come from Authlib". What
differs from Authlib's: a scope of which a client has nothing is refused, and a
token is found whatever a client's hint says (RFC 7009 section 2.1), for one
that is not found counts as revoked.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from authlib.integrations.sqla_oauth2 import (
    OAuth2AuthorizationCodeMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_save_token_func,
)
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin as AuthlibOAuth2ClientMixin,
)
from authlib.integrations.sqla_oauth2 import (
    create_query_token_func as create_authlib_query_token_func,
)
from authlib.integrations.sqla_oauth2 import (
    create_revocation_endpoint as create_authlib_revocation_endpoint,
)

__all__ = [
    "OAuth2AuthorizationCodeMixin",
    "OAuth2ClientMixin",
    "OAuth2TokenMixin",
    "create_bearer_token_validator",
    "create_query_client_func",
    "create_query_token_func",
    "create_revocation_endpoint",
    "create_save_token_func",
]


class OAuth2ClientMixin(AuthlibOAuth2ClientMixin):
    """Authlib's client, which is granted no token without scope where it asked for one."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """Return what the client has of a scope; None, which is `invalid_scope`, for nothing."""
        allowed: str = super().get_allowed_scope(cast("str", scope))
        return allowed if allowed or not scope else None


def create_query_token_func(session: Any, token_model: Any) -> Callable[[str, str | None], Any]:
    """Return what finds a token: where the hint says first, then where it does not."""
    find = create_authlib_query_token_func(session, token_model)

    def query_token(token: str, token_type_hint: str | None) -> Any:
        return find(token, token_type_hint) or find(token, None)

    return query_token


def create_revocation_endpoint(session: Any, token_model: Any) -> type[Any]:
    """Return a revocation endpoint (RFC 7009): a refresh token takes its access token with it."""
    query_token = create_query_token_func(session, token_model)
    authlib: Any = create_authlib_revocation_endpoint(session, token_model)

    class RevocationEndpoint(authlib):
        """Finds the token whatever the hint, and revokes what was found."""

        def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
            return query_token(token_string, token_type_hint)

        def revoke_token(self, token: Any, request: Any) -> None:
            hint = request.form.get("token_type_hint")
            if hint == "access_token" and token.refresh_token == request.form["token"]:
                # Authlib would keep the refresh token that the client wants revoked.
                token.refresh_token_revoked_at = self.server.clock.now()
            super().revoke_token(token, request)

    return RevocationEndpoint
