"""What the entry point names. Models can be imported only once Django has its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import django
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from oauthstore_core.backends import Backend, BackendPlugin, Capabilities
from oauthstore_core.errors import ConfigurationError

from .options import read_options

__all__ = ["cache_plugin", "open_cache", "open_database", "plugin"]


def open_database(url: str, options: Mapping[str, Any]) -> Backend:
    """Open the store in the database whose alias the URL names, without connecting."""
    alias = _alias_of(url, "DATABASES")
    read = read_options(options)
    _set_up(url)
    if not apps.is_installed("oauthstore_django"):
        raise ConfigurationError(
            f"The store {url} was to be opened, but its app is not installed in Django. "
            'Add "oauthstore_django" to INSTALLED_APPS.'
        )
    from .backend import DjangoBackend  # noqa: PLC0415 - models need Django's settings

    return DjangoBackend(alias, read)


def open_cache(url: str, options: Mapping[str, Any]) -> Backend:
    """Open the store in the cache whose alias the URL names, without connecting."""
    alias = _alias_of(url, "CACHES")
    unknown = sorted(set(options) - {"on_io"})
    if unknown:
        raise ConfigurationError(
            f"The store {url} was opened with the option {unknown[0]!r}, but a cache takes none. "
            "Take it out; all else is in CACHES."
        )
    _set_up(url)
    from .cache import DjangoCache  # noqa: PLC0415 - the database needs no cache's driver

    return DjangoCache(alias, options.get("on_io"))


def _alias_of(url: str, setting: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.port or parts.path or parts.query or not parts.netloc:
        raise ConfigurationError(
            f"A store was to be opened by a URL of {parts.scheme}://, but more or less stands in "
            f"it than an alias of {setting}. Write {parts.scheme}://default; all else is in "
            "Django's settings."
        )
    return parts.netloc


def _set_up(url: str) -> None:
    """Let Django load its apps, unless it has done so."""
    if not apps.models_ready:
        if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
            raise ConfigurationError(
                f"The store {url} was to be opened, but Django has no settings. Set "
                "DJANGO_SETTINGS_MODULE to the project's, such as mysite.settings."
            )
        if apps.loading:
            raise ConfigurationError(
                f"The store {url} was to be opened while Django imports its apps and models. Open "
                "it later: in AppConfig.ready, or at the first request."
            )
        failure = ""
        try:
            django.setup()
        except (ImportError, ImproperlyConfigured) as error:
            failure = str(error)
        if failure:
            raise ConfigurationError(
                f"The store {url} was to be opened, but Django cannot be set up: {failure}. "
                "Correct DJANGO_SETTINGS_MODULE, or run this beside manage.py, with PYTHONPATH=."
            )


plugin = BackendPlugin(
    name="django",
    roles=("clients", "tokens", "credentials", "nonces", "accounts"),
    capabilities=Capabilities(
        durable=True, shared=True, atomic="store", redeems=True, blocking=True
    ),
    open=open_database,
)

#: For the nonces alone: a credential is decided, polled and claimed, for which no cache of Django's
#: has a step that compares.
cache_plugin = BackendPlugin(
    name="django-cache",
    roles=("nonces",),
    capabilities=Capabilities(shared=True, atomic="store", native_ttl=True, blocking=True),
    open=open_cache,
)
