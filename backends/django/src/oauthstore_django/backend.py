"""The open store: five roles in one database, and what an operator does with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django

from oauthstore_core._version import __version__
from oauthstore_core.backends import Capabilities
from oauthstore_core.errors import SchemaError

from .accounts import DjangoAccounts
from .clients import DjangoClients
from .credentials import DjangoCredentials
from .nonces import DjangoNonces
from .options import Options
from .schema import HEAD, Schema
from .store import open_store
from .tokens import DjangoTokens

__all__ = ["DjangoBackend"]


class DjangoBackend:
    """All five roles in the database of an alias."""

    capabilities = Capabilities(
        durable=True, shared=True, atomic="store", redeems=True, blocking=True
    )

    def __init__(self, alias: str, options: Options) -> None:
        """Open the store, without connecting."""
        self._alias = alias
        self._store = store = open_store(alias, options)
        self._schema = Schema(store)
        self.clients = DjangoClients(store)
        self.tokens = DjangoTokens(store, options.access_tokens_per_grant)
        self.credentials = DjangoCredentials(store)
        self.nonces = DjangoNonces(store)
        self.accounts = DjangoAccounts(store)

    def migrate(self) -> None:
        """Create the tables or bring them up to date, as `manage.py migrate` does."""
        self._schema.migrate()

    def ping(self) -> None:
        """Return if the database answers and has the schema that this version knows."""
        current = self._schema.check(self._schema.current())
        if current != HEAD:
            raise SchemaError(
                f"The schema of {self._store.engine.where} was asked for: it is at "
                f"{current or 'none'}, and this version of oauthstore-django needs {HEAD}. "
                "Run `manage.py migrate` or `oauthstore migrate`."
            )

    def describe(self) -> Mapping[str, Any]:
        """Return what an operator may want to know."""
        current = self._schema.current()
        return {
            "backend": "django",
            "version": __version__,
            "url": f"django://{self._alias}",
            "django": django.get_version(),
            "schema": {"current": current, "head": HEAD},
            "durable": self.capabilities.durable,
            "shared": self.capabilities.shared,
            **self._store.facts(),
        }

    def close(self) -> None:
        """Close the store's connections; the application's stay as they are."""
        self._store.close()
