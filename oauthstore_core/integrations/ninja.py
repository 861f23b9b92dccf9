"""Protected operations of Django Ninja: a security class, and the answer to who is refused.

::

    api = NinjaAPI()
    api.add_exception_handler(OAuthError, answer_error)


    @api.get("/photos", auth=OAuth("photos"))
    def photos(request):
        return {"for": request.auth.subject}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import MissingAuthorizationError, UnsupportedTokenTypeError

try:
    from ninja.errors import HttpError
    from ninja.security.base import AuthBase, SecuritySchema
except ModuleNotFoundError as error:
    absent = (error.name or "").partition(".")[0]
    if absent not in {"django", "ninja"}:
        raise
    raise ImportError(
        f"oauthstore_core.integrations.ninja needs {absent}, which is not installed. "
        "Install it: pip install 'oauthstore-core[ninja]'"
    ) from error

from django.http import HttpRequest, HttpResponse

from ..oauth2.resource import Scopes
from .django_oauth2 import AuthorizationServer, ResourceProtector
from .django_oauth2.places import endpoint_prefix

__all__ = ["OAuth", "OAuthError", "answer_error"]


class OAuthError(HttpError):
    """A request is refused; `response` is the answer of RFC 6750 section 3.

    ``api.add_exception_handler(OAuthError, answer_error)`` has it sent. Without,
    the framework sends the status, and no challenge.
    """

    def __init__(self, error: OAuth2Error, response: HttpResponse) -> None:
        super().__init__(response.status_code, str(error.error))
        self.response = response


def answer_error(_: HttpRequest, error: OAuthError) -> HttpResponse:
    """Answer with challenge and body: an exception handler."""
    return error.response


class OAuth(AuthBase):
    """Bearer tokens: ``request.auth`` is the token, in async operations, too.

    Of a list of scopes one is enough, the words of one text are all needed, and
    a function is given the token's scopes and tells. A token whose user is gone
    has None for its ``user``.
    """

    #: The framework awaits those that are; this one it calls in a thread where an operation is.
    is_async = False

    # Not the parent's constructor, which would describe now what a server is not set up for yet.
    def __init__(
        self,
        scopes: Scopes = None,
        *,
        protector: ResourceProtector | None = None,
        optional: bool = False,
    ) -> None:
        """Let requests through whose token reaches `scopes`.

        `protector` validates, by default in the store of the app's server; one
        with a validator that is registered by that. ``optional=True`` leaves a
        request without a bearer token to those that stand behind this one in
        ``auth=[...]``.
        """
        self._scopes: Scopes = scopes
        self._protector = ResourceProtector() if protector is None else protector
        self._optional = optional

    def __call__(self, request: HttpRequest) -> Any:
        """Return the token, None where another one is to be asked. `OAuthError`: refused."""
        try:
            return self._protector.acquire_token(request, self._scopes)
        except OAuth2Error as error:
            unsent = (MissingAuthorizationError, UnsupportedTokenTypeError)
            if self._optional and isinstance(error, unsent):
                return None
            answer = self._protector.create_error_response(request, error)
            raise OAuthError(error, answer) from error

    # The framework declares an attribute; this is read when OpenAPI is asked for.
    @property
    def openapi_security_schema(self) -> SecuritySchema:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        """What OpenAPI says of it: the flows and scopes of the server, where it is known."""
        server = self._protector.issuing_server
        if server is None:
            return SecuritySchema("http", scheme="bearer")
        return SecuritySchema("oauth2", flows=_flows(server))


def _flows(server: AuthorizationServer) -> Mapping[str, Mapping[str, Any]]:
    served, described = server.served, server.settings.scopes
    scopes = {scope: described.get(scope, "") for scope in served.scopes}
    told: dict[str, Any] = {"tokenUrl": _endpoint(server, "token"), "scopes": scopes}
    flows: dict[str, Mapping[str, Any]] = {}
    if "authorization_code" in served.grant_types:
        authorize = _endpoint(server, "authorize")
        flows["authorizationCode"] = {"authorizationUrl": authorize, **told}
    if "client_credentials" in served.grant_types:
        flows["clientCredentials"] = told
    if "password" in served.grant_types:
        flows["password"] = told
    return flows


def _endpoint(server: AuthorizationServer, name: str) -> str:
    """Return an endpoint's URL, without a host where no issuer tells it."""
    issuer = server.known_issuer
    host = "" if issuer is None else "{0.scheme}://{0.netloc}".format(urlsplit(issuer))
    return f"{host}{endpoint_prefix(issuer)}/{name}"
