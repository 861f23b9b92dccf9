"""Ours: the same flows inside of Django as the documentation shows, on the defaults."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from oauthstore_core.errors import DuplicateError

from ..django_setting import set_up
from ..setting import CLIENT_ID, CLIENT_SECRET, METADATA, Setting

__all__ = ["create_app", "create_on_orm"]


def create_app() -> Any:
    """Return the WSGI application, whose store is on the database that the environment names."""
    setting = Setting.of_environment()
    return _create(setting, setting.url)


def create_on_orm() -> Any:
    """Return the same on the backend that goes through Django's ORM."""
    return _create(Setting.of_environment(), "django://default", "oauthstore_django")


def _create(setting: Setting, url: str, *apps: str) -> Any:
    store = {"url": url, "options": {"synchronous": setting.synchronous}}
    make = set_up(
        setting,
        f"{__name__}.urls",
        "oauthstore_core.integrations.django",
        *apps,
        OAUTHSTORE={"stores": {"default": store}},
    )
    from oauthstore_core.integrations.django_oauth2 import default_server  # noqa: PLC0415 - not before the set-up

    with suppress(DuplicateError):
        default_server().register_client(METADATA, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    return make()
