"""Django as all of its sides have it: on SQLite as Django recommends, nothing in debug mode."""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings

from .setting import SECRET_KEY, Setting

__all__ = ["set_up"]


def set_up(setting: Setting, urls: str, *apps: str, **further: Any) -> Any:
    """Set Django up with these apps in a database with their tables; return what makes the app."""
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": _database(setting)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", *apps],
        ROOT_URLCONF=urls,
        SECRET_KEY=SECRET_KEY,
        USE_TZ=True,
        **further,
    )
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - not before the set-up
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 - the same

    call_command("migrate", verbosity=0, run_syncdb=True)
    return get_wsgi_application


def _database(setting: Setting) -> dict[str, Any]:
    pragmas = f"PRAGMA journal_mode=WAL; PRAGMA synchronous={setting.synchronous};"
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.fspath(setting.database),
        # As Django recommends for SQLite; a connection is kept for the next request.
        "OPTIONS": {"init_command": pragmas, "transaction_mode": "IMMEDIATE"},
        "CONN_MAX_AGE": None,
    }
