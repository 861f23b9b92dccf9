"""A project as several workers serve it: OAuth 1 on a store, or on models and Django's cache."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse

from ..integrations.django_oauth2 import store_application

__all__ = ["create_app", "create_own_app", "fill"]

_METHODS = ("HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT")
_PATHS = ("photos", "p/é ü/%", "a b")


# --- on a store ---


def create_app(store: str, secret_key: str = "s" * 40) -> Any:  # noqa: ANN401 - a WSGI application
    """Return the application whose OAuth 1 is in a store, once in a process; alice is signed in."""
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["oauthstore_core.integrations.django"],
        MIDDLEWARE=[
            "django.middleware.csrf.CsrfViewMiddleware",
            f"{store_application.__name__}.sign_alice_in",
        ],
        OAUTHSTORE={
            "store": store,
            "oauth1": {"enabled": True, "signature_methods": _METHODS},
        },
        ROOT_URLCONF=(urls := ModuleType("urls")),
        SECRET_KEY=secret_key,
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

    from oauthstore_core.integrations import django_oauth2  # noqa: PLC0415
    from oauthstore_core.integrations.django.routes import create_routes  # noqa: PLC0415
    from oauthstore_core.integrations.django_oauth1 import (  # noqa: PLC0415
        AuthorizationServer,
        ResourceProtector,
    )

    server = AuthorizationServer(load_user=lambda _: store_application.Alice())
    beside = django_oauth2.AuthorizationServer(load_user=lambda _: store_application.Alice())
    protected = ResourceProtector(server)(_tell)
    return [
        path("", include((create_routes(beside, server), "oauthstore"))),
        *(path(where, protected) for where in ("me", *_PATHS)),
    ]


def _tell(request: HttpRequest) -> HttpResponse:
    credential: Any = request.oauth1_credential  # type: ignore[attr-defined]  # as Authlib's
    return JsonResponse(
        {
            "subject": credential.subject,
            "query": _foreign(request.GET),
            "form": _foreign(request.POST),
        }
    )


def _foreign(given: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - Django's QueryDict
    """Return the names and values that are not the protocol's."""
    pairs = [(name, value) for name, values in given.lists() for value in values]
    return [pair for pair in pairs if not pair[0].startswith("oauth_")]


# --- on models and a cache ---


def create_own_app(prefix: str, database: str, cache: str) -> Any:  # noqa: ANN401 - the same
    """Return the application with models in a SQLite file, and the rest in the cache at this URL.

    What it imports of Authlib's begins with `prefix`.
    """
    _configure(database, cache)
    # Django has its settings only now.
    from .own_models import own_models  # noqa: PLC0415
    from .worlds import DjangoWorld  # noqa: PLC0415

    module, models = import_module(f"{prefix}.django_oauth1"), own_models()
    server = module.CacheAuthorizationServer(models.Client, models.Token)
    protector = module.ResourceProtector(models.Client, models.Token)
    settings.ROOT_URLCONF = DjangoWorld("cache, models", server, protector, models).urls
    return get_wsgi_application()


def fill(database: str) -> None:
    """Make the file with its clients and users, in a process of its own."""
    _configure(database, "")
    from ..flask_oauth1.own_application import CALLBACK, SECRET  # noqa: PLC0415
    from .own_models import fill as fill_tables  # noqa: PLC0415

    fill_tables(SECRET, "", CALLBACK)


def _configure(database: str, cache: str) -> None:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        CACHES={"default": _describe_cache(cache)},
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(database)),
                # As every guide to SQLite under several workers has it.
                "OPTIONS": {
                    "timeout": 30,
                    "transaction_mode": "IMMEDIATE",
                    "init_command": "PRAGMA journal_mode=WAL",
                },
            }
        },
    )
    django.setup()
    # The apps of all tests' project, which is set up beside these.
    import_module("tests.integrations.django_oauth2.project")


def _describe_cache(url: str) -> Mapping[str, Any]:
    backends = "django.core.cache.backends"
    if not url:
        return {"BACKEND": f"{backends}.dummy.DummyCache"}
    return {"BACKEND": f"{backends}.redis.RedisCache", "LOCATION": url}
