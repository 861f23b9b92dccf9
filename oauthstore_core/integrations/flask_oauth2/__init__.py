"""OAuth 2 for Flask, under Authlib's names.

An application on ``authlib.integrations.flask_oauth2`` moves over by importing
from here. Without `save_token` the server brings its own grants, endpoints and
store; see `AuthorizationServer`.
"""

from __future__ import annotations

try:
    from authlib.integrations.flask_oauth2 import (
        client_authenticated,
        current_token,
        token_authenticated,
        token_revoked,
    )
except ModuleNotFoundError as error:
    if error.name not in {"flask", "werkzeug"}:
        raise
    raise ImportError(
        "oauthstore_core.integrations.flask_oauth2 needs flask, which is not installed. "
        "Install it: pip install 'oauthstore-core[flask]'"
    ) from error

from .authorization_server import AuthorizationServer
from .resource_protector import ResourceProtector

__all__ = [
    "AuthorizationServer",
    "ResourceProtector",
    "client_authenticated",
    "current_token",
    "token_authenticated",
    "token_revoked",
]
