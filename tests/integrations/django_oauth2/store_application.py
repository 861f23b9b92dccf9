"""A project in store mode, as several workers serve it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse

__all__ = ["Alice", "create_app", "sign_alice_in"]


class Alice:
    """Who is always signed in."""

    pk = "alice"
    is_authenticated = True

    def get_username(self) -> str:
        return self.pk


def sign_alice_in(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:  # noqa: ANN401
    """Let her be the user of every request: a middleware."""

    def respond(request: HttpRequest) -> HttpResponse:
        request.user = Alice()  # type: ignore[assignment]  # as much of a user as is asked for
        return get_response(request)

    return respond


def create_app(store: str, issuer: str = "http://127.0.0.1/oauth", reuse_grace: int = 10) -> Any:  # noqa: ANN401 - a WSGI application
    """Return the application, once in a process."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["oauthstore_core.integrations.django"],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", f"{__name__}.sign_alice_in"],
        OAUTHSTORE={
            "store": store,
            "issuer": issuer,
            "scopes": {"profile": "See your name"},
            "reuse_grace": reuse_grace,
        },
        ROOT_URLCONF=(urls := ModuleType("urls")),
        # As the Flask application of the same races has it: both may serve one store.
        SECRET_KEY="s" * 40,
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
    )
    django.setup()
    urls.urlpatterns = _create_urls()  # type: ignore[attr-defined]
    return get_wsgi_application()


def _create_urls() -> list[Any]:
    # Django has its settings only now.
    from django.urls import include, path  # noqa: PLC0415

    from oauthstore_core.integrations.django.routes import create_routes  # noqa: PLC0415
    from oauthstore_core.integrations.django_oauth2 import (  # noqa: PLC0415
        AuthorizationServer,
        ResourceProtector,
    )

    server = AuthorizationServer(load_user=lambda _: Alice())

    @ResourceProtector(server)("profile")
    def me(request: HttpRequest) -> HttpResponse:
        return JsonResponse({"sub": request.oauth_token.subject})  # type: ignore[attr-defined]

    return [path("", include((create_routes(server), "oauthstore"))), path("me", me)]
