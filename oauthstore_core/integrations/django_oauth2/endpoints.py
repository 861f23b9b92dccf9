"""Revocation over an application's token model, under Authlib's name."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportReturnType=false

from __future__ import annotations

from typing import Any

from authlib.integrations.django_oauth2 import RevocationEndpoint as AuthlibRevocationEndpoint

__all__ = ["RevocationEndpoint"]


class RevocationEndpoint(AuthlibRevocationEndpoint):
    """Marks a row of the server's token model as revoked (RFC 7009).

    Registered at a server without a token model, it is the store's endpoint.
    """

    def query_token(self, token: str, token_type_hint: str | None) -> Any:
        """Return the row that has this access or refresh token, whatever the hint says."""
        return super().query_token(token, None)
