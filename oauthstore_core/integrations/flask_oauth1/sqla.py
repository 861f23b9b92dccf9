"""The name under which Authlib had the mixins for OAuth 1 first; see `sqla_oauth1`."""

from __future__ import annotations

from ..sqla_oauth1 import (
    OAuth1ClientMixin,
    OAuth1TemporaryCredentialMixin,
    OAuth1TimestampNonceMixin,
    OAuth1TokenCredentialMixin,
    create_exists_nonce_func,
    create_query_client_func,
    create_query_token_func,
    register_authorization_hooks,
    register_nonce_hooks,
    register_temporary_credential_hooks,
    register_token_credential_hooks,
)

__all__ = [
    "OAuth1ClientMixin",
    "OAuth1TemporaryCredentialMixin",
    "OAuth1TimestampNonceMixin",
    "OAuth1TokenCredentialMixin",
    "create_exists_nonce_func",
    "create_query_client_func",
    "create_query_token_func",
    "register_authorization_hooks",
    "register_nonce_hooks",
    "register_temporary_credential_hooks",
    "register_token_credential_hooks",
]
