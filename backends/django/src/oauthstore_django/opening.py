"""What the entry point names. Models can be imported only once Django has its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import django
from django.apps import apps
from django.conf import settings

from oauthstore_core.backends import Backend, BackendPlugin, Capabilities
from oauthstore_core.errors import ConfigurationError

from .options import read_options

__all__ = ["open_database", "plugin"]


def open_database(url: str, options: Mapping[str, Any]) -> Backend:
    """Open the store in the database whose alias the URL names, without connecting."""
    alias = _alias_of(url)
    read = read_options(options)
    _set_up(url)
    from .backend import DjangoBackend  # noqa: PLC0415 - models need Django's settings

    return DjangoBackend(alias, read)


def _alias_of(url: str) -> str:
    parts = urlsplit(url)
    if parts.username or parts.port or parts.path or parts.query or not parts.netloc:
        raise ConfigurationError(
            "A store was to be opened by a URL of django://, but more or less stands in it than an "
            "alias of DATABASES. Write django://default; all else is in Django's settings."
        )
    return parts.netloc


def _set_up(url: str) -> None:
    """Let Django load its apps, unless it has done so, and look for ours."""
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
        django.setup()
    if not apps.is_installed("oauthstore_django"):
        raise ConfigurationError(
            f"The store {url} was to be opened, but its app is not installed in Django. "
            'Add "oauthstore_django" to INSTALLED_APPS.'
        )


plugin = BackendPlugin(
    name="django",
    roles=("clients", "tokens", "credentials", "nonces", "accounts"),
    capabilities=Capabilities(
        durable=True, shared=True, atomic="store", redeems=True, blocking=True
    ),
    open=open_database,
)
