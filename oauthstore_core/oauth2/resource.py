"""Protected resources: bearer tokens (RFC 6750), judged by the store that issued them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ResourceProtector as AuthlibResourceProtector
from authlib.oauth2.rfc6749 import TokenValidator
from authlib.oauth2.rfc6750 import BearerTokenValidator as AuthlibBearerTokenValidator
from authlib.oauth2.rfc6750 import InvalidTokenError

from ..clock import Clock, SystemClock
from ..digests import digest
from ..errors import StoreError
from ..http import HttpRequest, HttpResponse, json_response
from ..settings.checks import judge_resource
from ..stores import Stores
from ..translation import Translation
from .errors import (
    InsufficientScopeError,
    MissingTokenError,
    TemporarilyUnavailableError,
    WrongAudienceError,
    log_refusal,
)
from .handles import parse_refresh_handle
from .views import AccessToken, LoadResourceOwner

__all__ = [
    "BearerProtector",
    "BearerTokenValidator",
    "ResourceProtector",
    "Scopes",
    "require_scope",
]

#: What a protected resource needs. A text: all of its words; a sequence: one of its texts; a
#: function: True from it, given the token's scopes; None: no scope in particular.
Scopes = str | Sequence[str] | Callable[[Collection[str]], bool] | None


class BearerTokenValidator(AuthlibBearerTokenValidator):
    """Looks access tokens up by their digest: one read a request."""

    def __init__(
        self,
        stores: Stores,
        clock: Clock,
        resource: str | None = None,
        *,
        load_resource_owner: LoadResourceOwner | None = None,
    ) -> None:
        super().__init__(realm="oauthstore")
        self._load_resource_owner = load_resource_owner
        self._stores = stores
        self._clock = clock
        self._resource = resource

    def authenticate_token(self, token_string: str) -> AccessToken | None:
        """Return the token in whatever state, or None; a token of another kind is none."""
        if parse_refresh_handle(token_string) is not None:
            return None
        issued = self._stores.tokens.query_token(digest(token_string))
        # An OAuth 1 token is no secret and proves nothing without a signature.
        if issued is None or issued.token.kind != "access":
            return None
        return AccessToken(issued, self._clock.now(), self._load_resource_owner)

    def validate_token(self, token: AccessToken | None, scopes: Scopes, request: Any) -> None:
        """Raise RFC 6750's error unless the token is valid, meant for here, and its scope reaches.

        The token's audience comes before its scope: who holds another resource's
        token learns nothing of what this one wants.
        """
        super().validate_token(token, None, request)
        if token is None or not self._is_addressed(token):
            raise WrongAudienceError(realm=self.realm)
        require_scope(token.scope, scopes)

    def _is_addressed(self, token: AccessToken) -> bool:
        return self._resource is None or self._resource in token.audience


def require_scope(granted: str, scopes: Scopes) -> None:
    """Raise `InsufficientScopeError` unless the granted scope reaches."""
    if callable(scopes):
        reaches = scopes(frozenset(granted.split()))
    else:
        scopes = _entries(scopes)
        reaches = not TokenValidator.scope_insufficient(granted, scopes)
    if not reaches:
        raise InsufficientScopeError("" if callable(scopes) else " ".join(scopes))


def _entries(scopes: str | Sequence[str] | None) -> Sequence[str]:
    if scopes is None:
        return ()
    return (scopes,) if isinstance(scopes, str) else scopes


class BearerProtector(AuthlibResourceProtector):
    """Validates requests by the validator that is registered for bearer tokens."""

    def __init__(self, *, translation: Translation | None = None) -> None:
        """Tell of errors in the languages of `translation`, by default in English."""
        super().__init__()
        self._translation = Translation() if translation is None else translation

    def validate(self, request: HttpRequest, scopes: Scopes = None) -> Any:
        """Return the request's access token if it is valid, meant for here, and reaches `scopes`.

        As Authlib's: of a sequence of scopes one is enough; several in one text,
        separated by spaces, are all needed; a function is given the token's
        scopes and tells whether they reach. `OAuth2Error`: answer it with
        `create_error_response`.
        """
        scheme, _, handle = request.headers.get("Authorization", "").partition(" ")
        # RFC 6750 section 3.1: who asks by another scheme is told no error code either.
        if scheme.lower() != "bearer" or not handle.strip():
            raise MissingTokenError
        if not handle.strip().isascii():
            raise InvalidTokenError(realm="oauthstore")
        try:
            return self.validate_request(scopes, request)
        except StoreError as error:
            raise TemporarilyUnavailableError from error

    def create_error_response(
        self, error: OAuth2Error, request: HttpRequest | None = None
    ) -> HttpResponse:
        """Answer an error that `validate` raised, in the language that `request` asks for."""
        log_refusal(error)
        status, body, headers = error()
        return json_response(status, self._translation.translate_body(body, request), headers)


class ResourceProtector(BearerProtector):
    """Validates requests to protected resources of this very process."""

    def __init__(
        self,
        stores: Stores,
        clock: Clock | None = None,
        *,
        resource: str | None = None,
        translation: Translation | None = None,
    ) -> None:
        """Validate against the stores that the authorization server issues into.

        `resource` is this protected resource's own URI, as the server's setting
        `resources` has it: only tokens that name it are accepted (RFC 8707,
        RFC 9700 section 2.3). Without it, every token of the server is.
        `translation` has the languages of errors, such as the server's.
        """
        super().__init__(translation=translation)
        if resource is not None and (problem := judge_resource(resource)):
            raise ValueError(
                f"A protector of the resource {resource!r} was asked for; it {problem}"
            )
        clock = SystemClock() if clock is None else clock
        self.register_token_validator(BearerTokenValidator(stores, clock, resource))

    def validate(self, request: HttpRequest, scopes: Scopes = None) -> AccessToken:
        """Return the request's access token; see `BearerProtector.validate`."""
        token: AccessToken = super().validate(request, scopes)
        return token
