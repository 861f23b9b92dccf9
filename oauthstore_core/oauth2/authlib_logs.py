"""What Authlib logs at DEBUG of requests, without handles."""

from __future__ import annotations

import logging

from ..redaction import Redaction

__all__ = ["redact_authlib_logs"]

_LOGGERS = (
    "authlib.oauth2.rfc6749.authenticate_client",
    "authlib.oauth2.rfc6749.grants.authorization_code",
    "authlib.oauth2.rfc6749.grants.client_credentials",
    "authlib.oauth2.rfc6749.grants.refresh_token",
)
_redaction = Redaction()


def redact_authlib_logs() -> None:
    """Redact what Authlib logs of requests; a second call changes nothing."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_redaction)
