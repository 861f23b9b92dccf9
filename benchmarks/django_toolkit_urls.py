"""Where django-oauth-toolkit's views lie: as on the other sides."""

from __future__ import annotations

from django.urls import path
from oauth2_provider import views

__all__ = ["urlpatterns"]

urlpatterns = [
    path("oauth/token", views.TokenView.as_view()),
    path("oauth/introspect", views.IntrospectTokenView.as_view()),
]
