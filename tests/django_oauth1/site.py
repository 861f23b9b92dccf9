"""A Django project with the app's endpoints of OAuth 1 on a store, and all that is done with it."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path

from oauthstore_core.integrations import django_oauth2
from oauthstore_core.integrations.django.routes import create_routes
from oauthstore_core.integrations.django_oauth1 import AuthorizationServer, ResourceProtector
from oauthstore_core.testing.clock import FakeClock

from ..flask_oauth1.site import NOW
from ..flask_oauth1.site import Site as FlaskSite
from ..integrations.django_oauth2.browser import Browser
from ..integrations.django_oauth2.people import find_person
from ..integrations.django_oauth2.site import sign_in

__all__ = ["Site", "make_site"]


def make_site(**options: Any) -> Site:
    """Return a project with all endpoints and a protected view, on memory unless said."""
    given = {"store": "memory://", "oauth1": {"enabled": True}, **options}
    return Site(AuthorizationServer(options=given, clock=FakeClock(NOW)), given)


class Site(FlaskSite):
    """The project, and all that its clients and alice do with it, as at a Flask application."""

    prefix = "/oauth/oauth1"

    def __init__(self, server: AuthorizationServer, given: dict[str, Any], **options: Any) -> None:
        self.server = server  # type: ignore[assignment]  # with the same methods
        beside = django_oauth2.AuthorizationServer(options=given)
        self.urls = ModuleType("urls")
        self.urls.urlpatterns = [  # type: ignore[attr-defined]
            path("", include((create_routes(beside, server), "oauthstore"))),
            path("login/<name>", sign_in),
            path("me", ResourceProtector(server)(_tell)),
        ]
        self._options = options
        self.app = SimpleNamespace(test_client=self._open)  # type: ignore[assignment]  # the same
        find_person("alice")

    def _open(self) -> Browser:
        return Browser(self.urls, **self._options)


def _tell(request: HttpRequest) -> HttpResponse:
    credential: Any = request.oauth1_credential  # type: ignore[attr-defined]  # as Authlib's
    return JsonResponse({"sub": credential.subject, "client": credential.client_id})
