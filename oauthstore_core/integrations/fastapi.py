"""The authorization server inside of a FastAPI application, and protected routes.

::

    oauth = AuthorizationServer(
        store="sqlite:///oauth.db",
        secret_keys=[...],
        user_id=lambda request: request.session.get("user_id"),
        login_url="/login",
    )
    app = FastAPI(lifespan=oauth.lifespan)
    app.mount("/oauth", oauth)
    app.include_router(oauth.well_known)

    @app.get("/me")
    def me(token: Annotated[Token, Depends(oauth.require("profile"))]): ...
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import Any

from ..oauth2.resource import Scopes

try:
    from fastapi import APIRouter, Request, Security
    from fastapi.openapi.models import OAuth2 as OAuth2Model
    from fastapi.openapi.models import (
        OAuthFlowAuthorizationCode,
        OAuthFlowClientCredentials,
        OAuthFlows,
    )
    from fastapi.security import HTTPBearer, OAuth2

    from . import starlette as plain
except ModuleNotFoundError as error:
    if (error.name or "").partition(".")[0] != "fastapi":
        raise
    raise ImportError(
        f"{__name__} needs fastapi, which is not installed. "
        "Install it: pip install 'oauthstore-core[fastapi]'"
    ) from error

from .starlette import Token, UserId, answer_error

__all__ = [
    "AuthorizationServer",
    "OAuthError",
    "ResourceProtector",
    "Token",
    "UserId",
    "answer_error",
]


class OAuthError(plain.OAuthError):
    """A request to a protected route is refused as RFC 6750 section 3 wants it.

    FastAPI answers it by itself, with status and headers, and the body as
    ``{"detail": {"error": ...}}``. For RFC 6749's body alone:
    ``app.add_exception_handler(OAuthError, answer_error)``.
    """

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(status, body, headers)
        self.detail: Any = body


class AuthorizationServer(plain.AuthorizationServer):
    """The server to mount in FastAPI, with dependencies that protect its routes."""

    error_class = OAuthError

    @property
    def well_known(self) -> APIRouter:
        """The route of the metadata, which lies at the root of the host (RFC 8414 section 3)."""
        return APIRouter(routes=[self._well_known_route()])

    def require(self, scopes: Scopes = None) -> Callable[..., Awaitable[Token]]:
        """Return a dependency that gives the request's valid access token.

        `scopes` are as in `validate`; OpenAPI shows them. The same ones are the
        same dependency, which FastAPI asks once a request. `OAuthError`: the
        answer to a request without such a token (RFC 6750 section 3).
        """
        key: object = scopes
        if not (scopes is None or isinstance(scopes, str) or callable(scopes)):
            key = tuple(scopes)
        return self._dependencies.setdefault(key, self._depend_on(scopes))

    @cached_property
    def _dependencies(self) -> dict[object, Callable[..., Awaitable[Token]]]:
        return {}

    def _depend_on(self, scopes: Scopes) -> Callable[..., Awaitable[Token]]:
        scheme = Security(_Scheme(self), scopes=_shown(scopes))

        async def token(request: Request, _: None = scheme) -> Token:
            return await self.validate(request, scopes)

        return token

    def endpoint(self, name: str) -> str:
        """Return an endpoint's URL, as far as it is known before the first request."""
        issuer = self.settings.issuer
        if issuer is None:
            return f"{self._mount_path or ''}/{name}"
        return f"{issuer.rstrip('/')}/{name}"


class ResourceProtector(plain.ResourceProtector):
    """Protects routes of an application that is no authorization server itself.

    ::

        protector = ResourceProtector(IntrospectionTokenValidator(...))

        @app.get("/me")
        def me(token: Annotated[IntrospectedToken, Depends(protector.require("profile"))]): ...
    """

    error_class = OAuthError

    def require(self, scopes: Scopes = None) -> Callable[..., Awaitable[Any]]:
        """Return a dependency that gives what the validator knows of the request's token.

        `scopes` are as in `AuthorizationServer.require`. `OAuthError`: the
        answer to a request without a valid token, or 503 where nobody can tell.
        """
        scheme = Security(HTTPBearer(auto_error=False, scheme_name="Bearer"))

        async def token(request: Request, _: Any = scheme) -> Any:
            return await self.validate(request, scopes)

        return token


class _Scheme(OAuth2):
    """What OpenAPI says of the server; nothing is checked here."""

    def __init__(self, oauth: AuthorizationServer) -> None:
        # Not the parent's, which would set what is a property here.
        self._oauth = oauth
        self.scheme_name = "OAuth2"

    async def __call__(self) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        """Do nothing."""

    # FastAPI declares an attribute; this is read when OpenAPI is asked for, and where the server is
    # mounted is known by then.
    @property
    def model(self) -> OAuth2Model:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        """The flows that the settings have."""
        settings, flows = self._oauth.settings, OAuthFlows()
        token, scopes = self._oauth.endpoint("token"), dict(settings.scopes)
        if "authorization_code" in settings.grants:
            flows.authorizationCode = OAuthFlowAuthorizationCode(
                authorizationUrl=self._oauth.endpoint("authorize"), tokenUrl=token, scopes=scopes
            )
        if "client_credentials" in settings.grants:
            flows.clientCredentials = OAuthFlowClientCredentials(tokenUrl=token, scopes=scopes)
        return OAuth2Model(flows=flows)


def _shown(scopes: Scopes) -> list[str]:
    """Return the single scopes; what a function wants is not known."""
    if scopes is None or callable(scopes):
        return []
    texts = [scopes] if isinstance(scopes, str) else scopes
    return [word for text in texts for word in text.split()]
