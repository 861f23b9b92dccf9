"""Where django-oauth-toolkit's views lie, and a view that it protects: as on the other sides."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.urls import path
from oauth2_provider import views
from oauth2_provider.oauth2_backends import get_oauthlib_core

from .setting import SCOPE

__all__ = ["urlpatterns"]


def me(request: HttpRequest) -> HttpResponse:
    """Tell of the token; its decorator does the same, and hands over nothing but the user."""
    valid, found = get_oauthlib_core().verify_request(request, scopes=[SCOPE])
    if not valid:
        return HttpResponseForbidden()
    return JsonResponse({"client_id": found.client.client_id, "scope": found.access_token.scope})


urlpatterns = [
    path("oauth/token", views.TokenView.as_view()),
    path("oauth/introspect", views.IntrospectTokenView.as_view()),
    path("api/me", me),
]
