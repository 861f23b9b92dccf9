"""OAuth 1 for Flask, under Authlib's names.

An application on ``authlib.integrations.flask_oauth1``, or on ``authlib.flask.oauth1``
as it was called before, moves over by importing from here. What is not given -
clients, hooks - is in the store; see `AuthorizationServer`.
"""

from __future__ import annotations

try:
    from authlib.integrations.flask_oauth1 import current_credential
except ModuleNotFoundError as error:
    if error.name not in {"flask", "werkzeug"}:
        raise
    raise ImportError(
        "oauthstore_core.integrations.flask_oauth1 needs flask, which is not installed. "
        "Install it: pip install 'oauthstore-core[flask]'"
    ) from error

from .authorization_server import AuthorizationServer
from .cache import (
    create_exists_nonce_func,
    register_nonce_hooks,
    register_temporary_credential_hooks,
)
from .resource_protector import ResourceProtector

__all__ = [
    "AuthorizationServer",
    "ResourceProtector",
    "create_exists_nonce_func",
    "current_credential",
    "register_nonce_hooks",
    "register_temporary_credential_hooks",
]
