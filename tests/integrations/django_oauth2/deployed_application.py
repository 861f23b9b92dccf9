"""A project as it is deployed: Django's users and sessions, our URLs, and views of its own.

All that a test chooses stands in one variable of the environment, see `describe`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse

from .own_application import database_settings

__all__ = ["create_app", "create_asgi_app", "describe", "fill"]

_VARIABLE: Final = "OAUTHSTORE_TEST_DJANGO_PROJECT"


def describe(
    database: str,
    store: object,
    issuer: str,
    *,
    second: str | None = None,
    asks_early: bool = False,
    **options: Any,
) -> Mapping[str, str]:
    """Return the variable for URLs of the database and the store.

    `second` is another database, with the alias "second". `asks_early`: the store
    is asked as soon as the project is loaded. The options are what DATABASES says
    of each besides.
    """
    told = {
        "databases": {"default": database, **({"second": second} if second else {})},
        "store": store,
        "issuer": issuer,
        "asks_early": asks_early,
        "options": options,
    }
    return {_VARIABLE: json.dumps(told)}


def _set_up() -> None:
    told = json.loads(os.environ[_VARIABLE])
    databases = {
        alias: {**database_settings(url), **told["options"]}
        for alias, url in told["databases"].items()
    }
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES=databases,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "oauthstore_core.integrations.django",
            "oauthstore_django",
        ],
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "root": {"handlers": ["console"]},
        },
        LOGIN_URL="/login",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        OAUTHSTORE={
            "stores": {"default": told["store"]},
            "issuer": told["issuer"],
            "scopes": {"profile": "See your name"},
        },
        ROOT_URLCONF=(urls := ModuleType("urls")),
        SECRET_KEY="s" * 40,
        TEMPLATES=[
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        USE_TZ=True,
    )
    django.setup()
    urls.urlpatterns = _create_urls()  # type: ignore[attr-defined]
    if told["asks_early"]:
        _ask()


def _ask() -> None:
    from oauthstore_core.integrations.django_oauth2 import default_server  # noqa: PLC0415 - it asks for Django's settings

    assert default_server().query_client_anew("c1") is not None


def create_app() -> Any:  # noqa: ANN401 - a WSGI application
    """Return the application for WSGI, once in a process."""
    _set_up()
    return get_wsgi_application()


def create_asgi_app() -> Any:  # noqa: ANN401 - an ASGI application
    """Return the application for ASGI, once in a process."""
    _set_up()
    return get_asgi_application()


def _create_urls() -> list[Any]:
    # Django has its settings only now.
    from django.contrib.auth import login  # noqa: PLC0415
    from django.contrib.auth.models import Group, User  # noqa: PLC0415
    from django.db import transaction  # noqa: PLC0415
    from django.urls import include, path  # noqa: PLC0415
    from django.views.decorators.csrf import csrf_exempt  # noqa: PLC0415

    from oauthstore_core.integrations.django_oauth2 import (  # noqa: PLC0415
        ResourceProtector,
        default_server,
    )

    require_oauth = ResourceProtector()

    def sign_in(request: HttpRequest) -> HttpResponse:
        login(request, User.objects.get(username="alice"))
        return HttpResponse()

    def own(answer: Callable[[HttpRequest], HttpResponse]) -> Any:  # noqa: ANN401
        """Return the project's own view, which writes before, or takes all back behind it."""

        def view(request: HttpRequest) -> HttpResponse:
            if "X-Write" in request.headers:
                Group.objects.create(name=request.headers["X-Write"])
            response = answer(request)
            if "X-Roll-Back" in request.headers:
                transaction.set_rollback(True)
            return response

        return csrf_exempt(view)

    def tell(request: HttpRequest) -> HttpResponse:
        token = request.oauth_token  # type: ignore[attr-defined]  # of ours
        return JsonResponse({"sub": token.subject, "name": token.user.username})

    async def tell_later(request: HttpRequest) -> HttpResponse:
        return JsonResponse({"sub": request.oauth_token.subject})  # type: ignore[attr-defined]

    server = default_server()
    revoke = lambda request: server.create_endpoint_response("revocation", request)  # noqa: E731
    return [
        path("", include("oauthstore_core.integrations.django.urls")),
        path("login", sign_in),
        path("own/token", own(server.create_token_response)),
        path("own/revoke", own(revoke)),
        path("me", require_oauth("profile")(tell)),
        path("later", require_oauth("profile")(tell_later)),
    ]


def fill() -> None:
    """Create all tables and alice, and register a client."""
    _set_up()
    from django.contrib.auth.models import User  # noqa: PLC0415 - Django has its settings only now
    from django.core.management import call_command  # noqa: PLC0415

    from oauthstore_core.integrations.django_oauth2 import default_server  # noqa: PLC0415

    for alias in connections:
        call_command("migrate", database=alias, verbosity=0)
    User.objects.create(username="alice")
    metadata = {
        "redirect_uris": ["https://app.example.org/callback"],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scope": "profile",
    }
    server = default_server()
    server.register_client(metadata, client_id="c1", client_secret="secret")
