"""The URLs of the app, and a protected view."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from django.urls import include, path

from oauthstore_core.integrations.django_oauth2 import ResourceProtector

from ..setting import SCOPE

__all__ = ["urlpatterns"]

require_oauth = ResourceProtector()


@require_oauth(SCOPE)
def me(request: Any) -> JsonResponse:
    """Tell of the token."""
    token = request.oauth_token
    return JsonResponse({"client_id": token.client_id, "scope": token.get_scope()})


urlpatterns = [path("", include("oauthstore_core.integrations.django.urls")), path("api/me", me)]
