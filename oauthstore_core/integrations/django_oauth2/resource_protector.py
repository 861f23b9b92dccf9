"""Protected resources of a Django project."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportAttributeAccessIssue=false

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast, overload

from authlib.integrations.django_oauth2 import BearerTokenValidator as AuthlibBearerTokenValidator
from authlib.integrations.django_oauth2 import ResourceProtector as AuthlibResourceProtector
from authlib.integrations.django_oauth2 import token_authenticated
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import MissingAuthorizationError
from django.http import HttpRequest as NativeRequest
from django.http import HttpResponse as NativeResponse

from ...errors import StoreError
from ...oauth2.embedded_protector import EmbeddedProtector
from ...oauth2.resource import Scopes
from ...payloads import encode_json
from ...translation import Translation
from .authorization_server import AuthorizationServer, default_server
from .languages import project_translation
from .protected_views import keep_out_of_cache, protect_view
from .requests import read_request
from .users import answering_database

__all__ = ["BearerTokenValidator", "ResourceProtector", "View"]

View = TypeVar("View", bound=Callable[..., Any])


class ResourceProtector(EmbeddedProtector, AuthlibResourceProtector):
    """Authlib's protector for Django; without a validator it asks a server's store.

    ``@require_oauth("profile")`` protects a view, an async one too: of a list of
    scopes one is enough, the words of one text are all needed, and ``scopes=``
    may be a function, which is given the token's scopes and tells whether they
    reach. The token is ``request.oauth_token``. A view that cannot be reached
    without a token needs no CSRF token, and is exempt. No cache gives what one
    was answered to another: see `keep_apart`.
    """

    def __init__(
        self,
        server: AuthorizationServer | None = None,
        *,
        resource: str | None = None,
        translation: Translation | None = None,
    ) -> None:
        """Validate tokens of `server`, by default that of the app's URLs.

        `resource` is this resource's own URI: only tokens that name it are
        accepted (RFC 8707). `translation` has the languages of errors, by
        default the server's. `ValueError`: it cannot be the URI of a resource.
        """
        super().__init__(resource, translation)
        self._server = server

    @property
    def issuing_server(self) -> AuthorizationServer | None:
        """The server that was given, else the app's; None where validators are registered."""
        if self._token_validators:
            return None
        return self._server or default_server()

    def acquire_token(self, request: NativeRequest, scopes: Scopes = None, **claims: Any) -> Any:
        """Return the token. `OAuth2Error`: it is missing, not valid, or of little scope."""
        keep_out_of_cache(request)
        with self._refusing(scopes):
            return self._acquire(request, scopes, claims)

    def _acquire(self, request: NativeRequest, scopes: Scopes, claims: dict[str, Any]) -> Any:
        if self._token_validators or claims:
            return super().acquire_token(request, scopes, **claims)
        token = self.validate_request(scopes, read_request(request))
        token_authenticated.send(sender=type(self), token=token)
        return token

    def tell(self, request: NativeRequest, error: OAuth2Error) -> dict[str, Any]:
        """Return the body of a refusal in the request's language, and log what was behind it."""
        return self._tell(error, read_request(request))

    def _find_translation(self) -> Translation | None:
        try:
            return super()._find_translation() or project_translation()
        except StoreError:  # the server has yet to open its stores
            return project_translation()

    def create_error_response(self, request: NativeRequest, error: OAuth2Error) -> NativeResponse:
        """Return Django's response to an error, and log what was behind it."""
        body = self.tell(request, error)
        headers = dict(error.get_headers())
        return NativeResponse(encode_json(body), status=error.status_code, headers=headers)

    @overload
    def __call__(self, view: View, /) -> View: ...

    @overload
    def __call__(
        self, scopes: Scopes = None, *, optional: bool = False, **claims: Any
    ) -> Callable[[View], View]: ...

    def __call__(self, *given: Any, **options: Any) -> Any:
        """Return a decorator; ``optional=True`` lets requests without a token through."""
        if given and callable(given[0]):
            return self._protect(given[0], None, {}, optional=False)
        scopes = given[0] if given else options.pop("scopes", None)
        optional: bool = options.pop("optional", False)
        return lambda view: self._protect(view, scopes, options, optional=optional)

    def _protect(
        self, view: Callable[..., Any], scopes: Scopes, claims: dict[str, Any], *, optional: bool
    ) -> Callable[..., Any]:
        judge = functools.partial(self._judge, scopes=scopes, claims=claims, optional=optional)
        return protect_view(view, judge, optional=optional)

    def _judge(
        self, request: NativeRequest, scopes: Scopes, claims: dict[str, Any], *, optional: bool
    ) -> NativeResponse | None:
        """Give the request its token and return None, or return the refusal."""
        asked = cast("Any", request)
        try:
            asked.oauth_token = self.acquire_token(request, scopes, **claims)
        except OAuth2Error as error:
            if not (optional and isinstance(error, MissingAuthorizationError)):
                return self.create_error_response(request, error)
            asked.oauth_token = None
        return None


class BearerTokenValidator(AuthlibBearerTokenValidator):
    """Authlib's validator over a token model, or without one over the store of the app's server."""

    def __init__(
        self, token_model: Any = None, realm: str | None = "oauthstore", **attributes: Any
    ) -> None:
        super().__init__(token_model, realm, **attributes)
        self._store = None if token_model is not None else ResourceProtector()

    def _validator(self) -> Any:
        return None if self._store is None else self._store.get_token_validator("bearer")

    def authenticate_token(self, token_string: str) -> Any:
        """Return the token in whatever state, or None."""
        validator = self._validator()
        if validator is not None:
            return validator.authenticate_token(token_string)
        # No database takes this character in a text, and some raise for it.
        if "\0" in token_string:
            return None
        with answering_database():
            return super().authenticate_token(token_string)

    def validate_token(self, token: Any, scopes: Any, request: Any, **claims: Any) -> None:
        """Raise RFC 6750's error unless the token is valid and its scope reaches."""
        validator = self._validator()
        if validator is None:
            super().validate_token(token, scopes, request, **claims)
        else:
            validator.validate_token(token, scopes, request)
