"""The Django project of the tests: its settings, its people, and its database in memory.

The process may have another one already, of a backend's tests: then ours is added.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import django
from django.apps import AppConfig
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings

__all__ = ["URLS", "create_table", "project_settings", "route_by_request"]

#: Where a request says by which URLs it is to be routed.
URLS = "tests.urls"


class _People(AppConfig):
    name = label = "people"
    path = "/nowhere"

    def import_models(self) -> None:
        """Make the model: Django asks for AUTH_USER_MODEL right behind this."""
        super().import_models()
        from .people import person_model  # noqa: PLC0415 - models can be imported only now

        person_model()


def route_by_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:  # noqa: ANN401
    """Let a request bring the URLs of its site: a middleware."""

    def respond(request: HttpRequest) -> HttpResponse:
        if URLS in request.META:
            request.urlconf = request.META[URLS]  # type: ignore[assignment]  # a module will do
        return get_response(request)

    return respond


def project_settings() -> dict[str, Any]:
    """Return what the project sets."""
    return {
        "ALLOWED_HOSTS": ["*"],
        "AUTH_USER_MODEL": "people.Person",
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "file:people?mode=memory&cache=shared",
            }
        },
        "INSTALLED_APPS": [
            "django.contrib.contenttypes",
            "django.contrib.auth",
            # Where its tests come later in this process, they find it.
            *(["oauthstore_django"] if find_spec("oauthstore_django") else []),
            "oauthstore_core.integrations.django",
            _People("people", ModuleType("people")),
        ],
        "MIDDLEWARE": [
            f"{__name__}.route_by_request",
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        # Their tables are made without.
        "MIGRATION_MODULES": {"people": None, "your_project": None},
        "ROOT_URLCONF": ModuleType("no_urls"),
        "SECRET_KEY": "s" * 60,
        # No table, and what is in it is nobody's but the browser's.
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "TEMPLATES": [
            {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}
        ],
        "USE_TZ": True,
    }


def _set_up() -> None:
    given = project_settings()
    if not settings.configured:
        settings.configure(**given)
        django.setup()
    else:
        given.pop("DATABASES")
        override_settings(**given).enable()


_set_up()


def create_table(model: Any) -> None:  # noqa: ANN401 - a class that is made at run time
    """Create the table of a model, unless it is there."""
    if model._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(model)
