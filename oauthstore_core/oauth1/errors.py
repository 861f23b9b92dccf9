"""OAuth 1 errors beyond those that Authlib has, and what every answer of an error carries."""

from __future__ import annotations

from typing import Final

from authlib.oauth1.rfc5849.errors import (
    InvalidTokenError,
    MissingRequiredParameterError,
    OAuth1Error,
)

from ..oauth2.errors import RETRY_AFTER

__all__ = [
    "REALM",
    "MissingCredentialsError",
    "RefusedTokenError",
    "TemporarilyUnavailableError",
    "error_headers",
]

REALM: Final = "oauthstore"


class TemporarilyUnavailableError(OAuth1Error):
    """A store does not answer: 503 with `Retry-After`, never "not found"."""

    error = "temporarily_unavailable"
    description = "The authorization server is temporarily unable to handle the request."
    status_code = 503


class MissingCredentialsError(MissingRequiredParameterError):
    """A protected resource was asked without any parameter of OAuth 1."""

    status_code = 401

    def __init__(self) -> None:
        super().__init__("oauth_consumer_key")


class RefusedTokenError(InvalidTokenError):
    """A token that is not accepted, for a reason the client is not told."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        #: For the operator's log, not for the client.
        self.reason = reason


def error_headers(error: OAuth1Error) -> list[tuple[str, str]]:
    """Return an error's header fields, with the challenge of RFC 5849 section 3.5.1."""
    headers: list[tuple[str, str]] = [*error.get_headers()]
    if error.status_code == TemporarilyUnavailableError.status_code:
        return [*headers, ("Retry-After", str(RETRY_AFTER))]
    if error.error == "method_not_allowed":
        return [*headers, ("Allow", "POST")]
    return [*headers, ("WWW-Authenticate", f'OAuth realm="{REALM}"')]
