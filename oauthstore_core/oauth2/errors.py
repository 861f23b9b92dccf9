"""OAuth errors beyond those that Authlib has, and the id under which a refusal is logged.

A client learns the RFC's error and no more; the operator finds, under the
reason id, what exactly was the matter, in the log `oauthstore.refusals`.
"""

from __future__ import annotations

import json
import logging

from authlib.common.errors import AuthlibHTTPError
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError
from authlib.oauth2.rfc6750 import InsufficientScopeError as AuthlibInsufficientScopeError
from authlib.oauth2.rfc6750 import InvalidTokenError

from ..digests import generate_identifier
from ..redaction import redact

__all__ = [
    "ClientAuthenticationError",
    "InsufficientScopeError",
    "MisdirectedRequestError",
    "MissingTokenError",
    "RefusedGrantError",
    "TemporarilyUnavailableError",
    "WrongAudienceError",
    "log_refusal",
]

refusals = logging.getLogger("oauthstore.refusals")

#: What a client is told to wait, in seconds, when a store does not answer.
RETRY_AFTER = 5


class TemporarilyUnavailableError(OAuth2Error):
    """A store does not answer; RFC 6749 section 4.1.2.1, as a 503 with `Retry-After`."""

    error = "temporarily_unavailable"
    description = "The authorization server is temporarily unable to handle the request."
    status_code = 503

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the JSON headers and when to try again."""
        return [*super().get_headers(), ("Retry-After", str(RETRY_AFTER))]


class MisdirectedRequestError(OAuth2Error):
    """The request is for a host that is not this server's (RFC 9110 section 15.5.20)."""

    error = "invalid_request"
    description = "This server does not know itself under this address."
    status_code = 421


class ClientAuthenticationError(InvalidClientError):
    """The client did not authenticate; unknown and wrong look alike (RFC 6749 5.2)."""

    status_code = 401

    def __init__(self, reason: str) -> None:
        super().__init__(description="Client authentication failed.")
        #: For the operator's log, not for the client.
        self.reason = reason

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the JSON headers and the challenge that a 401 must carry."""
        challenge = ("WWW-Authenticate", 'Basic realm="oauthstore", error="invalid_client"')
        return [*super(InvalidClientError, self).get_headers(), challenge]


class RefusedGrantError(InvalidGrantError):
    """A code or refresh token that is not accepted, for a reason the client is not told."""

    def __init__(self, reason: str) -> None:
        super().__init__("The code or refresh token is not valid.")
        #: For the operator's log, not for the client.
        self.reason = reason


class MissingTokenError(OAuth2Error):
    """A protected resource was asked without a token (RFC 6750 section 3.1: no error code)."""

    error = "invalid_token"
    description = "A bearer token in the Authorization header is needed."
    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the JSON headers and the bare challenge."""
        return [*super().get_headers(), ("WWW-Authenticate", 'Bearer realm="oauthstore"')]


class WrongAudienceError(InvalidTokenError):
    """The token is valid, but for another protected resource (RFC 8707, RFC 9700 2.3).

    To its bearer it looks like any invalid token.
    """

    #: For the operator's log, not for the client.
    reason = "the token does not name this resource"


class InsufficientScopeError(AuthlibInsufficientScopeError):
    """The token is valid, but its scope does not reach (RFC 6750 section 3.1)."""

    def __init__(self, scopes: str) -> None:
        super().__init__()
        self.scopes = scopes

    def get_headers(self) -> list[tuple[str, str]]:
        """Return the JSON headers and a challenge that names the scope, where there is one."""
        challenge = 'Bearer realm="oauthstore", error="insufficient_scope"'
        if self.scopes:
            challenge += f', scope="{self.scopes}"'
        return [*super().get_headers(), ("WWW-Authenticate", challenge)]


def log_refusal(
    error: AuthlibHTTPError, *, path: str | None = None, client_id: str | None = None
) -> str:
    """Log why a request was refused, and return the id of that log line."""
    reason_id = generate_identifier()
    event = {
        "event": "refused",
        "reason_id": reason_id,
        "path": path,
        "client_id": client_id,
        "error": error.error,
        "status": error.status_code,
        "reason": getattr(error, "reason", None) or redact(error.description),
    }
    refusals.info(json.dumps(event), extra={"oauthstore": event})
    return reason_id
