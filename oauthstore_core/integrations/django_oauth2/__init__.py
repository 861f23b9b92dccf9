"""OAuth 2 for Django, under Authlib's names.

An application on ``authlib.integrations.django_oauth2`` moves over by importing
from here. Without models the server brings its own grants, endpoints and store;
see `AuthorizationServer`. The app in `integrations.django` has its URLs and pages.
"""

from __future__ import annotations

try:
    from authlib.integrations.django_oauth2 import (
        client_authenticated,
        token_authenticated,
        token_revoked,
    )
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "django":
        raise
    raise ImportError(
        "oauthstore_core.integrations.django_oauth2 needs django, which is not installed. "
        "Install it: pip install 'oauthstore-core[django]'"
    ) from error

from .authorization_server import AuthorizationServer, default_server
from .endpoints import RevocationEndpoint
from .resource_protector import BearerTokenValidator, ResourceProtector

__all__ = [
    "AuthorizationServer",
    "BearerTokenValidator",
    "ResourceProtector",
    "RevocationEndpoint",
    "client_authenticated",
    "default_server",
    "token_authenticated",
    "token_revoked",
]
