"""Protected resources: bearer tokens (RFC 6750), judged by the store that issued them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ResourceProtector as AuthlibResourceProtector
from authlib.oauth2.rfc6750 import BearerTokenValidator as AuthlibBearerTokenValidator
from authlib.oauth2.rfc6750 import InvalidTokenError

from ..clock import Clock, SystemClock
from ..digests import digest
from ..errors import StoreError
from ..http import HttpRequest, HttpResponse, json_response
from ..stores import Stores
from .errors import (
    InsufficientScopeError,
    MissingTokenError,
    TemporarilyUnavailableError,
    log_refusal,
)
from .handles import parse_refresh_handle
from .views import AccessToken

__all__ = ["BearerTokenValidator", "ResourceProtector"]


class BearerTokenValidator(AuthlibBearerTokenValidator):
    """Looks access tokens up by their digest: one read a request."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        super().__init__(realm="oauthstore")
        self._stores = stores
        self._clock = clock

    def authenticate_token(self, token_string: str) -> AccessToken | None:
        """Return the token in whatever state, or None; a token of another kind is none."""
        if parse_refresh_handle(token_string) is not None:
            return None
        issued = self._stores.tokens.query_token(digest(token_string))
        # An OAuth 1 token is no secret and proves nothing without a signature.
        if issued is None or issued.token.kind != "access":
            return None
        return AccessToken(issued, self._clock.now())

    def validate_token(
        self, token: AccessToken | None, scopes: Sequence[str] | None, request: Any
    ) -> None:
        """Raise RFC 6750's error unless the token is valid and its scope reaches."""
        try:
            super().validate_token(token, scopes, request)
        except OAuth2Error as error:
            if error.error != "insufficient_scope":
                raise
            raise InsufficientScopeError(" ".join(scopes or ())) from error


class ResourceProtector(AuthlibResourceProtector):
    """Validates requests to protected resources of this very process."""

    def __init__(self, stores: Stores, clock: Clock | None = None) -> None:
        """Validate against the stores that the authorization server issues into."""
        super().__init__()
        self.register_token_validator(
            BearerTokenValidator(stores, SystemClock() if clock is None else clock)
        )

    def validate(self, request: HttpRequest, scopes: Sequence[str] | None = None) -> AccessToken:
        """Return the request's access token if it is valid and has one of `scopes`.

        Each entry of `scopes` may be several, separated by spaces, that are
        all needed. `OAuth2Error`: answer it with `create_error_response`.
        """
        scheme, _, handle = request.headers.get("Authorization", "").partition(" ")
        if not handle.strip():
            raise MissingTokenError
        if scheme.lower() != "bearer" or not handle.strip().isascii():
            raise InvalidTokenError(realm="oauthstore")
        try:
            token: AccessToken = self.validate_request(scopes, request)
        except StoreError as error:
            raise TemporarilyUnavailableError from error
        return token

    def create_error_response(self, error: OAuth2Error) -> HttpResponse:
        """Answer an error that `validate` raised."""
        log_refusal(error)
        status, body, headers = error()
        return json_response(status, body, headers)
