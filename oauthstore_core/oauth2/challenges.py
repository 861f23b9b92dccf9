"""What a protected resource answers where Authlib's challenge is not RFC 6750's.

For the protectors that stand in front of Authlib's own for a web framework.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import MissingAuthorizationError, UnsupportedTokenTypeError

from .resource import Scopes

__all__ = ["NoAuthorizationError", "OtherSchemeError", "told_scopes"]

_REALM = "oauthstore"


class _BareChallengeError(OAuth2Error):
    """No token that is known was sent: the challenge has no error code (RFC 6750 section 3.1)."""

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the JSON headers and the bare challenge."""
        headers: list[tuple[str, str]] = super().get_headers()
        rest = [pair for pair in headers if pair[0].lower() != "www-authenticate"]
        return [*rest, ("WWW-Authenticate", f'Bearer realm="{_REALM}"')]


class NoAuthorizationError(_BareChallengeError, MissingAuthorizationError):
    """No token was sent."""


class OtherSchemeError(_BareChallengeError, UnsupportedTokenTypeError):
    """What was sent is of another scheme, or no credentials."""


def told_scopes(scopes: Scopes) -> str:
    """Return the scopes as a challenge names them."""
    if scopes is None or callable(scopes):
        return ""
    return scopes if isinstance(scopes, str) else " ".join(scopes)
