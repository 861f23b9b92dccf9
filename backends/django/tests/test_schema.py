"""Tables come from the migrations that are shipped, whoever applies them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import override_settings
from django_project import alias_of

from oauthstore_core.errors import ConfigurationError, SchemaError, StoreUnavailableError
from oauthstore_core.testing.samples import client
from oauthstore_django import migrations, plugin
from oauthstore_django.backend import DjangoBackend


@pytest.fixture
def empty(alias: str) -> Iterator[DjangoBackend]:
    """Return a store whose file has no tables."""
    backend = plugin.open(f"django://{alias}", {})
    yield backend
    backend.close()


def applied(alias: str) -> list[str]:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT name FROM django_migrations WHERE app = 'oauthstore_django'")
        return [name for (name,) in cursor.fetchall()]


def test_every_migration_is_known_and_none_is_missing() -> None:
    from oauthstore_django.schema import MIGRATIONS  # noqa: PLC0415 - models need Django

    (folder,) = migrations.__path__
    files = sorted(path.stem for path in Path(folder).glob("0*.py"))

    assert files == list(MIGRATIONS)
    call_command("makemigrations", "oauthstore_django", check=True, dry_run=True, verbosity=0)


def test_manage_py_migrate_makes_what_the_store_needs(empty: DjangoBackend, alias: str) -> None:
    with pytest.raises(SchemaError, match="is at none"):
        empty.ping()
    call_command("migrate", "oauthstore_django", database=alias, verbosity=0)

    empty.ping()
    empty.clients.save_client(client())


def test_the_stores_migration_is_the_one_of_manage_py(empty: DjangoBackend, alias: str) -> None:
    empty.migrate()
    before = applied(alias)
    call_command("migrate", "oauthstore_django", database=alias, verbosity=0)
    empty.migrate()

    assert applied(alias) == before == list(dict.fromkeys(before))
    assert empty.describe()["schema"] == {"current": before[-1], "head": before[-1]}


def test_a_verb_before_the_migration_says_what_to_run(empty: DjangoBackend) -> None:
    with pytest.raises(StoreUnavailableError, match=r"manage\.py migrate"):
        empty.clients.query_client("c")
    assert empty.describe()["schema"]["current"] is None


def test_a_store_that_is_newer_is_refused(store: DjangoBackend, alias: str) -> None:
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES"
            " ('oauthstore_django', '9999_of_tomorrow', '2026-01-01')"
        )
    connections[alias].close()

    for verb in (store.ping, store.migrate):
        with pytest.raises(SchemaError, match=r"9999_of_tomorrow.*newer"):
            verb()
    assert store.describe()["schema"]["current"] == "9999_of_tomorrow"


def test_processes_may_migrate_at_once(database: dict[str, Any], path: Path) -> None:
    code = (
        f"import sys; sys.path.append({str(Path(__file__).parent)!r})\n"
        "from django_project import plugin\n"
        f"store = plugin.open('django://x', {{'database': {database!r}}})\n"
        "store.migrate(); store.ping(); store.close()"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    processes = [subprocess.Popen(command) for _ in range(4)]  # noqa: S603 - our own

    assert [process.wait(60) for process in processes] == [0] * 4


def test_tests_without_migrations_work_on_the_tables_that_they_made(
    empty: DjangoBackend, alias: str
) -> None:
    none = {**settings.MIGRATION_MODULES, "oauthstore_django": None}
    with override_settings(MIGRATION_MODULES=none):
        with pytest.raises(ConfigurationError, match="MIGRATION_MODULES"):
            empty.migrate()
        call_command("migrate", run_syncdb=True, database=alias, verbosity=0)
        empty.migrate()
        empty.ping()

    empty.clients.save_client(client())


class Elsewhere:
    """A router that keeps the tables out of every database but one."""

    def allow_migrate(self, db: str, app_label: str, **_: object) -> bool | None:
        return db == "default" if app_label == "oauthstore_django" else None


def test_routers_that_keep_the_tables_out_are_told_of(empty: DjangoBackend) -> None:
    with (
        override_settings(DATABASE_ROUTERS=[f"{Elsewhere.__module__}.Elsewhere"]),
        pytest.raises(ConfigurationError, match="DATABASE_ROUTERS"),
    ):
        empty.migrate()


def test_routers_see_the_alias_of_the_application(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()

    def allow(self: Elsewhere, db: str, app_label: str, **_: object) -> None:
        seen.add(db)

    monkeypatch.setattr(Elsewhere, "allow_migrate", allow)
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "routed.db")}
    alias = alias_of(database)
    with (
        override_settings(DATABASE_ROUTERS=[f"{Elsewhere.__module__}.Elsewhere"]),
        closing(plugin.open(f"django://{alias}", {})) as store,
    ):
        store.migrate()

    assert seen == {alias}
