"""The documentation's server, its endpoints, and a protected view."""

from __future__ import annotations

from typing import Any

from authlib.integrations.django_oauth2 import (
    AuthorizationServer,
    BearerTokenValidator,
    ResourceProtector,
)
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ..setting import SCOPE
from .models import OAuth2Client, OAuth2Token

__all__ = ["urlpatterns"]


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # of Authlib, untyped
    """The documentation's endpoint, for a client that asks of its own tokens."""

    def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
        """Return the token, or None."""
        return OAuth2Token.objects.filter(access_token=token_string).first()

    def check_permission(self, token: OAuth2Token, client: OAuth2Client, request: object) -> bool:
        """Tell whether the client may know."""
        return token.check_client(client)

    def introspect_token(self, token: OAuth2Token) -> dict[str, Any]:
        """Return the claims of an active token."""
        return {
            "active": True,
            "client_id": token.client_id,
            "token_type": token.token_type,
            "scope": token.get_scope(),
            "sub": token.user_id,
            "aud": token.client_id,
            "iss": "https://server.example.com/",
            "exp": token.get_expires_at(),
            "iat": token.issued_at,
        }


server = AuthorizationServer(OAuth2Client, OAuth2Token)
server.register_grant(grants.ClientCredentialsGrant)
server.register_endpoint(Introspection)
require_oauth = ResourceProtector()
require_oauth.register_token_validator(BearerTokenValidator(OAuth2Token))


@csrf_exempt
@require_http_methods(["POST"])
def issue_token(request: HttpRequest) -> HttpResponse:
    """Answer at the token endpoint."""
    response: HttpResponse = server.create_token_response(request)
    return response


@csrf_exempt
@require_http_methods(["POST"])
def introspect_token(request: HttpRequest) -> HttpResponse:
    """Answer at the introspection endpoint."""
    response: HttpResponse = server.create_endpoint_response(Introspection.ENDPOINT_NAME, request)
    return response


@require_oauth(SCOPE)
def me(request: Any) -> JsonResponse:
    """Tell of the token."""
    token = request.oauth_token
    return JsonResponse({"client_id": token.client_id, "scope": token.get_scope()})


urlpatterns = [
    path("oauth/token", issue_token),
    path("oauth/introspect", introspect_token),
    path("api/me", me),
]
