"""Protected resources of Django REST framework: an authentication and a permission class.

::

    class Photos(APIView):
        authentication_classes = [OAuthAuthentication]
        permission_classes = [HasScope]
        required_scopes = "photos"
"""

# What pyright makes of both libraries, which have no types, is narrower than what they do.
# pyright: reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, cast

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import MissingAuthorizationError, UnsupportedTokenTypeError
from authlib.oauth2.rfc6750 import InvalidTokenError

try:
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.exceptions import APIException
    from rest_framework.permissions import BasePermission
except ModuleNotFoundError as error:
    absent = (error.name or "").partition(".")[0]
    if absent not in {"django", "rest_framework"}:
        raise
    raise ImportError(
        f"oauthstore_core.integrations.rest_framework needs {absent}, which is not installed. "
        "Install it: pip install 'oauthstore-core[drf]'"
    ) from error

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured

from ..errors import StoreError
from ..oauth2.errors import TemporarilyUnavailableError
from ..oauth2.resource import Scopes, require_scope
from .django_oauth2 import ResourceProtector

__all__ = ["HasScope", "OAuthAuthentication", "OAuthError"]

_REALM = "oauthstore"


class OAuthError(APIException):
    """A request is refused as RFC 6750 section 3 wants it, with RFC 6749's body."""

    def __init__(self, error: OAuth2Error, body: Mapping[str, Any]) -> None:
        super().__init__(dict(body), code=error.error)
        headers = dict(error.get_headers())
        self.status_code = error.status_code
        # The framework sends these two along.
        self.auth_header = headers.get("WWW-Authenticate")
        self.wait = int(headers["Retry-After"]) if "Retry-After" in headers else None


class OAuthAuthentication(BaseAuthentication):
    """Bearer tokens: ``request.user`` is the token's user, ``request.auth`` the token.

    A client's own token has no user: ``request.user`` is an `AnonymousUser`
    then. A request without a bearer token is left to other classes.
    `OAuthError`: the token is not valid, its user is gone, or a store is away.
    """

    @cached_property
    def protector(self) -> ResourceProtector:
        """What validates; a subclass may name a server or a resource."""
        return ResourceProtector()

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        """Return user and token, None where no bearer token was sent."""
        native = request._request  # noqa: SLF001 - Django's own, behind the framework's
        try:
            token = self.protector.acquire_token(native)
            return _user_of(token), token
        except (MissingAuthorizationError, UnsupportedTokenTypeError):
            return None
        except OAuth2Error as error:
            raise OAuthError(error, self.protector.tell(native, error)) from error

    def authenticate_header(self, request: Any) -> str:
        """Return the challenge of a request without a token (RFC 6750 section 3.1)."""
        return f'Bearer realm="{_REALM}"'


def _user_of(token: Any) -> Any:
    """Return the token's user. `OAuth2Error`: the user is gone, or nobody can tell."""
    if token.subject is None:
        return AnonymousUser()
    try:
        user = token.user
    except StoreError as error:
        raise TemporarilyUnavailableError from error
    if user is None:
        raise InvalidTokenError(realm=_REALM)
    return user


class HasScope(BasePermission):
    """Lets requests through whose token reaches the view's `required_scopes`.

    A text: all of its words; a sequence: one of its texts; a function is given
    the token's scopes and tells. Somebody who came without a token is refused.
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        """Tell whether there is a token. `OAuthError`: its scope does not reach."""
        get_scope = getattr(request.auth, "get_scope", None)
        if get_scope is None:
            return False
        try:
            require_scope(get_scope() or "", _scopes_of(view))
        except OAuth2Error as error:
            authenticator = request.successful_authenticator
            protector = getattr(authenticator, "protector", None) or ResourceProtector()
            raise OAuthError(error, protector.tell(request._request, error)) from error  # noqa: SLF001 - as above
        return True


def _scopes_of(view: Any) -> Scopes:
    if not hasattr(view, "required_scopes"):
        raise ImproperlyConfigured(
            f"HasScope is asked about {type(view).__name__}, which has no `required_scopes`. Name "
            'them, such as required_scopes = "profile", or None for any token.'
        )
    # A function that stands in a class is not to become its method.
    found = vars(type(view)).get("required_scopes", view.required_scopes)
    return cast("Scopes", getattr(found, "__func__", found))
