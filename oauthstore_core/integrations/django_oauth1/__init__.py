"""OAuth 1 for Django, under Authlib's names.

A project on ``authlib.integrations.django_oauth1`` moves over by importing from
here. What has no model of the project's is in the store; see
`AuthorizationServer`, and `CacheAuthorizationServer` for Django's cache.
"""

from __future__ import annotations

try:
    from .authorization_server import AuthorizationServer, CacheAuthorizationServer, default_server
    from .checks import register_checks
    from .resource_protector import ResourceProtector
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "django":
        raise
    raise ImportError(
        "oauthstore_core.integrations.django_oauth1 needs django, which is not installed. "
        "Install it: pip install 'oauthstore-core[django]'"
    ) from error

__all__ = [
    "AuthorizationServer",
    "BaseServer",
    "CacheAuthorizationServer",
    "ResourceProtector",
    "default_server",
]

#: Authlib's name for the server whose temporary credentials are its subclass's own.
BaseServer = AuthorizationServer

# A project that comes from Authlib has no app of ours that would.
register_checks()
