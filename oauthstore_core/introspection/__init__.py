"""Protected resources that stand elsewhere: they ask the authorization server (RFC 7662).

Needs the extra ``oauthstore-core[introspection]``. The validator goes into a
protector of Authlib's, or of ours for Flask, Starlette and FastAPI::

    validator = IntrospectionTokenValidator(
        IntrospectionClient("https://auth.example.com/introspect", client_id, client_secret),
        audience="https://api.example.com",
        cache_seconds=30,
    )
"""

from __future__ import annotations

try:
    from .client import IntrospectionClient, IntrospectionFailedError
except ModuleNotFoundError as error:
    if error.name != "urllib3":
        raise
    raise ImportError(
        "oauthstore_core.introspection needs urllib3, which is not installed. "
        "Install it: pip install 'oauthstore-core[introspection]'"
    ) from error

from .validator import IntrospectedToken, IntrospectionTokenValidator

__all__ = [
    "IntrospectedToken",
    "IntrospectionClient",
    "IntrospectionFailedError",
    "IntrospectionTokenValidator",
]
