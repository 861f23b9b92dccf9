"""Protected resources of a Flask application."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportAttributeAccessIssue=false

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast, overload

from authlib.integrations.flask_oauth2 import ResourceProtector as AuthlibResourceProtector
from authlib.integrations.flask_oauth2 import token_authenticated
from authlib.integrations.flask_oauth2.errors import raise_http_exception
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import MissingAuthorizationError
from flask import g

from ...oauth2.embedded_protector import EmbeddedProtector
from ...oauth2.resource import Scopes
from ...payloads import encode_json
from ...translation import Translation
from .requests import read_request

if TYPE_CHECKING:
    from .authorization_server import AuthorizationServer

__all__ = ["ResourceProtector", "View"]

View = TypeVar("View", bound=Callable[..., Any])


class ResourceProtector(EmbeddedProtector, AuthlibResourceProtector):
    """Authlib's protector for Flask; given a server, it validates against its store.

    ``@require_oauth("profile")`` protects a view: of a list of scopes one is
    enough, the words of one text are all needed, and ``scopes=`` may be a
    function, which is given the token's scopes and tells whether they reach.
    The token is `current_token`. Validators of the application's own are
    registered as on Authlib.
    """

    def __init__(
        self,
        server: AuthorizationServer | None = None,
        *,
        resource: str | None = None,
        translation: Translation | None = None,
    ) -> None:
        """Validate tokens of `server`, which may be initialised later.

        `resource` is this resource's own URI: only tokens that name it are
        accepted (RFC 8707). `translation` has the languages of errors, by
        default the server's. `ValueError`: it cannot be the URI of a resource.
        """
        super().__init__(resource, translation)
        self._server = server

    @property
    def issuing_server(self) -> AuthorizationServer | None:
        """The server that was given; without one, registered validators tell of tokens."""
        return self._server

    def acquire_token(self, scopes: Scopes = None, **kwargs: Any) -> Any:
        """Return the request's token. `OAuth2Error`: it is missing, not valid, or of little scope.

        It is `current_token` from then on.
        """
        with self._refusing(scopes):
            return self._acquire(scopes, kwargs)

    def _acquire(self, scopes: Scopes, claims: dict[str, Any]) -> Any:
        if self._server is None or claims:
            return super().acquire_token(scopes, **claims)
        token = self.validate_request(scopes, read_request())
        if token_authenticated.receivers:
            token_authenticated.send(self, token=token)
        g.authlib_server_oauth2_token = token
        return token

    def raise_error_response(self, error: OAuth2Error) -> NoReturn:
        """Raise Flask's exception for an error, and log what was behind it."""
        body = self._tell(error, read_request())
        raise_http_exception(error.status_code, encode_json(body), error.get_headers())
        raise AssertionError("Authlib's function raises.")

    @overload
    def __call__(self, view: View, /) -> View: ...

    @overload
    def __call__(
        self, scopes: Scopes = None, *, optional: bool = False, **claims: Any
    ) -> Callable[[View], View]: ...

    def __call__(self, *views: Any, **options: Any) -> Any:
        """Return a decorator; ``optional=True`` lets requests without a token through."""
        reaches = options.get("scopes")
        if not callable(reaches):
            return super().__call__(*views, **options)
        return self._protect_by(
            cast("Callable[..., bool]", reaches), optional=options.get("optional", False)
        )

    def _protect_by(
        self, reaches: Callable[..., bool], *, optional: bool
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(view)
            def protected(*args: Any, **kwargs: Any) -> Any:
                try:
                    self.acquire_token(reaches)
                except OAuth2Error as error:
                    if not (optional and isinstance(error, MissingAuthorizationError)):
                        self.raise_error_response(error)
                return view(*args, **kwargs)

            return protected

        return decorator
