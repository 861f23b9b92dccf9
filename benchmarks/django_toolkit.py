"""django-oauth-toolkit on SQLite, with hashed tokens.

The client's secret is in clear text: with Django's password hashes, its default,
nothing but PBKDF2 would be measured.
"""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings

from .setting import CLIENT_ID, CLIENT_SECRET, SCOPE, SECRET_KEY, Setting

__all__ = ["create_app"]


def create_app() -> Any:
    """Return the WSGI application on the database that the environment names."""
    setting = Setting.of_environment()
    settings.configure(**_settings(setting))
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - not before the set-up
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 - the same

    call_command("migrate", verbosity=0)
    _register_client()
    return get_wsgi_application()


def _settings(setting: Setting) -> dict[str, Any]:
    pragmas = f"PRAGMA journal_mode=WAL; PRAGMA synchronous={setting.synchronous};"
    return {
        "SECRET_KEY": SECRET_KEY,
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "ROOT_URLCONF": "benchmarks.django_toolkit_urls",
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "oauth2_provider",
        ],
        "DATABASES": {
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.fspath(setting.database),
                # As Django recommends for SQLite; a connection is kept for the next request.
                "OPTIONS": {"init_command": pragmas, "transaction_mode": "IMMEDIATE"},
                "CONN_MAX_AGE": None,
            }
        },
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "USE_TZ": True,
        "OAUTH2_PROVIDER": {
            "SCOPES": {SCOPE: "See your name"},
            "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
        },
    }


def _register_client() -> None:
    from oauth2_provider.models import get_application_model  # noqa: PLC0415 - not before set-up

    application = get_application_model()
    if application.objects.filter(client_id=CLIENT_ID).exists():
        return
    application.objects.create(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        hash_client_secret=False,
        client_type=application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=application.GRANT_CLIENT_CREDENTIALS,
        name="Benchmark",
    )
