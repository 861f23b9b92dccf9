"""Authlib's SQLAlchemy mixins and functions for OAuth 2, under a prefix of ours.

For an application that keeps its own models (own mode): what it stores, and
how, is its own; see "what changes for you when you come from Authlib".
"""

from __future__ import annotations

from authlib.integrations.sqla_oauth2 import (
    OAuth2AuthorizationCodeMixin,
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_query_token_func,
    create_revocation_endpoint,
    create_save_token_func,
)

__all__ = [
    "OAuth2AuthorizationCodeMixin",
    "OAuth2ClientMixin",
    "OAuth2TokenMixin",
    "create_bearer_token_validator",
    "create_query_client_func",
    "create_query_token_func",
    "create_revocation_endpoint",
    "create_save_token_func",
]
