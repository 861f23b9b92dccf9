"""Databases of the PostgreSQL server that the tests of `oauthstore-sqla` use."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django_project import plugin
from sqlalchemy import make_url

from backends.sqla.tests.servers import PostgreSQL
from oauthstore_core.testing.suite import StoreAddress

__all__ = ["PLUGIN", "Databases", "options_of"]

PLUGIN = "django_project:plugin"


class Databases:
    """Databases of one server, each with the store's tables or without."""

    def __init__(self, server: PostgreSQL) -> None:
        self.server = server

    @cached_property
    def _template(self) -> str:
        """A database to copy: quicker than to migrate."""
        url = self.server.create()
        backend = plugin.open("django://kit", options_of(url))
        backend.migrate()
        backend.close()
        return url

    def create_migrated(self) -> str:
        return self.server._create(f"TEMPLATE {make_url(self._template).database}")

    def address(self, url: str, another: StoreAddress | None = None) -> StoreAddress:
        return StoreAddress(PLUGIN, "django://kit", options_of(url), on_io=True, another=another)

    def close(self) -> None:
        if "_template" in vars(self):
            self.server.drop(self._template)


def options_of(url: str) -> dict[str, Any]:
    """Return the options of the tests' plugin for the database of that URL."""
    parsed = make_url(url)
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parsed.database,
        "USER": parsed.username or "",
        "PASSWORD": str(parsed.password or ""),
        "HOST": parsed.host or "",
        "PORT": str(parsed.port or ""),
    }
    return {"database": database}
