"""Grant classes as applications write them for Authlib, with codes in a dict."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, grants

__all__ = ["OwnCodeGrant", "PasswordGrant", "Person"]


class Person:
    """A resource owner as Authlib's documentation has it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def get_user_id(self) -> str:
        return self.name


class _Code(AuthorizationCodeMixin):  # type: ignore[misc]  # of Authlib, untyped
    def __init__(self, code: str, request: Any) -> None:
        self.code = code
        self.client_id = request.client.client_id
        self.redirect_uri = request.payload.redirect_uri
        self.scope = request.scope
        self.user = request.user

    def get_redirect_uri(self) -> str | None:
        uri: str | None = self.redirect_uri
        return uri

    def get_scope(self) -> str:
        scope: str = self.scope
        return scope


class OwnCodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]  # of Authlib, untyped
    """Keeps codes itself, and never deletes one: whoever deletes too late is in its place."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")
    codes: dict[str, _Code]

    def save_authorization_code(self, code: str, request: Any) -> None:
        self.codes[code] = _Code(code, request)

    def query_authorization_code(self, code: str, client: Any) -> _Code | None:
        found = self.codes.get(code)
        return found if found and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code: _Code) -> None:
        pass

    def authenticate_user(self, authorization_code: _Code) -> Any:
        return authorization_code.user


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]  # of Authlib, untyped
    """Knows one person and her password."""

    def authenticate_user(self, username: str, password: str) -> Person | None:
        return Person(username) if (username, password) == ("alice", "wonderland") else None
