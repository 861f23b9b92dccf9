"""The Django project of the tests, in this process and in the others that the kit starts.

Each test has a database of its own, under an alias of its own. The store's address
is pickled, so the database's settings travel in its options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.db import connections

import oauthstore_django
from oauthstore_core.backends import Backend

__all__ = ["alias_of", "cache_alias_of", "cache_plugin", "plugin"]

if not settings.configured:
    settings.configure(
        # Nobody's here: every test has a database of its own. Other tests that need Django find
        # one that all threads share.
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "file:people?mode=memory&cache=shared",
            }
        },
        INSTALLED_APPS=["oauthstore_django"],
        SECRET_KEY="of the tests",
        USE_TZ=True,
    )
if not apps.ready:
    django.setup()


def alias_of(database: Mapping[str, Any]) -> str:
    """Return the alias under which DATABASES has this database from now on."""
    alias = _name(database)
    if alias not in connections.settings:
        # What the kit opens lives as long as its case, not as long as a request.
        given = {"CONN_MAX_AGE": None, **database}
        connections.settings[alias] = connections.configure_settings({"default": {}, alias: given})[
            alias
        ]
    return alias


def cache_alias_of(cache: Mapping[str, Any]) -> str:
    """Return the alias under which CACHES has this cache from now on."""
    alias = _name(cache)
    caches.settings.setdefault(alias, dict(cache))
    return alias


def _name(described: Mapping[str, Any]) -> str:
    return sha256(repr(sorted(described.items())).encode()).hexdigest()[:16]


def open_database(url: str, options: Mapping[str, Any]) -> Backend:
    """Open the database that stands in the options."""
    given = dict(options)
    alias = alias_of(given.pop("database"))
    return oauthstore_django.plugin.open(f"django://{alias}", given)


def open_cache(url: str, options: Mapping[str, Any]) -> Backend:
    """Open the cache that stands in the options."""
    given = dict(options)
    alias = cache_alias_of(given.pop("cache"))
    return oauthstore_django.cache_plugin.open(f"django-cache://{alias}", given)


plugin = replace(oauthstore_django.plugin, open=open_database)
cache_plugin = replace(oauthstore_django.cache_plugin, open=open_cache)
