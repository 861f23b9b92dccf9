"""The schema's history: Django's migrations, run by `manage.py migrate` or by the store itself."""

from __future__ import annotations

import threading
from typing import Final

from django.db import transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from oauthstore_core.errors import ConfigurationError, SchemaError

from .connections import OwnConnection, known_by_its_alias
from .errors import MissingSchemaError
from .models import Client
from .statements import stored
from .store import Store

__all__ = ["APP", "HEAD", "MIGRATIONS", "Schema"]

APP: Final = "oauthstore_django"
#: Every migration that this version knows, the newest last; as in the folder `migrations`.
MIGRATIONS: Final = ("0001_initial",)
HEAD: Final = MIGRATIONS[-1]

#: Django renders models as it migrates: one at a time.
_RENDERING: Final = threading.Lock()


class Schema:
    """What the tables of a store are at."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._where = store.engine.where

    def current(self) -> str | None:
        """Return the newest migration that was applied, None before the first."""
        if _disabled():
            return HEAD if self._has_tables() else None
        return max(self._applied(), default=None)

    def _applied(self) -> set[str]:
        def query(lent: OwnConnection) -> set[str]:
            recorded = MigrationRecorder.Migration.objects.using(lent.alias).filter(app=APP)
            return set(recorded.values_list("name", flat=True))

        try:
            return self._store.read(query)
        except MissingSchemaError:
            return set()

    def _has_tables(self) -> bool:
        try:
            self._store.read(lambda lent: stored(Client, lent).exists())
        except MissingSchemaError:
            return False
        return True

    def check(self, current: str | None) -> str | None:
        """Return what the tables are at, unless this version does not know it."""
        if current is None or current in MIGRATIONS:
            return current
        raise SchemaError(
            f"The schema of {self._where} was asked for: it is at {current!r}, which is newer "
            f"than {HEAD}, the newest that this version of oauthstore-django knows. "
            "Install the newer version again: pip install --upgrade oauthstore-django."
        )

    def migrate(self) -> None:
        """Apply what is missing; any number may do so at once."""
        if self.check(self.current()) == HEAD:
            return
        if _disabled():
            raise ConfigurationError(
                f"{self._where} was to be migrated, but MIGRATION_MODULES turns the migrations of "
                f"{APP} off. Take it out there, or run `manage.py migrate --run-syncdb`."
            )
        with _RENDERING:
            self._store.persist(self._migrate)
        if not self._has_tables():
            raise ConfigurationError(
                f"{self._where} was migrated, but DATABASE_ROUTERS keep the tables of {APP} out of "
                "it. Let them allow the app there, or name another alias in the store's URL."
            )

    def _migrate(self) -> None:
        engine = self._store.engine
        # By the application's own alias, which its routers know.
        connection = engine.connect(engine.alias)
        try:
            # SQLite's schema cannot be changed otherwise, nor is this to be within a transaction.
            connection.disable_constraint_checking()
            with known_by_its_alias(connection), transaction.atomic(using=engine.alias):
                engine.keep_migrations_out(connection)
                MigrationExecutor(connection).migrate([(APP, HEAD)])
        finally:
            connection.discard()


def _disabled() -> bool:
    """Tell whether the project has no migrations of this app, such as in its tests."""
    return MigrationLoader.migrations_module(APP)[0] is None
